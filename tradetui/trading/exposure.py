"""Gathers the facts that the gate judges an order by, from the core's state at this moment.

Invariant: what cannot be valued makes every sum over it unknown; nothing is left out of a sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import Latch, TradingState
from tradetui.domain.order import Intent, OrderRecord, Purpose, Side
from tradetui.risk.limits import Limits
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
    others = Exposures(state, without=symbol)
    net_low, net_high = others.net_range()
    exposure = exposure_of(state, symbol, held=held)
    # Protective orders rest away from the market: they are no second order, and no other side of a trade.
    live = [order for order in state.book.live(symbol) if order.intent.purpose is not Purpose.STOP]
    mine = [order for order in live if order.intent.strategy == intent.strategy and not _is_part(order, after)]
    opposite = any(order.intent.side is not intent.side for order in live)
    like = (intent.strategy, symbol, intent.side, intent.qty, intent.limit_price)
    worst = _worst_latch(state, intent)
    return RiskView(
        now=now,
        instrument=instrument,
        state=TradingState.RUN if worst is None else worst.state,
        state_why="" if worst is None else worst.why,
        state_clears="" if worst is None else worst.cleared_by.value,
        link_ready=state.session is SessionState.READY,
        journal_ok=state.journal_ok,
        unhealthy="; ".join(state.health.values()),
        unresolved=unresolved_text(state, symbol),
        session_open=session is not None,
        since_open_s=None if session is None else (now.market_ns - session.open_ns) / SECOND_NS,
        to_close_s=None if session is None else (session.close_ns - now.market_ns) / SECOND_NS,
        quote=state.quotes.get(symbol),
        exposure=exposure,
        gross_other=others.gross(),
        symbols_other=others.count,
        net_low_other=net_low,
        net_high_other=net_high,
        sector_other=others.sector_with(symbol, state.limits.account),
        strategy_exposure=_strategy_exposure(state, intent.strategy, symbol),
        strategy_gross_other=_strategy_gross(state, intent),
        equity=state.equity(),
        available_funds=None if state.account_values is None else state.account_values.available_funds,
        funds_reserved=_reserved(state, others, symbol, exposure),
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


def _worst_latch(state: CoreState, intent: Intent) -> Latch | None:
    worst: Latch | None = None
    for latch in state.latches.values():
        if latch.covers(intent.strategy, intent.symbol) and (worst is None or latch.state > worst.state):
            worst = latch
    return worst


def _strategy_exposure(state: CoreState, strategy: str, symbol: str) -> Exposure:
    """Return a strategy's own part; its protective orders only ever make it smaller."""
    buying = selling = 0.0
    for order in state.book.live(symbol):
        if order.intent.strategy != strategy or order.intent.purpose is Purpose.STOP:
            continue
        if order.intent.side is Side.BUY:
            buying += order.remaining
        else:
            selling += order.remaining
    return Exposure(state.ledger.position_of(strategy, symbol).qty, buying, selling)


def _strategy_gross(state: CoreState, intent: Intent) -> float | None:
    """Return the gross value of the strategy's part in all other symbols, where it has a limit on that."""
    own = state.limits.own(intent.strategy)
    if own.max_gross_notional is None:
        return 0.0
    symbols = next((item.symbols for item in state.settings.strategies if item.name == intent.strategy), ())
    parts = (
        _Worth(symbol, _strategy_exposure(state, intent.strategy, symbol), _price(state, symbol))
        for symbol in symbols
        if symbol != intent.symbol
    )
    return _sum(_largest(part) for part in parts)


def _reserved(state: CoreState, others: Exposures, symbol: str, exposure: Exposure) -> float | None:
    here = _Worth(symbol, exposure, _price(state, symbol))
    return _sum((others.reserved(), _opening(here)))


@dataclass(frozen=True, slots=True)
class _Worth:
    """One symbol: `price` is money per unit, None when it has no mark."""

    symbol: str
    exposure: Exposure
    price: float | None


class Exposures:
    """Sums over the symbols held, ordered or traded by others in the account, `without` one of them if named."""

    def __init__(self, state: CoreState, without: str | None = None) -> None:
        names = {position.symbol for position in state.ledger.positions() if position.qty}
        names |= {order.intent.symbol for order in state.book.live()}
        names |= {external.symbol for external in state.externals.values()}
        names.discard(without or "")
        self._worths = [_worth(state, name) for name in sorted(names)]

    @property
    def count(self) -> int:
        """Number of symbols."""
        return len(self._worths)

    def gross(self) -> float | None:
        """Return the value that the positions can reach, longs and shorts both positive."""
        return _sum(_largest(worth) for worth in self._worths)

    def net_range(self) -> tuple[float | None, float | None]:
        """Return the lowest and the highest net value that open orders can lead to."""
        low = _sum(_valued(worth, worth.exposure.held - worth.exposure.selling) for worth in self._worths)
        return low, _sum(_valued(worth, worth.exposure.held + worth.exposure.buying) for worth in self._worths)

    def net(self) -> float | None:
        """Return the larger side of the net range, as an amount."""
        low, high = self.net_range()
        return None if low is None or high is None else max(abs(low), abs(high))

    def reserved(self) -> float | None:
        """Return the money that open orders would still take when they add to positions."""
        return _sum(_opening(worth) for worth in self._worths)

    def largest(self) -> tuple[str, float | None]:
        """Return the symbol of the largest position, with the value it can reach."""
        worths = {worth.symbol: _largest(worth) for worth in self._worths}
        return _top(worths)

    def sector(self, symbols: Iterable[str]) -> float | None:
        """Return the gross value of these symbols."""
        members = frozenset(symbols)
        return _sum(_largest(worth) for worth in self._worths if worth.symbol in members)

    def sector_with(self, symbol: str, limits: Limits) -> float | None:
        """Return the gross value of those in the sector of `symbol`, 0 when it is in none."""
        name = limits.sector_of(symbol)
        return 0.0 if name is None else self.sector(limits.sectors[name])

    def largest_sector(self, limits: Limits) -> tuple[str, float | None]:
        """Return the name of the sector with the largest gross value, with that value."""
        worths = {name: self.sector(symbols) for name, symbols in limits.sectors.items()}
        return _top(worths)


def _top(worths: dict[str, float | None]) -> tuple[str, float | None]:
    known = {name: value for name, value in worths.items() if value is not None}
    if len(known) < len(worths):
        return "", None
    top = max(known, key=lambda name: known[name], default="")
    return top, known.get(top, 0.0)


def _worth(state: CoreState, symbol: str) -> _Worth:
    return _Worth(symbol, exposure_of(state, symbol), _price(state, symbol))


def _price(state: CoreState, symbol: str) -> float | None:
    mark = state.mark(symbol)
    return None if mark is None else mark * state.multiplier(symbol)


def _opening(worth: _Worth) -> float | None:
    """Return the money that open orders would still take where they add to the position."""
    return _valued(worth, max(0.0, worth.exposure.worst - abs(worth.exposure.held)))


def _largest(worth: _Worth) -> float | None:
    return _valued(worth, worth.exposure.worst)


def _valued(worth: _Worth, qty: float) -> float | None:
    if qty == 0:
        return 0.0
    return None if worth.price is None else qty * worth.price


def _sum(values: Iterable[float | None]) -> float | None:
    total = 0.0
    for value in values:
        if value is None:
            return None
        total += value
    return total
