"""Gathers the facts that the gate judges an order by, from the core's state at this moment.

Invariant: what cannot be valued makes every sum over it unknown; nothing is left out of a sum.
"""

from __future__ import annotations

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import Latch, TradingState
from tradetui.domain.order import Intent, OrderRecord, Purpose, Side
from tradetui.risk.limits import Limits
from tradetui.risk.view import Exposure, RiskView
from tradetui.trading.figures import below_pct
from tradetui.trading.latches import unresolved_text
from tradetui.trading.orders import missing_fills
from tradetui.trading.reach import Reach, reach_of
from tradetui.trading.state import CoreState, SentPart


def exposure_of(state: CoreState, symbol: str, *, held: float | None = None, protection: bool = True) -> Exposure:
    """Return what is held and may still fill in `symbol`: the worse of ledger and broker, unknown orders included.

    `held` is the broker's own position, read after the executions of every ended order; None takes the ledger's.
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
    # What the broker says it holds has every execution in it, those included that have not been told yet.
    for intent_id in state.reported_filled if held is None else ():
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
    own, price = reach(state, symbol), _price(state, symbol)
    exposure = own.exposure if held is None else exposure_of(state, symbol, held=held)
    # Protective orders rest away from the market: they are no second order, and no other side of a trade.
    live = [order for order in state.book.live(symbol) if order.intent.purpose is not Purpose.STOP]
    mine = [order for order in live if order.intent.strategy == intent.strategy and not _is_part(order, after)]
    opposite = any(order.intent.side is not intent.side for order in live)
    like = (intent.strategy, symbol, intent.side, intent.qty, intent.limit_price)
    worst, equity = _worst_latch(state, intent), others.equity
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
        gross_other=others.gross,
        symbols_other=others.count,
        net_low_other=others.low,
        net_high_other=others.high,
        sector_other=others.sector_with(symbol, state.limits.account),
        strategy_exposure=strategy_reach(state, intent.strategy, symbol).exposure,
        strategy_gross_other=_strategy_gross(state, intent),
        equity=equity,
        available_funds=None if state.account_values is None else state.account_values.available_funds,
        funds_reserved=_with_own(others.reserved, own.opening, price),
        day_pnl=None if equity is None or state.day is None else equity - state.day.equity,
        drawdown_pct=below_pct(equity, state.peak_equity),
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
    total = 0.0
    for symbol in symbols:
        worst = strategy_reach(state, intent.strategy, symbol).worst if symbol != intent.symbol else 0.0
        if worst == 0:
            continue
        price = _price(state, symbol)
        if price is None:
            return None
        total += worst * price
    return total


def reach(state: CoreState, symbol: str) -> Reach:
    """Return what the account's live orders in `symbol` can lead to."""
    if state.externals or state.reported_filled:  # they count too, and nobody counts their changes
        return reach_of(exposure_of(state, symbol))
    held, changes = state.ledger.position(symbol).qty, state.book.changes(symbol)
    known = state.reaches.get(("", symbol))
    if known is not None and known[0] == held and known[1] == changes:
        return known[2]
    found = reach_of(exposure_of(state, symbol))
    state.reaches["", symbol] = (held, changes, found)
    return found


def strategy_reach(state: CoreState, strategy: str, symbol: str) -> Reach:
    """Return what a strategy's own live orders can lead to; its protective orders only ever make its part smaller."""
    held, changes = state.ledger.position_of(strategy, symbol).qty, state.book.changes(symbol)
    known = state.reaches.get((strategy, symbol))
    if known is not None and known[0] == held and known[1] == changes:
        return known[2]
    found = reach_of(_strategy_exposure(state, strategy, symbol))
    state.reaches[strategy, symbol] = (held, changes, found)
    return found


class Exposures:
    """Sums over the symbols held, ordered or traded by others in the account, `without` one of them if named.

    A sum is None when something in it has no mark. `equity` is the whole account's, whatever is left out of the sums;
    `reserved` is the money that open orders would still take where they add to positions.
    """

    def __init__(self, state: CoreState, without: str = "") -> None:
        names = state.ledger.open_symbols() | state.book.live_symbols()
        names |= {external.symbol for external in state.externals.values()}
        self._worths: dict[str, float | None] = {}
        equity, gross, low, high, reserved = state.ledger.cash, 0.0, 0.0, 0.0, 0.0
        for name in sorted(names):
            found, price = reach(state, name), _price(state, name)
            held = found.exposure.held
            if price is None:
                equity = equity if held == 0 else None
            elif equity is not None:
                equity += held * price
            if name == without:
                continue
            if price is None:
                self._worths[name] = None if found.worst else 0.0
                continue
            self._worths[name] = worth = found.worst * price
            gross += worth
            low += found.low * price
            high += found.high * price
            reserved += found.opening * price
        self.equity = equity
        known = None not in self._worths.values()
        self.gross = gross if known else None
        self.low = low if known else None
        self.high = high if known else None
        self.reserved = reserved if known else None

    @property
    def count(self) -> int:
        """Number of symbols."""
        return len(self._worths)

    @property
    def net(self) -> float | None:
        """The larger side of what the net value can be, as an amount."""
        return None if self.low is None or self.high is None else max(abs(self.low), abs(self.high))

    def largest(self) -> tuple[str, float | None]:
        """Return the symbol of the largest position, with the value it can reach."""
        return _top(self._worths)

    def sector(self, symbols: frozenset[str]) -> float | None:
        """Return the gross value of these symbols."""
        total = 0.0
        for name, worth in self._worths.items():
            if name in symbols:
                if worth is None:
                    return None
                total += worth
        return total

    def sector_with(self, symbol: str, limits: Limits) -> float | None:
        """Return the gross value of those in the sector of `symbol`, 0 when it is in none."""
        name = limits.sector_of(symbol)
        return 0.0 if name is None else self.sector(limits.sectors[name])

    def largest_sector(self, limits: Limits) -> tuple[str, float | None]:
        """Return the name of the sector with the largest gross value, with that value."""
        return _top({name: self.sector(symbols) for name, symbols in limits.sectors.items()})


def _top(worths: dict[str, float | None]) -> tuple[str, float | None]:
    known = {name: value for name, value in worths.items() if value is not None}
    if len(known) < len(worths):
        return "", None
    top = max(known, key=lambda name: known[name], default="")
    return top, known.get(top, 0.0)


def _with_own(others: float | None, qty: float, price: float | None) -> float | None:
    if others is None or (price is None and qty):
        return None
    return others + qty * (price or 0.0)


def _price(state: CoreState, symbol: str) -> float | None:
    mark = state.mark(symbol)
    return None if mark is None else mark * state.multiplier(symbol)
