"""Gathers the facts that the gate judges an order by, from the core's state at this moment."""

from __future__ import annotations

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import Latch, TradingState
from tradetui.domain.order import Intent, OrderRecord, Purpose, Side
from tradetui.risk.view import Exposure, RiskView
from tradetui.trading.latches import unresolved_text
from tradetui.trading.orders import missing_fills
from tradetui.trading.state import CoreState, SentPart


def exposure_of(state: CoreState, symbol: str, *, held: float | None = None, protection: bool = True) -> Exposure:
    """Return what is held and may still fill in `symbol`: the worse of ledger and broker, unknown orders included.

    Of protective orders in one OCA group only the largest counts, because a fill of one takes it off the others.
    """
    buying = selling = 0.0
    groups: dict[tuple[str, Side], float] = {}
    for order in state.book.live(symbol):
        if order.intent.purpose is Purpose.STOP:
            key = (order.intent.oca_group or order.intent.intent_id, order.intent.side)
            groups[key] = max(groups.get(key, 0.0), active_qty(state, order))
        elif order.intent.side is Side.BUY:
            buying += order.remaining
        else:
            selling += order.remaining
    if protection:
        buying += sum(qty for (_, side), qty in groups.items() if side is Side.BUY)
        selling += sum(qty for (_, side), qty in groups.items() if side is Side.SELL)
    for intent_id in state.reported_filled:
        ended = state.book.get(intent_id)
        if ended is None or ended.is_live or ended.intent.symbol != symbol:
            continue  # a live order's remaining quantity counts them already
        if ended.intent.side is Side.BUY:
            buying += missing_fills(state, ended)
        else:
            selling += missing_fills(state, ended)
    for external in state.externals.values():
        if external.symbol != symbol:
            continue
        left = max(0.0, external.qty - (external.filled or 0.0))
        if external.side is Side.BUY:
            buying += left
        else:
            selling += left
    return Exposure(state.ledger.position(symbol).qty if held is None else held, buying, selling)


def active_qty(state: CoreState, order: OrderRecord) -> float:
    """Return what an order may still trade: one behind a parent that works no more than the parent has filled."""
    parent = state.book.get(order.intent.parent_id)
    if parent is None or not parent.is_live:
        return order.remaining
    return min(order.remaining, parent.filled + missing_fills(state, parent))


def view_for(
    state: CoreState, now: Now, intent: Intent, instrument: Instrument, *, after: SentPart | None = None
) -> RiskView:
    """Return the facts of this moment for one order; `after` is the part of the same decision that went before it."""
    session = state.settings.calendar.session_at(now.market_ns)
    symbol = intent.symbol
    held = None
    if intent.purpose is Purpose.FLATTEN and state.broker_positions is not None:
        held = state.broker_positions.get(symbol, 0.0)
    gross, symbols = _others(state, symbol)
    # Protective orders rest away from the market: they are no second order, and no other side of a trade.
    live = [order for order in state.book.live(symbol) if order.intent.purpose is not Purpose.STOP]
    mine = [order for order in live if order.intent.strategy == intent.strategy and not _is_part(order, after)]
    opposite = any(order.intent.side is not intent.side for order in live)
    like = (intent.strategy, symbol, intent.side, intent.qty, intent.limit_price)
    trading_state, why = _state_for(state, symbol)
    return RiskView(
        now=now,
        instrument=instrument,
        state=trading_state,
        state_why=why,
        link_ready=state.session is SessionState.READY,
        journal_ok=state.journal_ok,
        unhealthy="; ".join(state.health.values()),
        unresolved=unresolved_text(state, symbol),
        session_open=session is not None,
        since_open_s=None if session is None else (now.market_ns - session.open_ns) / SECOND_NS,
        to_close_s=None if session is None else (session.close_ns - now.market_ns) / SECOND_NS,
        quote=state.quotes.get(symbol),
        exposure=exposure_of(state, symbol, held=held),
        gross_other=gross,
        symbols_other=symbols,
        equity=state.equity(),
        available_funds=None if state.account_values is None else state.account_values.available_funds,
        day_pnl=state.day_pnl(),
        drawdown_pct=state.drawdown_pct(),
        strategy_working=len(mine),
        opposite_working=opposite,
        known_intent=intent.intent_id in state.book,
        duplicate_age_s=state.sent.age_s(now, like) if after is None else after.like_age_s,
        counts=state.sent.counts(now, state.day.date if state.day is not None else "", intent.strategy),
    )


def _is_part(order: OrderRecord, after: SentPart | None) -> bool:
    return after is not None and order.intent.intent_id == after.intent_id


def _state_for(state: CoreState, symbol: str) -> tuple[TradingState, str]:
    worst: Latch | None = None
    for latch in state.latches.values():
        if latch.symbol in (None, symbol) and (worst is None or latch.state > worst.state):
            worst = latch
    return (TradingState.RUN, "") if worst is None else (worst.state, worst.why)


def _others(state: CoreState, symbol: str) -> tuple[float | None, int]:
    """Return gross value and number of all other symbols held or being traded; None while a mark is missing."""
    names = {position.symbol for position in state.ledger.positions() if position.qty}
    names |= {order.intent.symbol for order in state.book.live()}
    names |= {external.symbol for external in state.externals.values()}
    names.discard(symbol)
    gross: float | None = 0.0
    for name in sorted(names):
        mark = state.mark(name)
        worst = exposure_of(state, name).worst
        if mark is None and worst:
            gross = None
        elif gross is not None and mark is not None:
            gross += worst * mark * state.multiplier(name)
    return gross, len(names)
