"""Bar files in: Parquet or CSV to validated columns.

Invariant: whatever `load_bars` returns can be traded on; a file with one bad row is refused as a whole, in one line
that names the file, the row, the reason and the remedy. Rows are counted from 1, a header line not included.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tradetui.domain.errors import OperatorError
from tradetui.marketdata.bar_columns import BarColumns, fault_of

#: Nanoseconds per unit of an Arrow time stamp.
_NANOS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_LAST_NS = 2**63 - 1
PRICE_COLUMNS = ("open", "high", "low", "close", "volume")


def load_bars(path: Path, symbols: Sequence[str] | None = None) -> dict[str, BarColumns]:
    """Return the bars of `symbols` (None: all in the file), by symbol, in the order asked for or met.

    Columns: symbol, end (timestamp with time zone) or end_ns (int64 UTC ns), open, high, low, close, volume. A file
    without a symbol column is taken for the one symbol asked for.

    Raises:
        OperatorError: unreadable file, missing column or symbol, naive time, duplicate, disorder or an unsound bar.
    """
    table = _read(path)
    _check_columns(path, table, symbols)
    ends = _ends(path, table)
    values = {name: _floats(path, table, name) for name in PRICE_COLUMNS}
    rows = _rows_by_symbol(path, table, symbols)
    loaded = {}
    for symbol, index in rows.items():
        picked = {name: column[index] for name, column in values.items()}
        columns = BarColumns(symbol=symbol, end_ns=ends[index], **picked)
        _check(path, columns, index)
        loaded[symbol] = columns
    return loaded


def _read(path: Path) -> Any:
    # pyarrow is imported here: commands that load no bars must not pay for it.
    import pyarrow as pa

    try:
        if path.suffix == ".csv":
            from pyarrow import csv

            return csv.read_csv(path)
        from pyarrow.parquet import ParquetFile

        with ParquetFile(path, read_dictionary=["symbol"]) as file:
            return file.read()
    except FileNotFoundError:
        raise OperatorError(f"bar file {path} does not exist; give the path of a .parquet or .csv file") from None
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowKeyError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise OperatorError(f"bar file {path} cannot be read: {reason}; give a .parquet or .csv bar file") from None


def _check_columns(path: Path, table: Any, symbols: Sequence[str] | None) -> None:
    present = set(table.column_names)
    missing = [name for name in PRICE_COLUMNS if name not in present]
    if not present & {"end", "end_ns"}:
        missing.insert(0, "end")
    if "symbol" not in present and (symbols is None or len(symbols) != 1):
        missing.insert(0, "symbol")
    if missing:
        raise OperatorError(
            f"bar file {path} has no column {', '.join(missing)}; "
            "it needs symbol, end (UTC), open, high, low, close, volume"
        )
    if table.num_rows == 0:
        raise OperatorError(f"bar file {path} holds no rows; give a file with bars")


def _ends(path: Path, table: Any) -> NDArray[np.int64]:
    import pyarrow as pa

    name = "end_ns" if "end_ns" in table.column_names else "end"
    column = table.column(name)
    _refuse_nulls(path, column, name)
    if name == "end_ns":
        if not pa.types.is_integer(column.type):
            raise OperatorError(f"bar file {path}: end_ns is {column.type}; give int64 nanoseconds UTC")
        return _plain(column).astype(np.int64)
    if not pa.types.is_timestamp(column.type):
        raise OperatorError(f"bar file {path}: end is {column.type}; give times such as 2026-01-05T14:31:00Z")
    if column.type.tz is None:
        raise OperatorError(f"bar file {path}: end has no time zone; give UTC, such as 2026-01-05T14:31:00Z")
    ends, factor = _plain(column), _NANOS[column.type.unit]
    far = np.flatnonzero(np.abs(ends) > _LAST_NS // factor)
    if len(far):
        raise _row_error(path, int(far[0]), "has an end outside the years 1678 to 2262")
    return ends * factor


def _floats(path: Path, table: Any, name: str) -> NDArray[np.float64]:
    import pyarrow as pa

    column = table.column(name)
    _refuse_nulls(path, column, name)
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise OperatorError(f"bar file {path}: column {name} is {column.type}; give plain numbers")
    return _plain(column).astype(np.float64)


def _refuse_nulls(path: Path, column: Any, name: str) -> None:
    if column.null_count:
        first = next(row for row, value in enumerate(column) if not value.is_valid)
        raise _row_error(path, first, f"has no {name}")


def _plain(column: Any) -> NDArray[Any]:
    """Return a column of numbers or times without nulls as numpy sees its buffers; times become int64.

    Not `to_numpy`: that imports pandas, which costs more than most backtests.
    """
    import pyarrow as pa

    kind = np.int64 if pa.types.is_timestamp(column.type) else column.type.to_pandas_dtype()
    dtype = np.dtype(kind)
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype)[chunk.offset : chunk.offset + len(chunk)] for chunk in column.chunks
    ]
    return np.concatenate(parts)


def _rows_by_symbol(path: Path, table: Any, symbols: Sequence[str] | None) -> dict[str, NDArray[np.intp]]:
    if "symbol" not in table.column_names:
        only = (symbols or ("",))[0]
        return {only: np.arange(table.num_rows)}
    column = table.column("symbol")
    _refuse_nulls(path, column, "symbol")
    names, codes = _encoded(column)
    wanted = names if symbols is None else list(symbols)
    absent = [symbol for symbol in wanted if symbol not in names]
    if absent:
        held = ", ".join(names[:10])
        raise OperatorError(f"bar file {path} has no bars of {', '.join(absent)}; it holds {held}")
    return {symbol: np.flatnonzero(codes == names.index(symbol)) for symbol in wanted}


def _encoded(column: Any) -> tuple[list[str], NDArray[np.intp]]:
    """Return the distinct names of a text column and, for each row, the position of its name."""
    import pyarrow as pa

    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    positions: dict[str, int] = {}
    parts = []
    for chunk in encoded.chunks:
        known = [positions.setdefault(str(name), len(positions)) for name in chunk.dictionary.to_pylist()]
        indices = chunk.indices
        codes = np.frombuffer(indices.buffers()[1], np.dtype(indices.type.to_pandas_dtype()))
        parts.append(np.array(known, dtype=np.intp)[codes[indices.offset : indices.offset + len(indices)]])
    return list(positions), np.concatenate(parts)


def _check(path: Path, columns: BarColumns, index: NDArray[np.intp]) -> None:
    fault = fault_of(columns)
    if fault is not None:
        raise _row_error(path, int(index[fault.index]), f"({columns.symbol}) {fault.reason}")


def _row_error(path: Path, row: int, reason: str) -> OperatorError:
    return OperatorError(f"bar file {path}: row {row + 1} {reason}; correct or remove that row")
