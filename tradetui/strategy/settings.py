"""A strategy's own configuration file: `strategies/<name>.toml` beside its code.

    strategy = "ma_crossover"     # registered name
    symbols = ["SPY", "QQQ"]
    bar_size = "1m"
    qty = 10                      # units per entry, the strategy's parameter `qty`

    [params]
    fast = 5

Invariant: an unknown or mistyped key is refused in one line; nothing is guessed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from tradetui.domain.bar import BarSize
from tradetui.domain.errors import OperatorError
from tradetui.strategy.api import ParamValue

_KEYS = ("strategy", "symbols", "bar_size", "qty", "params")


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings:
    """What a strategy file asks for. `qty` is already among `params`."""

    strategy: str
    symbols: tuple[str, ...] = ()
    bar_size: BarSize = BarSize.M1
    params: dict[str, ParamValue] = field(default_factory=dict)


def settings_for(strategy: str, folder: Path) -> StrategySettings:
    """Return the settings in `folder/<strategy>.toml`, or bare ones when there is no such file.

    Raises:
        OperatorError: the file cannot be read, is no TOML, or has a wrong key or value.
    """
    file = folder / f"{strategy}.toml"
    return load_settings(file) if file.is_file() else StrategySettings(strategy=strategy)


def merged(
    theirs: StrategySettings,
    *,
    symbols: Sequence[str] | None = None,
    bar_size: BarSize | None = None,
    qty: float | None = None,
    params: Mapping[str, ParamValue] | None = None,
) -> StrategySettings:
    """Return the settings with the given ones (of config.toml, or of a command) in place of the file's."""
    mine: dict[str, ParamValue] = {**theirs.params, **(params or {})}
    if qty is not None:
        mine["qty"] = qty
    return StrategySettings(
        strategy=theirs.strategy,
        symbols=tuple(symbols) if symbols else theirs.symbols,
        bar_size=bar_size or theirs.bar_size,
        params=mine,
    )


def load_settings(file: Path) -> StrategySettings:
    """Return the settings in `file`.

    Raises:
        OperatorError: as `settings_for`.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(f"{file} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OperatorError(f"{file} is no valid TOML: {error}") from None
    for key in table:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"it may have {', '.join(_KEYS)}"
            raise OperatorError(f"{file}: unknown key {key!r}; {hint}")
    params = _params(file, table)
    return StrategySettings(
        strategy=_text(file, table, "strategy", file.stem),
        symbols=_symbols(file, table),
        bar_size=BarSize.parse(_text(file, table, "bar_size", BarSize.M1.value)),
        params=params,
    )


def _text(file: Path, table: dict[str, object], key: str, default: str) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value:
        raise OperatorError(f"{file}: {key} is {value!r}; it must be a text in quotes")
    return value


def _symbols(file: Path, table: dict[str, object]) -> tuple[str, ...]:
    value = table.get("symbols", [])
    if not isinstance(value, list) or not all(isinstance(symbol, str) and symbol for symbol in value):
        raise OperatorError(f'{file}: symbols must be a list such as ["SPY", "QQQ"]')
    return tuple(value)


def _params(file: Path, table: dict[str, object]) -> dict[str, ParamValue]:
    given = table.get("params", {})
    if not isinstance(given, dict):
        raise OperatorError(f"{file}: params must be a section [params]")
    params: dict[str, ParamValue] = {}
    for key, value in given.items():
        if not isinstance(value, int | float | str | bool):
            raise OperatorError(f"{file}: params.{key} is {value!r}; it must be a number, a text, true or false")
        params[key] = value
    qty = table.get("qty")
    if qty is None:
        return params
    if "qty" in params:
        raise OperatorError(f"{file}: qty is given twice; keep the one at the top or the one in [params]")
    if isinstance(qty, bool) or not isinstance(qty, int | float) or not 0 < qty < float("inf"):
        raise OperatorError(f"{file}: qty is {qty!r}; it must be a positive number")
    return {**params, "qty": qty}
