"""Reading one-minute bar files, and refusing bad ones with one line that names file, row, reason and remedy.

A file has the columns symbol, end, open, high, low, close, volume (any order, more are ignored); `end` is the close of
the bar in UTC. Invariant: what comes out is sound: whole minutes inside sessions, strictly increasing per symbol,
prices positive and ordered, volumes whole. Nothing is repaired or dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tradetui.domain.clock import MINUTE_NS, to_datetime
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.minutes import Floats, Ints, Minutes
from tradetui.marketdata.calendar import TradingCalendar

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("symbol", "end", "open", "high", "low", "close", "volume")
_SHARES_PER_TRADE = 160
Mask = npt.NDArray[np.bool_]


class BarFile:
    """One file's columns while they are being checked."""

    def __init__(self, path: Path) -> None:
        self._path = path
        table = _table(path)
        missing = [name for name in COLUMNS if name not in table.column_names]
        if missing:
            raise OperatorError(
                f"{path}: column {', '.join(missing)} is missing; a bar file needs {', '.join(COLUMNS)}"
            )
        if table.num_rows == 0:
            raise OperatorError(f"{path}: the file has no rows; export at least one session of one-minute bars")
        self._symbol: list[str | None] = []
        self._end: Ints = np.empty(0, dtype=np.int64)
        self._read_symbols(table)
        self._read_ends(table)
        self._numbers = {name: self._read_numbers(table, name) for name in COLUMNS[2:]}

    def minutes(self, calendar: TradingCalendar) -> dict[str, Minutes]:
        """Sound bars by symbol in order of first appearance. Raises OperatorError for the first thing that is not."""
        self._check_prices()
        self._check_times(calendar)
        names = np.array(self._symbol, dtype=object)
        found = {name: self._of_symbol(np.nonzero(names == name)[0]) for name in dict.fromkeys(self._symbol) if name}
        for name, column in found.items():
            if len(column) > 1 and int(np.diff(column.start).min()) > MINUTE_NS:
                raise OperatorError(
                    f"{self._path}: no two bars of {name} are a minute apart; give one-minute bars, not longer ones"
                )
        return found

    def _read_symbols(self, table: pa.Table) -> None:
        self._symbol = [None if value is None else str(value).strip() for value in table["symbol"].to_pylist()]
        for row, symbol in enumerate(self._symbol):
            if not symbol:
                raise self._fault(row, "the symbol is empty", "fill it in or delete the row")

    def _read_ends(self, table: pa.Table) -> None:
        import pyarrow as pa

        column = table["end"]
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            raise OperatorError(
                f"{self._path}: column end has no time zone; write it as UTC, e.g. 2024-01-02T14:31:00Z"
            )
        wanted = pa.timestamp("ns", "UTC")
        self._end = self._cast(column, wanted, "end", "a UTC time like 2024-01-02T14:31:00Z").astype(np.int64)

    def _read_numbers(self, table: pa.Table, name: str) -> Floats:
        import pyarrow as pa

        return self._cast(table[name], pa.float64(), name, "a number").astype(np.float64)

    def _cast(self, column: pa.ChunkedArray, kind: pa.DataType, name: str, form: str) -> npt.NDArray[np.generic]:
        import pyarrow as pa

        remedy = f"write {form} or delete the row"
        if column.null_count:
            row = next(i for i, value in enumerate(column.is_valid().to_pylist()) if not value)
            raise self._fault(row, f"{name} is empty", remedy)
        try:
            cast = column.cast(kind)
        except pa.ArrowException:
            row = _first_uncastable(column, kind)
            raise self._fault(row, f"{name} {column[row].as_py()!r} is not {form}", remedy) from None
        result: npt.NDArray[np.generic] = cast.to_numpy()
        return result

    def _check_prices(self) -> None:
        for name in COLUMNS[2:6]:
            self._check_positive(name, self._numbers[name])
        opens, highs, lows, closes = (self._numbers[name] for name in COLUMNS[2:6])
        self._refuse(
            (lows > np.minimum(opens, closes)) | (highs < np.maximum(opens, closes)),
            lambda row: f"low {lows[row]:g} and high {highs[row]:g} do not enclose open and close",
            "correct the prices or delete the row",
        )
        volume = self._numbers["volume"]
        self._refuse(
            ~(np.isfinite(volume) & (volume >= 0) & (volume == np.rint(volume)) & (volume < 2**53)),
            lambda row: f"volume {volume[row]:g} is not a whole number of shares",
            "correct the volume or delete the row",
        )

    def _check_positive(self, name: str, column: Floats) -> None:
        self._refuse(
            ~(np.isfinite(column) & (column > 0)),
            lambda row: f"{name} {column[row]:g} is not a positive number",
            "correct the price or delete the row",
        )

    def _check_times(self, calendar: TradingCalendar) -> None:
        end = self._end
        self._refuse(
            end % MINUTE_NS != 0,
            lambda _: "end is not a whole minute",
            "give one-minute bars, each with the time it closes",
        )
        sessions = list(calendar.sessions_between(int(end.min()) - MINUTE_NS, int(end.max())))
        opens = np.array([session.open_ns for session in sessions], dtype=np.int64)
        closes = np.array([session.close_ns for session in sessions], dtype=np.int64)
        index = np.searchsorted(opens, end, side="left") - 1
        outside = np.ones(len(end), dtype=bool) if not sessions else (index < 0) | (end > closes[index])
        self._refuse(
            outside,
            lambda _: f"the minute lies outside the regular sessions of {calendar.name}",
            "keep regular hours only; `end` is when the bar closes",
        )
        latest: dict[str, int] = {}
        for row, (symbol, ns) in enumerate(zip(self._symbol, end.tolist(), strict=True)):
            if symbol is None:
                continue
            before = latest.get(symbol)
            if before is not None and ns <= before:
                what = "is a duplicate" if ns == before else "goes back in time"
                raise self._fault(row, f"end {what}", "sort by symbol and end, and keep one row per minute")
            latest[symbol] = ns

    def _refuse(self, bad: Mask, reason: Callable[[int], str], remedy: str) -> None:
        if bad.any():
            row = int(np.argmax(bad))
            raise self._fault(row, reason(row), remedy)

    def _fault(self, row: int, reason: str, remedy: str) -> OperatorError:
        where = f"row {row + 1}"
        if row < len(self._symbol) and row < len(self._end):
            where += f" ({self._symbol[row]} {to_datetime(int(self._end[row])):%Y-%m-%d %H:%M:%S}Z)"
        return OperatorError(f"{self._path}: {where}: {reason}; {remedy}")

    def _of_symbol(self, rows: npt.NDArray[np.intp]) -> Minutes:
        volume = self._numbers["volume"][rows].astype(np.int64)
        return Minutes(
            start=self._end[rows] - MINUTE_NS,
            open=self._numbers["open"][rows],
            high=self._numbers["high"][rows],
            low=self._numbers["low"][rows],
            close=self._numbers["close"][rows],
            volume=volume,
            count=np.maximum(1, volume // _SHARES_PER_TRADE),
        )


def _table(path: Path) -> pa.Table:
    import pyarrow as pa

    kind = path.suffix.lower()
    if kind not in (".parquet", ".csv"):
        raise OperatorError(f"{path}: not a .parquet or .csv file; convert it, or correct the name")
    try:
        if kind == ".parquet":
            import pyarrow.parquet as pq

            return pq.read_table(path)
        import pyarrow.csv as pc

        text = dict.fromkeys(COLUMNS, pa.string())
        return pc.read_csv(path, convert_options=pc.ConvertOptions(column_types=text, strings_can_be_null=True))
    except FileNotFoundError:
        raise OperatorError(f"{path}: no such file; check the path") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise OperatorError(f"{path}: cannot be read as {kind[1:]} ({reason}); export it again") from None


def _first_uncastable(column: pa.ChunkedArray, kind: pa.DataType) -> int:
    import pyarrow as pa

    low, high = 0, len(column)
    # Bisect: the first half that does not cast holds the first bad row.
    while high - low > 1:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low).cast(kind)
            low = middle
        except pa.ArrowException:
            high = middle
    return low
