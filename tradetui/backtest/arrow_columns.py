"""Plain Python and numpy columns to Arrow arrays and deterministic Parquet, without waking pandas.

`pyarrow.array` imports pandas (a quarter of a second) to ask whether a list is a Series; buffers do not.
Invariant: the same values give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

UTC_NS = pa.timestamp("ns", tz="UTC")


def numbers(values: NDArray[Any], kind: Any) -> Any:
    """Return an array of Arrow type `kind` over a numpy column of the same width, without nulls."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def floats(values: Iterable[float | None]) -> Any:
    """Return a float64 array; None becomes null."""
    return _nullable(list(values), np.float64, pa.float64())


def ints(values: Iterable[int | None]) -> Any:
    """Return an int64 array; None becomes null."""
    return _nullable(list(values), np.int64, pa.int64())


def times(values: Iterable[int | None]) -> Any:
    """Return UTC nanoseconds as time stamps; None becomes null."""
    return _nullable(list(values), np.int64, UTC_NS)


def texts(values: Iterable[str]) -> Any:
    """Return a string array."""
    encoded = [value.encode() for value in values]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in encoded], out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(encoded), buffers)


def write_parquet(path: Path, columns: Mapping[str, Any]) -> None:
    """Write `columns` to the new file `path` (0600).

    Raises:
        OSError: the file cannot be written.
    """
    path.touch(mode=0o600, exist_ok=False)
    table = pa.Table.from_arrays(list(columns.values()), names=list(columns))
    parquet.write_table(table, path, compression="zstd", version="2.6")


def _nullable(values: list[Any], dtype: type[np.generic], kind: Any) -> Any:
    known = np.array([value is not None for value in values], dtype=np.bool_)
    plain = np.array([0 if value is None else value for value in values], dtype=dtype)
    bitmap = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(kind, len(values), [bitmap, pa.py_buffer(plain)])
