"""Where session times come from: pandas-market-calendars, or a small file that remembers what it said.

Invariant: a cache file is believed only if its header names this exchange, this range and this version of the source
and its checksum holds; anything else is rebuilt and replaced, never repaired.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from tradetui.domain.errors import OperatorError
from tradetui.marketdata.calendar_build import build_elsewhere

_MAGIC = b"tradetui-sessions-1\n"

#: The source's own calendars know historic late opens and halts that its mirrored "XNYS" does not.
_SOURCE_NAMES = {"XNYS": "NYSE", "XNAS": "NASDAQ"}


@dataclass(frozen=True, slots=True)
class SessionTable:
    """One exchange's sessions as columns: open and close in UTC ns, date as ordinal; indices of the early closes."""

    zone: str
    opens: Sequence[int]
    closes: Sequence[int]
    days: Sequence[int]
    early: Sequence[int]


def session_table(name: str, first_year: int, last_year: int, cache_file: Path | None) -> SessionTable:
    """Sessions of exchange `name` in the years first..last, both included.

    Raises OperatorError for an exchange the source does not know, or an empty range.
    """
    if first_year > last_year:
        raise OperatorError(f"calendar years {first_year}..{last_year} are empty; give the earlier year first")
    header = _header(name, first_year, last_year)
    if cache_file is None:
        return _from_source(name, first_year, last_year)
    table = _read(cache_file, header)
    if table is None and "pandas" not in sys.modules:
        build_elsewhere(name, first_year, last_year, cache_file)
        table = _read(cache_file, header)
    return table or write_table(name, first_year, last_year, cache_file)


def write_table(name: str, first_year: int, last_year: int, cache_file: Path) -> SessionTable:
    """Make the table here and now and remember it in `cache_file`.

    Raises OperatorError as `session_table`.
    """
    table = _from_source(name, first_year, last_year)
    _write(cache_file, _header(name, first_year, last_year), table)
    return table


def _from_source(name: str, first_year: int, last_year: int) -> SessionTable:
    # Imported here: pandas and this library cost about a second and 60 MB, which a cached start must not pay.
    import pandas as pd
    import pandas_market_calendars as mcal

    try:
        source = mcal.get_calendar(_SOURCE_NAMES.get(name, name))
    except RuntimeError:
        raise OperatorError(f"exchange calendar {name!r} is not known; use a MIC such as XNYS") from None
    with warnings.catch_warnings():
        # The library's own use of pandas deprecations is nothing an operator can act on.
        warnings.simplefilter("ignore")
        schedule = source.schedule(f"{first_year}-01-01", f"{last_year}-12-31")
        if schedule.empty:
            raise OperatorError(f"exchange calendar {name} has no session in {first_year}..{last_year}")
        early_days = {day.toordinal() for day in source.early_closes(schedule).index}
    days = [day.toordinal() for day in schedule.index]
    return SessionTable(
        zone=str(source.tz),
        opens=pd.DatetimeIndex(schedule["market_open"]).as_unit("ns").asi8.tolist(),
        closes=pd.DatetimeIndex(schedule["market_close"]).as_unit("ns").asi8.tolist(),
        days=days,
        early=[index for index, day in enumerate(days) if day in early_days],
    )


def _header(name: str, first_year: int, last_year: int) -> dict[str, str | int]:
    version = metadata.version("pandas-market-calendars")
    return {"name": name, "first_year": first_year, "last_year": last_year, "source": version}


def _write(path: Path, header: dict[str, str | int], table: SessionTable) -> None:
    columns = [array("q", column).tobytes() for column in (table.opens, table.closes, table.days, table.early)]
    body = b"".join(columns)
    about = {
        **header,
        "zone": table.zone,
        "sizes": [len(column) for column in columns],
        "crc": zlib.crc32(body),
    }
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.touch(mode=0o600)
        partial.write_bytes(_MAGIC + json.dumps(about).encode() + b"\n" + body)
        partial.replace(path)
    except OSError as error:
        raise OperatorError(f"cannot write the calendar cache {path}: {error.strerror}; check the folder") from None


def _read(path: Path, header: dict[str, str | int]) -> SessionTable | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if not data.startswith(_MAGIC):
        return None
    head, _, body = data[len(_MAGIC) :].partition(b"\n")
    try:
        about = json.loads(head)
        fits = all(about[key] == value for key, value in header.items()) and about["crc"] == zlib.crc32(body)
        sizes = [int(size) for size in about["sizes"]]
        zone = str(about["zone"])
    except (ValueError, KeyError, TypeError):
        return None
    if not fits or len(sizes) != 4 or sum(sizes) != len(body):
        return None
    columns: list[list[int]] = []
    start = 0
    for size in sizes:
        columns.append(array("q", body[start : start + size]).tolist())
        start += size
    return SessionTable(zone, *columns)
