"""Columns of a market data file, and the one line that refuses a bad one: file, row, reason and remedy.

Invariant: a value is taken as it stands in the file or refused; nothing is repaired or dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tradetui.domain.clock import to_datetime
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.minutes import Floats, Ints
from tradetui.marketdata.calendar import Session, TradingCalendar

if TYPE_CHECKING:
    import pyarrow as pa

BAR_COLUMNS = ("symbol", "end", "open", "high", "low", "close", "volume")
TRADE_COLUMNS = ("symbol", "time", "price", "size")
QUOTE_COLUMNS = ("symbol", "time", "bid", "ask", "bid_size", "ask_size")
Mask = npt.NDArray[np.bool_]


class ColumnFile:
    """One file's columns while they are being checked. `symbols` and `times` (UTC ns) are read at once."""

    def __init__(self, path: Path, table: pa.Table, columns: Sequence[str], what: str, example: str) -> None:
        """`columns` begin with the symbol and the time. Raises OperatorError for one that is missing or unreadable."""
        self.path = path
        self._table = table
        self._stamp = columns[1]
        missing = [name for name in columns if name not in table.column_names]
        if missing:
            raise OperatorError(
                f"{path}: column {', '.join(missing)} is missing; a {what} file needs {', '.join(columns)}"
            )
        if table.num_rows == 0:
            raise OperatorError(f"{path}: the file has no rows; export at least one session of {example}")
        self.symbols: list[str | None] = []
        self.times: Ints = np.empty(0, dtype=np.int64)
        self._read_symbols()
        self._read_times()

    def numbers(self, name: str, *, optional: bool = False) -> Floats:
        """A column of numbers; where `optional`, an empty field is not a number."""
        import pyarrow as pa

        return self._cast(self._table[name], pa.float64(), name, "a number", optional=optional).astype(np.float64)

    def rows_by_symbol(self) -> dict[str, npt.NDArray[np.intp]]:
        """Row numbers of each symbol, symbols in order of first appearance."""
        names = np.array(self.symbols, dtype=object)
        return {name: np.nonzero(names == name)[0] for name in dict.fromkeys(self.symbols) if name}

    def refuse(self, bad: Mask, reason: Callable[[int], str], remedy: str) -> None:
        """Raises OperatorError for the first row that is bad, if any."""
        if bad.any():
            row = int(np.argmax(bad))
            raise self.fault(row, reason(row), remedy)

    def check_positive(self, name: str, column: Floats, among: Mask | None = None) -> None:
        """Raises OperatorError for a price that is none."""
        bad = ~(np.isfinite(column) & (column > 0))
        self.refuse(
            bad if among is None else bad & among,
            lambda row: f"{name} {column[row]:g} is not a positive number",
            "correct the price or delete the row",
        )

    def check_whole(self, name: str, column: Floats, among: Mask | None = None) -> None:
        """Raises OperatorError for a number of shares that is none."""
        bad = ~(np.isfinite(column) & (column >= 0) & (column == np.rint(column)) & (column < 2**53))
        self.refuse(
            bad if among is None else bad & among,
            lambda row: f"{name} {column[row]:g} is not a whole number of shares",
            f"correct the {name} or delete the row",
        )

    def sessions(self, calendar: TradingCalendar, before_ns: int) -> tuple[list[Session], npt.NDArray[np.intp], Ints]:
        """Sessions around the file's times, and per row the one that began before it and when that one closes.

        The index is -1 for a row before the first session; `before_ns` is how long before its time a row may begin.
        """
        sessions = list(calendar.sessions_between(int(self.times.min()) - before_ns, int(self.times.max()) + 1))
        opens = np.array([session.open_ns for session in sessions], dtype=np.int64)
        closes = np.array([session.close_ns for session in sessions] or [0], dtype=np.int64)
        index = np.searchsorted(opens, self.times - before_ns, side="right") - 1
        return sessions, index, closes[index]

    def fault(self, row: int, reason: str, remedy: str) -> OperatorError:
        """The line about one row."""
        where = f"row {row + 1}"
        if row < len(self.symbols) and row < len(self.times):
            where += f" ({self.symbols[row]} {to_datetime(int(self.times[row])):%Y-%m-%d %H:%M:%S}Z)"
        return OperatorError(f"{self.path}: {where}: {reason}; {remedy}")

    def _read_symbols(self) -> None:
        values = self._table["symbol"].to_pylist()
        self.symbols = [None if value is None else str(value).strip() for value in values]
        for row, symbol in enumerate(self.symbols):
            if not symbol:
                raise self.fault(row, "the symbol is empty", "fill it in or delete the row")

    def _read_times(self) -> None:
        import pyarrow as pa

        name = self._stamp
        column = self._table[name]
        if pa.types.is_timestamp(column.type) and column.type.tz is None:
            raise OperatorError(
                f"{self.path}: column {name} has no time zone; write it as UTC, e.g. 2024-01-02T14:31:00Z"
            )
        wanted = pa.timestamp("ns", "UTC")
        self.times = self._cast(column, wanted, name, "a UTC time like 2024-01-02T14:31:00Z").astype(np.int64)

    def _cast(
        self, column: pa.ChunkedArray, kind: pa.DataType, name: str, form: str, *, optional: bool = False
    ) -> npt.NDArray[np.generic]:
        import pyarrow as pa

        remedy = f"write {form} or delete the row"
        if column.null_count and not optional:
            row = next(i for i, value in enumerate(column.is_valid().to_pylist()) if not value)
            raise self.fault(row, f"{name} is empty", remedy)
        try:
            cast = column.cast(kind)
        except pa.ArrowException:
            row = _first_uncastable(column, kind)
            raise self.fault(row, f"{name} {column[row].as_py()!r} is not {form}", remedy) from None
        result: npt.NDArray[np.generic] = cast.to_numpy()
        return result


def read_table(path: Path) -> pa.Table:
    """A Parquet or CSV file as it is, known columns of a CSV as text. Raises OperatorError for an unreadable one."""
    import pyarrow as pa

    kind = path.suffix.lower()
    if kind not in (".parquet", ".csv"):
        raise OperatorError(f"{path}: not a .parquet or .csv file; convert it, or correct the name")
    try:
        if kind == ".parquet":
            import pyarrow.parquet as pq

            return pq.read_table(path)
        import pyarrow.csv as pc

        text = dict.fromkeys((*BAR_COLUMNS, *TRADE_COLUMNS, *QUOTE_COLUMNS), pa.string())
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
