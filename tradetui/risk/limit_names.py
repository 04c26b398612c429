"""Limits by name, so that one of them can be changed: `max_order_qty`, `strategy.NAME.orders_per_day`, `symbol.SPY.…`.

Invariant: a changed set of limits passes the same checks as one read from the configuration, and no change can make a
limit anything but a finite number within what such a limit may ever be.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches

from tradetui.domain.errors import OperatorError
from tradetui.risk.limits import Limits, StrategyLimits, SymbolLimits

#: Where more is tighter; elsewhere less is.
MORE_IS_TIGHTER = frozenset(
    {
        "no_entry_first_minutes",
        "no_entry_last_minutes",
        "flat_minutes_before_close",
        "duplicate_window_s",
        "reject_window_s",
    }
)
#: Who lowers one of these lowers those after it: the wider may not be below the narrower.
_NESTED = ("max_gross_notional", "max_position_notional", "max_order_notional")
_MOST = {"max_leverage": 10.0, "max_slippage_bps": 1_000.0, "max_losing_streak": 1_000.0, "max_round_trips": 1_000.0}
_MOST_BY_ENDING = {"_pct": 100.0, "_s": 86_400.0, "_minutes": 390.0, "_close": 390.0}
_MOST_ELSE = 1e9
_KINDS = (Limits, StrategyLimits, SymbolLimits)
_WHOLE = frozenset(item.name for kind in _KINDS for item in fields(kind) if "int" in str(item.type))
_GENERAL = tuple(item.name for item in fields(Limits) if str(item.type) in ("float", "int"))
_OF_STRATEGY = tuple(item.name for item in fields(StrategyLimits))
_OF_SYMBOL = tuple(item.name for item in fields(SymbolLimits))


def numbers(limits: Limits) -> dict[str, float]:
    """Return every limit that is set, by name."""
    found = {name: float(getattr(limits, name)) for name in _GENERAL}
    for strategy, own in limits.strategy.items():
        found |= _set_ones(f"strategy.{strategy}", own, _OF_STRATEGY)
    for symbol, of_symbol in limits.symbol.items():
        found |= _set_ones(f"symbol.{symbol}", of_symbol, _OF_SYMBOL)
    return found


def _set_ones(where: str, limits: StrategyLimits | SymbolLimits, names: tuple[str, ...]) -> dict[str, float]:
    values = {name: getattr(limits, name) for name in names}
    return {f"{where}.{name}": float(value) for name, value in values.items() if value is not None}


def is_tighter(name: str, old: float | None, new: float) -> bool:
    """Return whether `new` is tighter than `old`; a limit where there was none is."""
    if old is None:
        return True
    return new > old if name.rpartition(".")[2] in MORE_IS_TIGHTER else new < old


def tightened(limits: Limits, name: str, value: float) -> dict[str, float]:
    """Return all that changes when `name` is tightened to `value`: nested limits follow it down."""
    changes = {name: value}
    if name in _NESTED:
        inner = _NESTED[_NESTED.index(name) + 1 :]
        changes |= {other: value for other in inner if getattr(limits, other) > value}
    return changes


def carried_over(configured: Limits, values: Mapping[str, float]) -> tuple[Limits, list[str]]:
    """Return `configured` with earlier changes on top, and the names that do not go with it any more.

    A tighter value always goes: nested limits follow it. A looser one must not contradict the rest.
    """
    limits, before, lost = configured, numbers(configured), []
    widest_first = sorted(values, key=lambda name: (_NESTED.index(name) if name in _NESTED else 0, name))
    for name in widest_first:
        # An outer one may have taken it further down already.
        if is_tighter(name, numbers(limits).get(name), values[name]):
            limits = changed(limits, tightened(limits, name, values[name]))
    for name in widest_first:
        if not is_tighter(name, before.get(name), values[name]):
            try:
                limits = changed(limits, {name: values[name]})
            except OperatorError:
                lost.append(name)
    return limits, lost


def changed(limits: Limits, values: Mapping[str, float]) -> Limits:
    """Return `limits` with the named ones set to `values`.

    Raises:
        OperatorError: a name or a value cannot be, or the limits would contradict each other.
    """
    general: dict[str, float] = {}
    strategies, symbols = dict(limits.strategy), dict(limits.symbol)
    for name, value in values.items():
        kind, _, rest = name.partition(".")
        whom, _, key = rest.rpartition(".")
        number = _checked(name, value)
        if kind == "strategy" and key in _OF_STRATEGY:
            strategies[whom] = replace(strategies.get(whom, StrategyLimits()), **{key: number})  # type: ignore[arg-type]
        elif kind == "symbol" and key in _OF_SYMBOL:
            symbols[whom] = replace(symbols.get(whom, SymbolLimits()), **{key: number})  # type: ignore[arg-type]
        elif name in _GENERAL:
            general[name] = number
        else:
            raise OperatorError(f"no limit {name!r}{_near(name)}")
    return replace(limits, strategy=strategies, symbol=symbols, **general)  # type: ignore[arg-type]


def _checked(name: str, value: float) -> float:
    key = name.rpartition(".")[2]
    ending = next((most for end, most in _MOST_BY_ENDING.items() if key.endswith(end)), _MOST_ELSE)
    most = _MOST.get(key, ending)
    if not math.isfinite(value) or value > most:
        raise OperatorError(f"{name} has to be a number of at most {most:g}")
    if key in _WHOLE:
        if value != int(value):
            raise OperatorError(f"{name} is a whole number")
        return int(value)
    return value


def _near(name: str) -> str:
    key = name.rpartition(".")[2]
    close = get_close_matches(key, sorted({*_GENERAL, *_OF_STRATEGY, *_OF_SYMBOL}), n=1)
    return f"; did you mean {close[0]}?" if close else "; `tradetui risk limits` lists them"
