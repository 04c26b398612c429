"""The risk meters: each limit with what is used of it now."""

from __future__ import annotations

from tradetui.domain.clock import Now
from tradetui.trading.exposure import exposure_of
from tradetui.trading.state import CoreState

MeterRow = dict[str, bool | int | float | str | list[float] | list[str] | dict[str, float] | None]


def risk_rows(state: CoreState, now: Now) -> dict[str, MeterRow]:
    """Return one row per limit that can be measured all the time, most important first."""
    limits = state.settings.limits
    day_pnl, equity = state.day_pnl(), state.equity()
    gross = _gross(state)
    leverage = gross / equity if gross is not None and equity else None
    loss = None if day_pnl is None else max(0.0, -day_pnl)
    largest = _largest_position(state)
    minute, today = _sent(state, now)
    used_symbols = len({position.symbol for position in state.ledger.positions() if position.qty})
    return {
        "DAILY_LOSS": _row("daily loss", loss, limits.daily_loss_limit, "money"),
        "DRAWDOWN": _row("drawdown", state.drawdown_pct(), limits.max_drawdown_pct, "%"),
        "GROSS_EXPOSURE": _row("gross exposure", gross, limits.max_gross_notional, "money"),
        "LEVERAGE": _row("leverage", leverage, limits.max_leverage, "x"),
        "POSITION_SIZE": _row("largest position", largest, limits.max_position_notional, "money"),
        "POSITION_COUNT": _row("positions", float(used_symbols), float(limits.max_positions), "count"),
        "ORDER_RATE_MINUTE": _row("orders/minute", float(minute), float(limits.orders_per_minute), "count"),
        "ORDER_RATE_DAY": _row("orders/day", float(today), float(limits.orders_per_day), "count"),
    }


def _row(label: str, measured: float | None, limit: float, unit: str) -> MeterRow:
    return {
        "label": label,
        "measured": measured,
        "limit": limit,
        "unit": unit,
        "used": None if measured is None else measured / limit,
        "breached": measured is not None and measured >= limit,
    }


def _worths(state: CoreState) -> list[float | None]:
    symbols = {position.symbol for position in state.ledger.positions() if position.qty}
    symbols |= {order.intent.symbol for order in state.book.live()}
    worths: list[float | None] = []
    for symbol in sorted(symbols):
        mark = state.mark(symbol)
        worst = exposure_of(state, symbol).worst
        worths.append(None if mark is None else worst * mark * state.multiplier(symbol))
    return worths


def _gross(state: CoreState) -> float | None:
    worths = _worths(state)
    known = [worth for worth in worths if worth is not None]
    return sum(known) if len(known) == len(worths) else None


def _largest_position(state: CoreState) -> float | None:
    worths = _worths(state)
    known = [worth for worth in worths if worth is not None]
    return max(known, default=0.0) if len(known) == len(worths) else None


def _sent(state: CoreState, now: Now) -> tuple[int, int]:
    date = state.day.date if state.day is not None else ""
    return state.sent.in_last_minute(now), state.sent.on(date)
