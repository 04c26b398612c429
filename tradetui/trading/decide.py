"""From closed bar to order: a bar is decided on once, its orders pass the gate and are journaled before the send."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from tradetui.domain.actions import DeliverBar, StrategyPosition
from tradetui.domain.bar import BarSize
from tradetui.domain.clock import Now
from tradetui.domain.events import BarClosed, BarSource, SignalsProposed
from tradetui.domain.ids import intent_id, order_ref
from tradetui.domain.instrument import Instrument, Rounding
from tradetui.domain.order import Intent, OrderRecord, Purpose, Side, Signal
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import BarConsumed, OrderSaved, RefusalSaved
from tradetui.risk.control import Refusal
from tradetui.risk.gate import Gate
from tradetui.trading.exposure import view_for
from tradetui.trading.orders import missing_fills
from tradetui.trading.out import Out
from tradetui.trading.sent import SentOrder
from tradetui.trading.settings import StrategySetting
from tradetui.trading.state import CoreState, StrategyFacts

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
    working = any(order.intent.strategy == setting.name for order in state.book.live(event.bar.symbol))
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
    instrument = state.settings.instruments.get(signal.symbol)
    if instrument is None or signal.symbol != event.symbol:
        text = f"{event.strategy} wants {signal.symbol!r} in its answer for {event.symbol}; dropped"
        state.note(out, now, "ERROR", "strategy", text, event.symbol)
        return
    intent = intent_of(state, now, event.strategy, event.bar_end_ns, signal, instrument)
    if not submit(state, out, now, gate, intent):
        facts.refusals += 1


def intent_of(
    state: CoreState, now: Now, strategy: str, bar_end_ns: int, signal: Signal, instrument: Instrument
) -> Intent:
    """Return the order that a signal asks for: prices on the tick on the passive side, quantity in whole lots."""
    held = state.ledger.position_of(strategy, signal.symbol).qty
    # The account decides what is an exit, too: a strategy that sold what others held is short in its own book only.
    account = state.ledger.position(signal.symbol).qty
    reduces = held * signal.side.sign < 0 and account * signal.side.sign < 0 and signal.qty <= abs(held) + 1e-9
    passive = Rounding.DOWN if signal.side is Side.BUY else Rounding.UP
    return Intent(
        intent_id=intent_id(strategy, signal.symbol, bar_end_ns, signal.leg),
        strategy=strategy,
        symbol=signal.symbol,
        side=signal.side,
        qty=_sound(signal.qty, instrument),
        purpose=Purpose.EXIT if reduces else Purpose.ENTRY,
        order_type=signal.order_type,
        tif=signal.tif,
        limit_price=_on_tick(signal.limit_price, instrument, passive),
        stop_price=_on_tick(signal.stop_price, instrument, Rounding.NEAREST),
        outside_rth=signal.outside_rth or state.settings.execution.outside_rth,
        bar_end_ns=bar_end_ns,
        leg=signal.leg,
        reason=signal.reason,
        decided_ns=now.market_ns,
        reference_price=state.mark(signal.symbol),
    )


def _sound(qty: float, instrument: Instrument) -> float:
    try:
        return instrument.round_qty(qty)
    except ValueError:
        return qty  # the gate refuses it by name


def _on_tick(price: float | None, instrument: Instrument, rounding: Rounding) -> float | None:
    if price is None:
        return None
    try:
        return instrument.round_price(price, rounding)
    except ValueError:
        return price


def submit(state: CoreState, out: Out, now: Now, gate: Gate, intent: Intent) -> bool:
    """Gate an order; journal and send it, or record every reason against it. Return whether it goes."""
    instrument = state.settings.instruments[intent.symbol]
    decision = gate.check(intent, view_for(state, now, intent, instrument))
    if not decision.allowed:
        _refuse(state, out, now, intent, decision.refusals)
        return False
    ref = order_ref(intent.strategy, intent.intent_id)
    order = OrderRecord(
        intent=intent,
        state=OrderState.JOURNALED,
        order_ref=ref,
        created_ns=now.market_ns,
        updated_ns=now.market_ns,
        sent_mono_ns=now.mono_ns,
    )
    state.book.put(order)
    out.record(OrderSaved(order, "journaled"), durable=True)
    out.place(intent, ref)
    state.counts_orders += 1
    date = state.day.date if state.day is not None else ""
    state.sent.add(
        SentOrder(now.mono_ns, date, intent.strategy, intent.symbol, intent.side, intent.qty, intent.limit_price)
    )
    text = f"{intent.strategy} {intent.side} {intent.qty:g} {intent.symbol} {intent.order_type}"
    state.note(out, now, "INFO", "order", f"{text}: {intent.reason or intent.purpose}", intent.symbol)
    return True


def _refuse(state: CoreState, out: Out, now: Now, intent: Intent, refusals: tuple[Refusal, ...]) -> None:
    state.counts_refusals += 1
    for refusal in refusals:
        saved = RefusalSaved(
            ts_ns=now.market_ns,
            strategy=intent.strategy,
            symbol=intent.symbol,
            intent_id=intent.intent_id,
            side=intent.side,
            qty=intent.qty,
            code=refusal.code,
            measured=refusal.measured,
            limit=refusal.limit,
            text=refusal.text,
        )
        state.refusals.append(saved)
        out.record(saved)
    text = f"refused {intent.strategy} {intent.side} {intent.qty:g} {intent.symbol}: {refusals[0].text}"
    more = f" (+{len(refusals) - 1} more)" if len(refusals) > 1 else ""
    state.note(out, now, "WARNING", "risk", text + more, intent.symbol)


def _left_over(state: CoreState, order: OrderRecord) -> float:
    """Return what is still wanted: executions that came late for orders replaced before, or are on their way, count."""
    old = order.intent
    family = [
        item
        for item in state.book.all()
        if (item.intent.strategy, item.intent.symbol, item.intent.bar_end_ns)
        == (old.strategy, old.symbol, old.bar_end_ns)
        and item.intent.leg.partition("~")[0] == old.leg.partition("~")[0]
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
    signal = Signal(
        symbol=old.symbol,
        side=old.side,
        qty=left,
        order_type=old.order_type if price is not None else Signal(symbol="", side=old.side, qty=1).order_type,
        limit_price=price,
        tif=old.tif,
        leg=leg,
        reason=f"unfilled {old.intent_id}",
    )
    instrument = state.settings.instruments[old.symbol]
    intent = intent_of(state, now, old.strategy, old.bar_end_ns, signal, instrument)
    submit(state, out, now, gate, replace(intent, purpose=old.purpose))
