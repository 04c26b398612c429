"""Writes every closed bar to disk, for replay and for the comparison of live with backtest.

Invariant: the event loop never waits for a disk: `record` only queues. Files are append-only CSV, one per symbol, size
and exchange date, that `load_bars` reads; a crash can cost the last line, which the next start cuts off.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from pathlib import Path
from typing import BinaryIO

from tradetui.domain.bar import Bar
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.events import BarClosed
from tradetui.marketdata.calendar import TradingCalendar

HEADER = b"symbol,end_ns,open,high,low,close,volume,complete\n"

_MAX_FILES_KNOWN = 1000


class BarRecorder:
    """Appends bars under `folder/SYMBOL/size/DATE.csv` from a thread of its own, in batches."""

    def __init__(self, folder: Path, calendar: TradingCalendar, *, max_queued: int = 20_000) -> None:
        self._folder = folder
        self._calendar = calendar
        self._max_queued = max_queued
        self._queue: deque[BarClosed] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._last_end_ns: dict[Path, int] = {}
        self.dropped = 0
        self.fault: str | None = None
        self._thread = threading.Thread(target=self._run, name="bar-recorder", daemon=True)
        self._thread.start()

    def record(self, closed: BarClosed) -> None:
        """Queue one bar; when the disk is far behind it is dropped and counted."""
        with self._wake:
            if len(self._queue) >= self._max_queued or self._closing:
                self.dropped += 1
                return
            self._queue.append(closed)
            self._wake.notify()

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what is queued and end the thread; idempotent."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: bool(self._queue) or self._closing)
                batch = list(self._queue)
                self._queue.clear()
            if not batch:
                return
            self._write_batch(batch)

    def _write_batch(self, batch: list[BarClosed]) -> None:
        by_file: dict[Path, list[BarClosed]] = {}
        for closed in batch:
            by_file.setdefault(self._path(closed), []).append(closed)
        for path, bars in by_file.items():
            try:
                self._append(path, bars)
                self.fault = None
            except OSError as error:
                # A recording is a convenience: trading goes on, the screen shows the fault and the count. The file
                # may hold half a line now, so it is looked at again before the next append.
                self._last_end_ns.pop(path, None)
                self.fault = f"bars are not recorded: {path}: {error.strerror}"
                self.dropped += len(bars)

    def _path(self, closed: BarClosed) -> Path:
        # A day's last bar ends at the close, a midnight bar at 00:00: one nanosecond back names the right date.
        day = self._calendar.local(closed.bar.end_ns - SECOND_NS).date()
        folder = re.sub(r"[^A-Za-z0-9._-]", "-", closed.bar.symbol).lstrip(".") or "-"
        return self._folder / folder / closed.size / f"{day.isoformat()}.csv"

    def _append(self, path: Path, bars: list[BarClosed]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(handle, "r+b") as file:
            last_ns = self._last_end(path, file)
            lines = []
            for closed in bars:
                # A restart closes bars again that are on disk already.
                if closed.bar.end_ns > last_ns:
                    last_ns = closed.bar.end_ns
                    lines.append(_line(closed.bar, complete=closed.complete))
            file.seek(0, os.SEEK_END)
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
            self._last_end_ns[path] = last_ns

    def _last_end(self, path: Path, file: BinaryIO) -> int:
        if path not in self._last_end_ns:
            if len(self._last_end_ns) >= _MAX_FILES_KNOWN:
                self._last_end_ns.clear()
            self._last_end_ns[path] = _mend(file)
        return self._last_end_ns[path]


def _line(bar: Bar, *, complete: bool) -> bytes:
    values = ",".join(repr(value) for value in (bar.open, bar.high, bar.low, bar.close, bar.volume))
    return f"{bar.symbol},{bar.end_ns},{values},{int(complete)}\n".encode()


def _mend(file: BinaryIO) -> int:
    """Cut a half-written last line off; return the end of the last whole bar, 0 when there is none."""
    content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    if not whole.startswith(HEADER):
        file.seek(0)
        file.truncate()
        file.write(HEADER)
        return 0
    if len(whole) < len(content):
        file.truncate(len(whole))
    last = whole[:-1].rpartition(b"\n")[2]
    return int(last.split(b",")[1]) if last != HEADER[:-1] else 0
