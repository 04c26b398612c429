"""A journal copied at any moment, its write-ahead log torn anywhere, restarts from a whole number of commits."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.records_strategy import intent_of
from tradetui.domain.errors import StoreError
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import BarConsumed, Note, OrderSaved, Record
from tradetui.store.errors import JournalBroken, JournalUnavailable
from tradetui.store.journal import Journal

COMMITS = 12


def step(number: int) -> list[Record]:
    """One step's records: an order and its bar, which belong together."""
    intent = replace(intent_of(f"intent{number}"), bar_end_ns=number)
    order = OrderRecord(intent=intent, state=OrderState.JOURNALED, order_ref=f"tt:cross:intent{number}")
    return [BarConsumed("cross", "SPY", number), OrderSaved(order, "journaled")]


async def steps_in(path: Path) -> int:
    """Open a journal as a restart does; return how many whole steps it holds."""
    journal = await Journal.open(path)
    image = await journal.load()
    await journal.close()
    orders = {order.intent.intent_id for order in image.orders}
    newest = max((item.bar_end_ns for item in image.consumed), default=0)
    assert orders == {f"intent{number}" for number in range(1, newest + 1)}, "a step is there in part"
    return newest


def copied(source: Path, target: Path, wal_bytes: int | None = None) -> Path:
    """Copy the journal and its log, the log cut to `wal_bytes`, as a power cut leaves them."""
    target.mkdir()
    shutil.copy(source, target / source.name)
    log = source.with_name(f"{source.name}-wal")
    if log.exists():
        content = log.read_bytes()
        (target / log.name).write_bytes(content if wal_bytes is None else content[:wal_bytes])
    return target / source.name


async def test_a_copy_taken_behind_each_commit_holds_exactly_the_commits_so_far(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await Journal.open(path)
    for number in range(1, COMMITS + 1):
        await journal.commit(step(number))
        assert await steps_in(copied(path, tmp_path / f"copy{number}")) == number
    await journal.close()


async def test_a_log_torn_anywhere_restarts_from_whole_commits(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await Journal.open(path)
    await journal.commit(step(1))
    for number in range(2, COMMITS + 1):
        await journal.commit(step(number))
    size = path.with_name("journal.db-wal").stat().st_size
    held = []
    for place, cut in enumerate(range(0, size + 1, max(1, size // 40))):
        held.append(await steps_in(copied(path, tmp_path / f"torn{place}", cut)))
    await journal.close()
    assert held == sorted(held), "a longer log never holds less"
    assert held[-1] <= COMMITS
    assert len(set(held)) > COMMITS / 2, "the cuts fell between many commits"


async def test_a_log_with_a_spoilt_page_restarts_from_the_commits_before_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await Journal.open(path)
    for number in range(1, COMMITS + 1):
        await journal.commit(step(number))
    copy = copied(path, tmp_path / "spoilt")
    await journal.close()
    log = copy.with_name("journal.db-wal")
    content = bytearray(log.read_bytes())
    middle = len(content) * 2 // 3
    content[middle : middle + 64] = b"\xff" * 64
    log.write_bytes(content)
    assert 0 < await steps_in(copy) < COMMITS


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let every write beyond `size` bytes of a file fail, as a failing device does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_write_that_the_device_refuses_fails_the_commit_and_a_restart_reads_what_was_durable(
    tmp_path: Path,
) -> None:
    path = tmp_path / "journal.db"
    journal = await Journal.open(path)
    await journal.commit(step(1))
    large = Note(ts_ns=1, level="INFO", topic="t", text="x" * 300_000)
    with largest_file(path.with_name("journal.db-wal").stat().st_size + 8_192), pytest.raises(StoreError):
        await journal.commit([*step(2), large])
    with pytest.raises(JournalBroken, match="restart tradetui"):
        await journal.commit(step(2))
    await journal.close()
    assert await steps_in(path) == 1


async def test_a_journal_that_became_read_only_refuses_commits_until_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    journal = await Journal.open(path)
    await journal.commit(step(1))
    await journal._connection.run(lambda connection: connection.execute("PRAGMA query_only = ON"))
    with pytest.raises(JournalUnavailable, match="readonly"):
        await journal.commit(step(2))
    await journal._connection.run(lambda connection: connection.execute("PRAGMA query_only = OFF"))
    await journal.commit(step(2))
    await journal.close()
    assert await steps_in(path) == 2
