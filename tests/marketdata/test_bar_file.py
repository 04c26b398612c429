"""Bar files: good ones become columns, bad ones are refused in one line that names file, row, reason and remedy."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tradetui.domain.clock import to_ns
from tradetui.domain.errors import OperatorError
from tradetui.marketdata.bar_file import load_bars

START = datetime(2026, 1, 5, 14, 31, tzinfo=UTC)
Row = dict[str, object]


def row(minute: int, symbol: str = "SPY", **changes: object) -> Row:
    base: Row = {"symbol": symbol, "end": START + timedelta(minutes=minute), "open": 10.0, "high": 11.0}
    return {**base, "low": 9.0, "close": 10.5, "volume": 100.0, **changes}


def parquet(tmp_path: Path, rows: list[Row]) -> Path:
    path = tmp_path / "bars.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_a_parquet_file_becomes_columns_by_symbol(tmp_path: Path) -> None:
    path = parquet(tmp_path, [row(0), row(0, "QQQ"), row(1), row(1, "QQQ", close=9.5)])
    bars = load_bars(path)
    assert list(bars) == ["SPY", "QQQ"]
    assert bars["SPY"].end_ns.dtype == np.int64
    assert bars["SPY"].end_ns.tolist() == [to_ns(START), to_ns(START + timedelta(minutes=1))]
    assert bars["QQQ"].close.tolist() == [10.5, 9.5]


def test_only_the_symbols_asked_for_are_loaded_and_checked(tmp_path: Path) -> None:
    path = parquet(tmp_path, [row(0), row(0, "BAD", low=-1.0)])
    assert list(load_bars(path, ["SPY"])) == ["SPY"]


def test_a_csv_file_gives_the_same_columns_as_parquet(tmp_path: Path) -> None:
    rows = [row(minute) for minute in range(3)]
    csv = tmp_path / "bars.csv"
    lines = ["symbol,end,open,high,low,close,volume"]
    lines += [f"SPY,{(START + timedelta(minutes=m)).isoformat()},10,11.0,9.0,10.5,100" for m in range(3)]
    csv.write_text("\n".join(lines) + "\n")
    from_csv, from_parquet = load_bars(csv)["SPY"], load_bars(parquet(tmp_path, rows))["SPY"]
    assert from_csv.end_ns.tolist() == from_parquet.end_ns.tolist()
    assert from_csv.open.tolist() == from_parquet.open.tolist()
    assert from_csv.volume.dtype == np.float64


def test_a_file_without_symbols_is_taken_for_the_one_symbol_asked_for(tmp_path: Path) -> None:
    csv = tmp_path / "spy.csv"
    csv.write_text("end,open,high,low,close,volume\n2026-01-05T14:31:00Z,10,11,9,10.5,100\n")
    assert list(load_bars(csv, ["SPY"])) == ["SPY"]
    with pytest.raises(OperatorError, match="no column symbol"):
        load_bars(csv)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row(1), row(1)], r"row 2 \(SPY\) repeats the end"),
        ([row(2), row(1)], r"row 2 \(SPY\) ends before"),
        ([row(0), row(0, "QQQ"), row(1, high=8.0)], r"row 3 \(SPY\) has open or close outside"),
        ([row(0, close=float("nan"))], r"row 1 \(SPY\) has a price"),
        ([row(0, open=0.0)], r"row 1 \(SPY\) has a price"),
        ([row(0), row(1, volume=-1.0)], r"row 2 \(SPY\) has a volume"),
        ([row(0), row(1, close=None)], r"row 2 has no close"),
    ],
)
def test_a_bad_row_is_named_with_its_reason(tmp_path: Path, rows: list[Row], reason: str) -> None:
    with pytest.raises(OperatorError, match=reason) as caught:
        load_bars(parquet(tmp_path, rows))
    assert "bars.parquet" in str(caught.value)
    assert str(caught.value).endswith("correct or remove that row")
    assert "\n" not in str(caught.value)


def test_time_without_a_zone_is_refused_with_the_remedy(tmp_path: Path) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(OperatorError, match="no time zone; give UTC"):
        load_bars(parquet(tmp_path, [row(0, end=naive)]))


def test_a_missing_column_a_missing_symbol_and_no_rows_are_named(tmp_path: Path) -> None:
    incomplete = [{key: value for key, value in row(0).items() if key != "volume"}]
    with pytest.raises(OperatorError, match="has no column volume"):
        load_bars(parquet(tmp_path, incomplete))
    with pytest.raises(OperatorError, match="no bars of TSLA; it holds SPY"):
        load_bars(parquet(tmp_path, [row(0)]), ["TSLA"])
    empty = tmp_path / "empty.parquet"
    pq.write_table(pa.Table.from_pylist([row(0)]).slice(0, 0), empty)
    with pytest.raises(OperatorError, match="holds no rows"):
        load_bars(empty)


def test_a_missing_or_foreign_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="does not exist"):
        load_bars(tmp_path / "none.parquet")
    text = tmp_path / "text.parquet"
    text.write_text("hello")
    with pytest.raises(OperatorError, match="cannot be read") as caught:
        load_bars(text)
    assert "\n" not in str(caught.value)


def test_text_in_a_price_column_is_refused(tmp_path: Path) -> None:
    csv = tmp_path / "bars.csv"
    csv.write_text('symbol,end,open,high,low,close,volume\nSPY,2026-01-05T14:31:00Z,"1,000",11,9,10.5,100\n')
    with pytest.raises(OperatorError, match="column open is string"):
        load_bars(csv)


def test_real_minutes_load_complete_and_in_order(shared_dir: Path) -> None:
    bars = load_bars(shared_dir / "data" / "etf_1m_yahoo.parquet")
    assert sorted(bars) == ["DIA", "IWM", "QQQ", "SPY"]
    assert sum(len(columns) for columns in bars.values()) == 20761
    first = next(iter(bars["SPY"].bars()))
    assert first.symbol == "SPY"
    assert first.fault() is None


def test_a_bar_file_is_read_without_waking_pandas(tmp_path: Path) -> None:
    table = pa.table(
        {
            "symbol": ["SPY", "QQQ"],
            "end": pa.array([60_000, 60_000], pa.timestamp("ms", tz="UTC")),
            **{name: [10.0, 20.0] for name in ("open", "high", "low", "close")},
            "volume": [5, 6],
        }
    )
    file = tmp_path / "bars.parquet"
    pq.write_table(table, file)
    code = (
        "import sys; from pathlib import Path; from tradetui.marketdata.bar_file import load_bars\n"
        "bars = load_bars(Path(sys.argv[1]))\n"
        "print(bars['QQQ'].end_ns.tolist(), bars['QQQ'].close.tolist(), bars['QQQ'].volume.tolist())\n"
        "print(sorted({'pandas', 'pyarrow.compute'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[60000000000] [20.0] [6.0]", "[]"]


def test_a_row_without_a_symbol_is_refused(tmp_path: Path) -> None:
    table = pa.table(
        {
            "symbol": ["SPY", None],
            "end": pa.array([60_000, 120_000], pa.timestamp("ms", tz="UTC")),
            **{name: [10.0, 20.0] for name in ("open", "high", "low", "close", "volume")},
        }
    )
    file = tmp_path / "bars.parquet"
    pq.write_table(table, file)
    with pytest.raises(OperatorError, match="row 2 has no symbol"):
        load_bars(file)
