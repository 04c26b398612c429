"""The risk meters: each limit with what is used of it now. Of a limit on many, the one that is nearest to it."""

from __future__ import annotations

from collections.abc import Iterable

from tradetui.domain.clock import Now
from tradetui.risk.post_trade import Reading, readings
from tradetui.trading.exposure import Exposures
from tradetui.trading.figures import Prices, day_figures
from tradetui.trading.state import CoreState

MeterRow = dict[str, bool | int | float | str | list[float] | list[str] | dict[str, float] | None]

#: What ends a day comes first, then what is held, then what ends a strategy's day.
_FIRST = ("daily_loss", "drawdown", "day_drawdown")
_LABELS = {"strategy_loss": "strategy loss", "symbol_loss": "symbol loss"}


def risk_rows(state: CoreState, now: Now) -> dict[str, MeterRow]:
    """Return one row per limit that can be measured all the time, most important first."""
    nearest = _nearest(readings(day_figures(state, now, Prices.LATEST), state.limits))
    first = {code.upper(): _reading_row(nearest[code]) for code in _FIRST}
    rest = {code.upper(): _reading_row(reading) for code, reading in nearest.items() if code not in _FIRST}
    return first | _exposure_rows(state) | _rate_rows(state, now) | rest


def _nearest(measured: Iterable[Reading]) -> dict[str, Reading]:
    """Return for each code the reading that is nearest to its limit; one that is not known is nearest of all."""
    found: dict[str, Reading] = {}
    for reading in measured:
        known = found.get(reading.code)
        if known is None or _used(reading) > _used(known):
            found[reading.code] = reading
    return found


def _used(reading: Reading) -> float:
    return float("inf") if reading.measured is None else reading.measured / reading.limit


def _reading_row(reading: Reading) -> MeterRow:
    label = _LABELS.get(reading.code, reading.label)
    scope = "" if reading.scope == "account" else reading.scope
    return _row(label, reading.measured, reading.limit, reading.unit, scope)


def _exposure_rows(state: CoreState) -> dict[str, MeterRow]:
    limits, exposures = state.limits.account, Exposures(state)
    gross, net, equity = exposures.gross, exposures.net, exposures.equity
    leverage = gross / equity if gross is not None and equity else None
    symbol, largest = exposures.largest()
    share = largest / equity * 100 if largest is not None and equity else None
    sector, weight = exposures.largest_sector(limits)
    used_symbols = len({position.symbol for position in state.ledger.positions() if position.qty})
    rows = {
        "GROSS_EXPOSURE": _row("gross exposure", gross, limits.max_gross_notional, "money"),
        "NET_EXPOSURE": _row("net exposure", net, limits.max_net_notional, "money"),
        "LEVERAGE": _row("leverage", leverage, limits.max_leverage, "x"),
        "POSITION_SIZE": _row("largest position", largest, limits.max_position_notional, "money", symbol),
        "CONCENTRATION": _row("concentration", share, limits.max_concentration_pct, "%", symbol),
        "POSITION_COUNT": _row("positions", float(used_symbols), float(limits.max_positions), "count"),
    }
    if limits.sectors:
        part = weight / equity * 100 if weight is not None and equity else None
        rows["SECTOR"] = _row("largest sector", part, limits.max_sector_pct, "%", sector)
    return rows


def _rate_rows(state: CoreState, now: Now) -> dict[str, MeterRow]:
    limits = state.limits.account
    date = state.day.date if state.day is not None else ""
    minute, today = state.sent.in_last_minute(now), state.sent.on(date)
    return {
        "ORDER_RATE_MINUTE": _row("orders/minute", float(minute), float(limits.orders_per_minute), "count"),
        "ORDER_RATE_DAY": _row("orders/day", float(today), float(limits.orders_per_day), "count"),
    }


def _row(label: str, measured: float | None, limit: float, unit: str, scope: str = "") -> MeterRow:
    return {
        "label": label,
        "scope": scope,
        "measured": measured,
        "limit": limit,
        "unit": unit,
        "used": None if measured is None else measured / limit,
        "breached": measured is not None and measured >= limit,
    }
