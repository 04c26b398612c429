"""From closed bar to order: a bar is decided on once, its orders pass the gate and are journaled before the send."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from tradetui.domain.actions import DeliverBar, StrategyPosition
from tradetui.domain.bar import BarSize
from tradetui.domain.clock import Now
from tradetui.domain.events import BarClosed, BarSource, SignalsProposed
from tradetui.domain.order import OrderRecord, OrderType, Purpose, Side, Signal
from tradetui.domain.records import BarConsumed
from tradetui.risk.gate import Gate
from tradetui.trading.orders import missing_fills
from tradetui.trading.out import Out
from tradetui.trading.settings import StrategySetting
from tradetui.trading.state import CoreState, StrategyFacts, Wish
from tradetui.trading.submit import submit
from tradetui.trading.wishes import carry_out, children_of, hold_back, intent_of, prices_behind

SPARK_BARS = 40


def on_bar(state: CoreState, out: Out, now: Now, event: BarClosed) -> None:
    """Hand a closed bar to the strategies that trade it; only a complete live bar may lead to an order."""
    bar = event.bar
    fault = bar.fault()
    if fault is not None:
        state.note(out, now, "ERROR", "bar", f"{bar.symbol} bar dropped: {fault}", bar.symbol)
        return
    latest = state.last_bars.get(bar.symbol)
    if latest is None or bar.end_ns >= latest.end_ns:
        state.last_bars[bar.symbol] = bar
    _chart(state, event)
    if event.source is BarSource.LIVE:
        state.counts_bars += 1
        state.bar_counts[bar.symbol] = state.bar_counts.get(bar.symbol, 0) + 1
        if not event.complete:
            text = f"{bar.symbol} bar has a gap; no decision is made on it"
            state.note(out, now, "WARNING", "bar", text, bar.symbol)
    for setting in state.settings.strategies:
        if bar.symbol in setting.symbols and event.size == setting.bar_size:
            _deliver(state, out, setting, event)


def _chart(state: CoreState, event: BarClosed) -> None:
    """Keep the closes that the screen draws: one size per symbol, the shortest there is."""
    symbol, nanos = event.bar.symbol, BarSize(event.size).nanos
    drawn = state.chart_nanos.get(symbol)
    if drawn is None or nanos < drawn:
        state.chart_nanos[symbol] = nanos
        state.closes[symbol] = deque(maxlen=SPARK_BARS)
    if nanos == state.chart_nanos[symbol]:
        state.closes[symbol].append(event.bar.close)


def _deliver(state: CoreState, out: Out, setting: StrategySetting, event: BarClosed) -> None:
    key = (setting.name, event.bar.symbol)
    facts = state.strategies[setting.name]
    decide = (
        event.source is BarSource.LIVE
        and event.complete
        and facts.state == "running"
        and event.bar.end_ns > state.consumed.get(key, 0)
    )
    if decide:
        state.pending[key] = event.bar.end_ns
    facts.last_bar_ns = max(facts.last_bar_ns or 0, event.bar.end_ns)
    position = state.ledger.position_of(setting.name, event.bar.symbol)
    working = key in state.held_back or any(
        order.intent.strategy == setting.name and order.intent.purpose is not Purpose.STOP
        for order in state.book.live(event.bar.symbol)
    )
    told = StrategyPosition(position.qty, position.avg_cost, working)
    out.then(DeliverBar(setting.name, event.bar, decide, told, state.equity()))


def on_signals(state: CoreState, out: Out, now: Now, gate: Gate, event: SignalsProposed) -> None:
    """Take a strategy's decision on one bar: consume the bar, gate each order, journal, send."""
    key = (event.strategy, event.symbol)
    facts = state.strategies.get(event.strategy)
    if facts is None or state.pending.get(key) != event.bar_end_ns:
        text = f"{event.strategy} answered for a bar it was not asked about; ignored"
        state.note(out, now, "WARNING", "strategy", text, event.symbol)
        return
    del state.pending[key]
    state.consumed[key] = event.bar_end_ns
    out.record(BarConsumed(event.strategy, event.symbol, event.bar_end_ns), durable=bool(event.signals))
    facts.decisions += 1
    size = _bar_size(state, event.strategy)
    if now.market_ns - event.bar_end_ns > 2 * BarSize(size).nanos and event.signals:
        text = f"{event.strategy} decided too late on {event.symbol}; its orders are dropped"
        state.note(out, now, "WARNING", "strategy", text, event.symbol)
        return
    for signal in event.signals:
        facts.signals += 1
        state.counts_signals += 1
        _try_signal(state, out, now, gate, event, signal, facts)


def _bar_size(state: CoreState, strategy: str) -> str:
    return next(item.bar_size for item in state.settings.strategies if item.name == strategy)


def _try_signal(
    state: CoreState, out: Out, now: Now, gate: Gate, event: SignalsProposed, signal: Signal, facts: StrategyFacts
) -> None:
    if signal.symbol not in state.instruments or signal.symbol != event.symbol:
        text = f"{event.strategy} wants {signal.symbol!r} in its answer for {event.symbol}; dropped"
        state.note(out, now, "ERROR", "strategy", text, event.symbol)
        return
    wish = Wish(event.strategy, event.bar_end_ns, signal)
    if not hold_back(state, out, now, wish) and not carry_out(state, out, now, gate, wish):
        facts.refusals += 1


def _left_over(state: CoreState, order: OrderRecord) -> float:
    """Return what is still wanted: executions that came late for orders replaced before, or are on their way, count."""
    old = order.intent
    family = [
        item
        for item in state.book.all()
        if (item.intent.strategy, item.intent.symbol, item.intent.bar_end_ns)
        == (old.strategy, old.symbol, old.bar_end_ns)
        and item.intent.leg.partition("~")[0] == old.leg.partition("~")[0]
        and item.intent.purpose is not Purpose.STOP
    ]
    done = sum(item.filled + missing_fills(state, item) for item in family)
    return max(item.qty for item in family) - done


def replace_unfilled(state: CoreState, out: Out, now: Now, gate: Gate, order: OrderRecord, *, market: bool) -> None:
    """Send what a cancelled, unfilled limit order left over as a new intent: at market, or at the current quote."""
    old = order.intent
    left = _left_over(state, order)
    if left <= 0:
        return
    quote = state.quotes.get(old.symbol)
    price = None if market or quote is None else (quote.ask if old.side is Side.BUY else quote.bid)
    attempt = int(old.leg.rpartition("~")[2]) + 1 if "~" in old.leg else 1
    leg = f"{old.leg.partition('~')[0]}~{attempt}"
    stop_loss, take_profit = prices_behind(state, old)
    signal = Signal(
        symbol=old.symbol,
        side=old.side,
        qty=left,
        order_type=old.order_type if price is not None else OrderType.MARKET,
        limit_price=price,
        tif=old.tif,
        leg=leg,
        reason=f"unfilled {old.intent_id}",
        stop_loss=stop_loss,
        take_profit=take_profit,
    )
    again = intent_of(state, now, old.strategy, old.bar_end_ns, signal)
    behind = children_of(state, again, signal) if old.purpose is Purpose.ENTRY else ()
    submit(state, out, now, gate, replace(again, purpose=old.purpose), behind)
