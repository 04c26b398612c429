"""Pipes, threads, files and locks below the alerts."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tradetui.alerts.calls import BlockingCalls, CallTimeout, TooManyCalls
from tradetui.alerts.deadman import DeadManPing
from tradetui.alerts.pipes import LineReader, LineWriter
from tradetui.alerts.solelock import SoleLock
from tradetui.alerts.watchlog import MAX_BYTES, NAME, WatchLog


@asynccontextmanager
async def _pipe(*, limit: int, backlog: int) -> AsyncIterator[tuple[LineReader, LineWriter]]:
    read_end, write_end = os.pipe()
    reader = await LineReader.connect(os.fdopen(read_end, "rb", buffering=0), limit=limit)
    writer = await LineWriter.connect(os.fdopen(write_end, "wb", buffering=0), limit=backlog)
    try:
        yield reader, writer
    finally:
        writer.abort()
        await writer.closed()
        reader.close()


async def test_lines_arrive_in_order_and_half_a_line_at_the_end_is_dropped() -> None:
    async with _pipe(limit=100, backlog=1000) as (reader, writer):
        for line in (b"one\n", b"two\n", b"half"):
            assert writer.write(line)
        writer.close()
        assert [await reader.line() for _ in range(3)] == [b"one\n", b"two\n", None]


@pytest.mark.parametrize("size", [101, 1000, 50_000])
async def test_a_line_that_is_too_long_is_skipped_and_the_next_one_is_read(size: int) -> None:
    async with _pipe(limit=100, backlog=1_000_000) as (reader, writer):
        assert writer.write(b"x" * size + b"\n" + b"next\n")
        assert await reader.line() == b""
        assert await reader.line() == b"next\n"


async def test_an_endless_line_without_its_end_is_the_end() -> None:
    async with _pipe(limit=100, backlog=1_000_000) as (reader, writer):
        assert writer.write(b"x" * 50_000)
        writer.close()
        assert await reader.line() == b""
        assert await reader.line() is None


async def test_a_writer_refuses_instead_of_waiting_and_tells_when_there_is_room() -> None:
    async with _pipe(limit=1_000_000, backlog=100_000) as (reader, writer):
        sent = 0
        while writer.write(b"x" * 9_999 + b"\n"):
            sent += 1
        assert sent < 40
        waiting = asyncio.ensure_future(writer.writable())
        for _ in range(sent):
            assert await reader.line() is not None
        async with asyncio.timeout(5):
            await waiting
        assert writer.write(b"again\n")


async def test_a_writer_without_a_reader_is_closed_not_broken() -> None:
    async with _pipe(limit=100, backlog=1000) as (reader, writer):
        reader.close()
        async with asyncio.timeout(5):
            await writer.closed()
        assert not writer.write(b"x\n")
        writer.close()
        writer.abort()


async def test_a_call_is_answered_or_raises_as_it_would_have() -> None:
    calls = BlockingCalls()
    assert await calls.run(lambda: 5, limit_s=5) == 5
    with pytest.raises(ZeroDivisionError):
        await calls.run(lambda: 1 // 0, limit_s=5)


async def test_a_call_that_hangs_is_left_behind_and_too_many_of_them_are_refused() -> None:
    calls, release = BlockingCalls(max_left=2), threading.Event()
    for _ in range(2):
        with pytest.raises(CallTimeout):
            await calls.run(release.wait, limit_s=0.01)
    with pytest.raises(TooManyCalls):
        await calls.run(release.wait, limit_s=0.01)
    release.set()
    await asyncio.to_thread(_join_calls)
    assert await calls.run(lambda: 5, limit_s=5) == 5


def _join_calls() -> None:
    for thread in threading.enumerate():
        if thread.name == "alert-call":
            thread.join(5)


def test_an_answer_after_the_loop_ended_disturbs_nobody() -> None:
    calls, release, threads = BlockingCalls(), threading.Event(), set(threading.enumerate())

    async def leave() -> None:
        with pytest.raises(CallTimeout):
            await calls.run(release.wait, limit_s=0.01)

    asyncio.run(leave())
    release.set()
    for thread in set(threading.enumerate()) - threads:
        thread.join(5)
        assert not thread.is_alive()


def test_the_log_is_private_dated_and_bounded(tmp_path: Path) -> None:
    log = WatchLog(tmp_path, lambda: 1_790_000_000_000_000_000)
    log.write("status", text="\x1b[31m\n", code=None)
    (line,) = (tmp_path / NAME).read_text().splitlines()
    assert json.loads(line) == {
        "ts": "2026-09-21T14:13:20.000+00:00",
        "what": "status",
        "pid": os.getpid(),
        "text": "\x1b[31m\n",
        "code": None,
    }
    assert "\x1b" not in line
    for _ in range(5):
        log.write("x", text="y" * (MAX_BYTES // 2 + 1))
    assert sorted(path.name for path in tmp_path.iterdir()) == [NAME, f"{NAME}.1"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in tmp_path.iterdir())


def test_a_log_that_cannot_be_written_says_so_and_raises_nothing(tmp_path: Path) -> None:
    log = WatchLog(tmp_path / "missing", lambda: 0)
    log.write("status")
    assert log.failing


def test_a_log_does_not_follow_a_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / NAME).symlink_to(tmp_path / "elsewhere")
    log = WatchLog(tmp_path, lambda: 0)
    log.write("status")
    assert log.failing
    assert (tmp_path / "elsewhere").read_bytes() == b""


def test_one_holder_at_a_time_and_the_lock_ends_with_it(tmp_path: Path) -> None:
    first, second = SoleLock(tmp_path), SoleLock(tmp_path)
    assert first.acquire()
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()


def test_without_a_place_for_the_lock_alerts_go_on(tmp_path: Path) -> None:
    assert SoleLock(tmp_path / "missing").acquire()


async def test_a_ping_to_nowhere_is_told_once_without_its_address() -> None:
    turns: list[tuple[bool, str]] = []
    ping = DeadManPing(
        "https://127.0.0.1:1/secret",
        every_s=60,
        calls=BlockingCalls(),
        on_turn=lambda works, text: turns.append((works, text)),
    )
    for _ in range(2):
        await ping.ping()
    assert turns == [(False, "dead-man ping fails: ConnectionRefusedError")]


def test_a_ping_is_due_at_its_interval() -> None:
    ping = DeadManPing("http://x", every_s=60, calls=BlockingCalls(), on_turn=lambda works, text: None)
    assert [ping.is_due(int(second * 1e9)) for second in (0, 1, 59, 60, 61)] == [True, False, False, True, False]
