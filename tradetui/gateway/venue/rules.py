"""The rules of a venue from a TOML file: commissions, margins, short supply, depth, splits and dividends.

Invariant: a file that loads is understood whole: an unknown key, a wrong type or an impossible value is refused with
its name and the remedy, and what the file does not mention stays as it was.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.corporate_action import CorporateAction, Dividend, Split
from tradetui.gateway.venue.fees import TIERED, CommissionSchedule

_MS_NS = 1_000_000
_MAX_DEPTH = 100
PLANS: Mapping[str, CommissionSchedule] = {"fixed": CommissionSchedule(), "tiered": TIERED}


class RuleError(ValueError):
    """A value of the file that cannot be used; the text names it, the reason and the remedy."""


def load_rules(path: Path, config: VenueConfig) -> VenueConfig:
    """`config` as the file changes it. Raises OperatorError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        return apply_rules(data, config)
    except OSError as error:
        raise OperatorError(f"--rules {path}: cannot be read: {error.strerror}; check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"--rules {path}: is not TOML: {error}") from None
    except RuleError as error:
        raise OperatorError(f"--rules {path}: {error}") from None


def apply_rules(data: Mapping[str, object], config: VenueConfig) -> VenueConfig:
    """`config` as the keys of `data` change it. Raises RuleError."""
    for key, value in data.items():
        rule = _RULES.get(key)
        if rule is None:
            near = get_close_matches(key, _RULES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(_RULES)}"
            raise RuleError(f"{key} is unknown; {hint}")
        config = rule(config, value)
    return config


def _commissions(config: VenueConfig, value: object) -> VenueConfig:
    if not isinstance(value, str) or value not in PLANS:
        raise RuleError(f"commissions {value!r} is no plan of IB; give {' or '.join(PLANS)}")
    return replace(config, commissions=PLANS[value])


def _check_margin(config: VenueConfig, value: object) -> VenueConfig:
    if not isinstance(value, bool):
        raise RuleError(f"check_margin {value!r} is not true or false")
    return replace(config, check_margin=value)


def _cancel_latency(config: VenueConfig, value: object) -> VenueConfig:
    return replace(config, cancel_latency_ns=_whole("cancel_latency_ms", value, 60_000) * _MS_NS)


def _depth(config: VenueConfig, value: object) -> VenueConfig:
    return replace(config, depth_levels=_whole("depth_levels", value, _MAX_DEPTH))


def _cutoff(config: VenueConfig, value: object) -> VenueConfig:
    return replace(config, close_cutoff_ns=_whole("close_cutoff_minutes", value, 390) * MINUTE_NS)


def _short_limits(config: VenueConfig, value: object) -> VenueConfig:
    limits = {symbol: _whole(f"short_limits.{symbol}", each, 10**12) for symbol, each in _table("short_limits", value)}
    return replace(config, short_limits={**config.short_limits, **limits})


def _futures_margins(config: VenueConfig, value: object) -> VenueConfig:
    margins: dict[str, tuple[float, float]] = {}
    for symbol, each in _table("futures_margins", value):
        name = f"futures_margins.{symbol}"
        if not isinstance(each, list) or len(each) != 2:
            raise RuleError(f"{name} {each!r} is not a pair; give [initial, maintenance] in USD per contract")
        initial, maintenance = (_amount(name, number) for number in each)
        if maintenance > initial:
            raise RuleError(f"{name}: maintenance {maintenance:g} is above initial {initial:g}; exchange them")
        margins[symbol] = (initial, maintenance)
    return replace(config, futures_margins={**config.futures_margins, **margins})


def _splits(config: VenueConfig, value: object) -> VenueConfig:
    return _with_actions(config, [_split(row) for row in _rows("split", value, ("symbol", "ex_date", "ratio"))])


def _dividends(config: VenueConfig, value: object) -> VenueConfig:
    rows = _rows("dividend", value, ("symbol", "ex_date", "amount"), ("pay_date",))
    return _with_actions(config, [_dividend(row) for row in rows])


def _with_actions(config: VenueConfig, actions: list[CorporateAction]) -> VenueConfig:
    return replace(config, corporate_actions=(*config.corporate_actions, *actions))


def _split(row: Mapping[str, object]) -> Split:
    ratio = row["ratio"]
    parts = ratio.split(":") if isinstance(ratio, str) else []
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise RuleError(f"split: ratio {ratio!r} is not new:old; write 4:1 for four new shares per old one")
    return Split(
        symbol=_symbol("split", row), ex_date=_day("split", row, "ex_date"), new=int(parts[0]), old=int(parts[1])
    )


def _dividend(row: Mapping[str, object]) -> Dividend:
    ex_date = _day("dividend", row, "ex_date")
    pay_date = _day("dividend", row, "pay_date") if "pay_date" in row else None
    if pay_date is not None and pay_date < ex_date:
        raise RuleError(f"dividend: pay_date {pay_date} lies before ex_date {ex_date}; correct one of them")
    amount = _amount("dividend: amount", row["amount"])
    return Dividend(symbol=_symbol("dividend", row), ex_date=ex_date, amount=amount, pay_date=pay_date)


def _rows(
    name: str, value: object, needed: tuple[str, ...], allowed: tuple[str, ...] = ()
) -> list[Mapping[str, object]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise RuleError(f"{name} is not a list of tables; write [[{name}]] before each")
    for row in value:
        missing = [key for key in needed if key not in row]
        unknown = [key for key in row if key not in (*needed, *allowed)]
        if missing or unknown:
            wrong = f"{missing[0]} is missing" if missing else f"{unknown[0]} is unknown"
            raise RuleError(f"{name}: {wrong}; it has {', '.join((*needed, *allowed))}")
    return value


def _table(name: str, value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise RuleError(f"{name} {value!r} is not a table; write [{name}] with a line per symbol")
    return list(value.items())


def _whole(name: str, value: object, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise RuleError(f"{name} {value!r} is not a whole number from 0 to {most}")
    return value


def _amount(name: str, value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not (math.isfinite(value) and value > 0):
        raise RuleError(f"{name} {value!r} is not an amount; give USD above 0")
    return float(value)


def _symbol(name: str, row: Mapping[str, object]) -> str:
    symbol = row["symbol"]
    if not isinstance(symbol, str) or not symbol:
        raise RuleError(f"{name}: symbol {symbol!r} is not text; write it in quotes")
    return symbol


def _day(name: str, row: Mapping[str, object], key: str) -> date:
    day = row[key]
    # A TOML time stamp is a date too.
    if type(day) is not date:
        raise RuleError(f"{name}: {key} {day!r} is not a date; write it as 2026-11-23, without quotes")
    return day


_RULES: Mapping[str, Callable[[VenueConfig, object], VenueConfig]] = {
    "commissions": _commissions,
    "check_margin": _check_margin,
    "cancel_latency_ms": _cancel_latency,
    "depth_levels": _depth,
    "close_cutoff_minutes": _cutoff,
    "short_limits": _short_limits,
    "futures_margins": _futures_margins,
    "split": _splits,
    "dividend": _dividends,
}
