"""What the post-trade controls measure, out of the core's state.

Invariant (fault F141): a breaker never trips on one bad price. A loss counts a new price only once a second one has
come or it has stood for STANDS_S; money lost by fills counts at once.
"""

from __future__ import annotations

from enum import Enum

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.position import Position
from tradetui.risk.post_trade import DayFigures, StrategyFigures
from tradetui.trading.state import CoreState

#: A price that nobody has changed for so long is the market's, not a slip.
STANDS_S = 5.0

Key = tuple[str, str]
STRATEGY, SYMBOL = "strategy", "symbol"


class Prices(Enum):
    """At which price a position is valued: the latest, or of the latest two the better or the worse for us."""

    LATEST = 0
    KINDER = 1
    HARSHER = -1


def price_of(state: CoreState, now: Now, symbol: str, qty: float, prices: Prices) -> float | None:
    """Return the price that values `qty` of `symbol`, None when there is none."""
    mark, earlier = state.mark(symbol), state.earlier_marks.get(symbol)
    if mark is None or earlier is None or prices is Prices.LATEST:
        return mark
    if now.mono_ns - state.mark_since_mono_ns.get(symbol, 0) >= STANDS_S * SECOND_NS:
        return mark
    return max(mark, earlier) if (qty > 0) == (prices is Prices.KINDER) else min(mark, earlier)


def equity_at(state: CoreState, now: Now, prices: Prices) -> float | None:
    """Return cash plus positions; None while cash or a needed price is not known."""
    total = state.ledger.cash
    for position in state.ledger.positions():
        if position.qty == 0 or total is None:
            continue
        price = price_of(state, now, position.symbol, position.qty, prices)
        total = None if price is None else total + position.qty * price * state.multiplier(position.symbol)
    return total


def begin_day(state: CoreState, now: Now) -> dict[Key, float]:
    """Return the totals that a day beginning now is measured from; what has no price counts at its cost."""
    latest = totals(state, now, Prices.LATEST)
    return {key: realized_of(state)[key] if total is None else total for key, total in latest.items()}


def realized_of(state: CoreState) -> dict[Key, float]:
    """Return the realised profit since the ledger began, of each strategy and of each symbol."""
    found: dict[Key, float] = {}
    for owner, position in state.ledger.owner_positions():
        if owner in state.strategies:
            found[STRATEGY, owner] = found.get((STRATEGY, owner), 0.0) + position.realized
    found |= {(SYMBOL, position.symbol): position.realized for position in state.ledger.positions()}
    return found


def totals(state: CoreState, now: Now, prices: Prices) -> dict[Key, float | None]:
    """Return realised and open profit since the ledger began, of each strategy and of each symbol."""
    found: dict[Key, float | None] = {}
    for owner, position in state.ledger.owner_positions():
        if owner in state.strategies:
            _add(found, (STRATEGY, owner), _profit(state, now, position, prices))
    for position in state.ledger.positions():
        found[SYMBOL, position.symbol] = _profit(state, now, position, prices)
    return found


def _add(found: dict[Key, float | None], key: Key, profit: float | None) -> None:
    before = found.get(key, 0.0)
    found[key] = None if before is None or profit is None else before + profit


def _profit(state: CoreState, now: Now, position: Position, prices: Prices) -> float | None:
    if position.qty == 0:
        return position.realized
    price = price_of(state, now, position.symbol, position.qty, prices)
    if price is None:
        return None
    return position.realized + position.unrealized(price, state.multiplier(position.symbol))


def day_figures(state: CoreState, now: Now, prices: Prices = Prices.KINDER) -> DayFigures:
    """Return the day's figures with positions valued at `prices`."""
    equity, day = equity_at(state, now, prices), state.day
    sums = totals(state, now, prices)
    losses = {key: _loss(total, state.day_totals.get(key, 0.0)) for key, total in sums.items()}
    return DayFigures(
        loss=None if day is None else _loss(equity, day.equity),
        drawdown_pct=below_pct(equity, state.peak_equity),
        day_drawdown_pct=below_pct(equity, state.day_high),
        strategies={name: _strategy(state, now, name, losses.get((STRATEGY, name), 0.0)) for name in state.strategies},
        symbol_losses={name: loss for (kind, name), loss in losses.items() if kind == SYMBOL},
        messages_in_minute=state.conduct.messages_in_minute(now),
        orders_per_fill=state.conduct.orders_per_fill,
    )


def _strategy(state: CoreState, now: Now, name: str, loss: float | None) -> StrategyFigures:
    own, since_ns = state.conduct.of(name), state.rearmed_ns.get(name, 0)
    date = state.day.date if state.day is not None else ""
    symbols = next((item.symbols for item in state.settings.strategies if item.name == name), ())
    return StrategyFigures(
        loss=loss,
        losing_streak=state.round_trips.losing_streak(name, since_ns),
        round_trips=state.round_trips.count(name, symbols, date, since_ns),
        denials=own.denials,
        rejects=state.conduct.rejects(name, now, state.limits.account.reject_window_s),
        slippage_bps=own.slippage_bps,
    )


def _loss(total: float | None, start: float) -> float | None:
    return None if total is None else max(0.0, start - total)


def below_pct(equity: float | None, top: float | None) -> float | None:
    """Return the percent that `equity` is below `top`, None while one of them is not known."""
    if equity is None or top is None or top <= 0:
        return None
    return max(0.0, (1 - equity / top) * 100)
