"""The recorder appends closed bars from its own thread, and what it wrote can be loaded and replayed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import BarClosed, BarSource
from tradetui.marketdata.bar_file import load_bars
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.recorder import BarRecorder

NYSE = TradingCalendar.load(first_year=2024, last_year=2026)


def closed(minute: int, symbol: str = "SPY", day: date = date(2026, 1, 6)) -> BarClosed:
    session = NYSE.session_on(day)
    assert session is not None
    bar = Bar(symbol, session.open_ns + minute * MINUTE_NS, 0.1 + 0.2, 1.0, 0.1, 0.7, 12.0)
    return BarClosed(bar, "1m", BarSource.LIVE, complete=minute != 2)


def record(folder: Path, *bars: BarClosed) -> BarRecorder:
    recorder = BarRecorder(folder, NYSE)
    for bar in bars:
        recorder.record(bar)
    recorder.close()
    return recorder


def test_bars_are_written_by_symbol_size_and_exchange_date_and_load_exactly(tmp_path: Path) -> None:
    first, second = closed(1), closed(390)
    record(tmp_path, first, second, closed(1, "QQQ"), closed(1, day=date(2026, 1, 7)))
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.csv"))
    assert files == ["QQQ/1m/2026-01-06.csv", "SPY/1m/2026-01-06.csv", "SPY/1m/2026-01-07.csv"]
    bars = load_bars(tmp_path / "SPY/1m/2026-01-06.csv")["SPY"]
    assert list(bars.bars()) == [first.bar, second.bar]


def test_a_second_run_appends_and_repeats_nothing(tmp_path: Path) -> None:
    record(tmp_path, closed(1), closed(2))
    record(tmp_path, closed(2), closed(3), closed(3))
    assert len(load_bars(tmp_path / "SPY/1m/2026-01-06.csv")["SPY"]) == 3


@pytest.mark.parametrize("torn", ["SPY,17677", "SPY,1767710000000000000,0.1,1.0,0.1,0.7,12.0,1"])
def test_a_line_torn_by_a_crash_is_cut_off(tmp_path: Path, torn: str) -> None:
    record(tmp_path, closed(1))
    path = tmp_path / "SPY/1m/2026-01-06.csv"
    path.write_text(path.read_text() + torn)
    record(tmp_path, closed(2))
    assert len(load_bars(path)["SPY"]) == 2


def test_a_file_without_a_whole_header_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "SPY/1m/2026-01-06.csv"
    path.parent.mkdir(parents=True)
    path.write_text("symb")
    record(tmp_path, closed(1))
    assert len(load_bars(path)["SPY"]) == 1


def test_files_are_readable_by_the_operator_only(tmp_path: Path) -> None:
    record(tmp_path, closed(1))
    path = tmp_path / "SPY/1m/2026-01-06.csv"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_fails_is_a_named_fault_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "SPY").write_text("a file where a folder must be")
    recorder = record(tmp_path, closed(1), closed(2))
    assert recorder.dropped == 2
    assert recorder.fault is not None
    assert "bars are not recorded" in recorder.fault


def test_a_symbol_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    record(folder, closed(1, "../../EVIL"))
    assert [path.name for path in tmp_path.iterdir()] == ["bars"]


def test_a_bar_after_close_is_counted_as_dropped(tmp_path: Path) -> None:
    recorder = record(tmp_path)
    recorder.record(closed(1))
    recorder.close()
    assert recorder.dropped == 1


def test_a_recorder_that_is_far_behind_drops_and_counts(tmp_path: Path) -> None:
    recorder = BarRecorder(tmp_path, NYSE, max_queued=0)
    recorder.record(closed(1))
    recorder.close()
    assert recorder.dropped == 1
