"""Files of one-minute bars.

A file has the columns symbol, end, open, high, low, close, volume (any order, more are ignored); `end` is the close of
the bar in UTC. Invariant: what comes out is sound: whole minutes inside sessions, strictly increasing per symbol,
prices positive and ordered, volumes whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.columnfile import BAR_COLUMNS, ColumnFile
from tradetui.gateway.market.minutes import Minutes
from tradetui.marketdata.calendar import TradingCalendar

if TYPE_CHECKING:
    import pyarrow as pa

_SHARES_PER_TRADE = 160


class BarFile:
    """One file's columns while they are being checked."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        self._file = ColumnFile(path, table, BAR_COLUMNS, "bar", "one-minute bars")
        self._numbers = {name: self._file.numbers(name) for name in BAR_COLUMNS[2:]}

    def minutes(self, calendar: TradingCalendar) -> dict[str, Minutes]:
        """Sound bars by symbol in order of first appearance. Raises OperatorError for the first thing that is not."""
        self._check_prices()
        self._check_times(calendar)
        found = {name: self._of_symbol(rows) for name, rows in self._file.rows_by_symbol().items()}
        for name, column in found.items():
            if len(column) > 1 and int(np.diff(column.start).min()) > MINUTE_NS:
                raise OperatorError(
                    f"{self._file.path}: no two bars of {name} are a minute apart; "
                    "give one-minute bars, not longer ones"
                )
        return found

    def _check_prices(self) -> None:
        file = self._file
        for name in BAR_COLUMNS[2:6]:
            file.check_positive(name, self._numbers[name])
        opens, highs, lows, closes = (self._numbers[name] for name in BAR_COLUMNS[2:6])
        file.refuse(
            (lows > np.minimum(opens, closes)) | (highs < np.maximum(opens, closes)),
            lambda row: f"low {lows[row]:g} and high {highs[row]:g} do not enclose open and close",
            "correct the prices or delete the row",
        )
        file.check_whole("volume", self._numbers["volume"])

    def _check_times(self, calendar: TradingCalendar) -> None:
        file, end = self._file, self._file.times
        file.refuse(
            end % MINUTE_NS != 0,
            lambda _: "end is not a whole minute",
            "give one-minute bars, each with the time it closes",
        )
        sessions, index, closes = file.sessions(calendar, MINUTE_NS)
        file.refuse(
            (index < 0) | (end > closes) if sessions else np.ones(len(end), dtype=bool),
            lambda _: f"the minute lies outside the regular sessions of {calendar.name}",
            "keep regular hours only; `end` is when the bar closes",
        )
        latest: dict[str, int] = {}
        for row, (symbol, ns) in enumerate(zip(file.symbols, end.tolist(), strict=True)):
            if symbol is None:
                continue
            before = latest.get(symbol)
            if before is not None and ns <= before:
                what = "is a duplicate" if ns == before else "goes back in time"
                raise file.fault(row, f"end {what}", "sort by symbol and end, and keep one row per minute")
            latest[symbol] = ns

    def _of_symbol(self, rows: npt.NDArray[np.intp]) -> Minutes:
        volume = self._numbers["volume"][rows].astype(np.int64)
        return Minutes(
            start=self._file.times[rows] - MINUTE_NS,
            open=self._numbers["open"][rows],
            high=self._numbers["high"][rows],
            low=self._numbers["low"][rows],
            close=self._numbers["close"][rows],
            volume=volume,
            count=np.maximum(1, volume // _SHARES_PER_TRADE),
        )
