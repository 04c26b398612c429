"""A recorded run gives back its start and every input, in order and equal."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradetui.domain.bar import Bar
from tradetui.domain.clock import Now
from tradetui.domain.errors import StoreError
from tradetui.domain.events import (
    BarClosed,
    BarSource,
    BrokerSnapshot,
    Command,
    CommandKind,
    CommandReceived,
    Event,
    SessionChanged,
    SessionState,
    SignalsProposed,
    SnapshotTaken,
    TimerFired,
)
from tradetui.domain.order import OrderType, Side, Signal
from tradetui.domain.records import BarConsumed, JournalImage
from tradetui.store.inputs import InputRecorder, read_start, read_steps
from tradetui.store.plain import NotPlain, from_plain, from_tagged, to_plain, to_tagged

EVENTS: list[Event] = [
    SessionChanged(SessionState.READY, "synced", account="DU1"),
    BarClosed(Bar("SPY", 60, 1.0, 2.0, 0.5, 1.5, 100.0), "1m", BarSource.LIVE),
    SignalsProposed("m", "SPY", 60, (Signal(symbol="SPY", side=Side.BUY, qty=1.0, order_type=OrderType.LIMIT),)),
    SnapshotTaken(BrokerSnapshot(started_mono_ns=5, open_orders=(), fills=None)),
    CommandReceived(Command(command_id="c", kind=CommandKind.FLATTEN, who="ops", symbols=("SPY", "QQQ"))),
    TimerFired(),
]


async def record(path: Path, run_id: str, count: int, max_bytes: int = 1 << 20) -> InputRecorder:
    image = JournalImage(consumed=(BarConsumed("m", "SPY", 60),), opening_cash=5.5)
    recorder = await InputRecorder.open(path, run_id, image, '{"speed": 60}', max_bytes=max_bytes)
    for number in range(count):
        recorder.record(EVENTS[number % len(EVENTS)], Now(number * 10, number))
    await recorder.close()
    return recorder


async def test_a_run_is_read_back_equal_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "inputs.db"
    recorder = await record(path, "r1", 4500)
    image, config = read_start(path, "r1")
    steps = list(read_steps(path, "r1"))
    assert recorder.dropped == 0
    assert (image.opening_cash, image.consumed, config) == (5.5, (BarConsumed("m", "SPY", 60),), '{"speed": 60}')
    assert [step.event for step in steps] == [EVENTS[number % len(EVENTS)] for number in range(4500)]
    assert [step.now.market_ns for step in steps] == [number * 10 for number in range(4500)]


async def test_the_file_stays_bounded_and_a_run_that_lost_its_beginning_says_so(tmp_path: Path) -> None:
    path = tmp_path / "inputs.db"
    await record(path, "old", 6000, max_bytes=20_000)
    await record(path, "new", 2000, max_bytes=20_000)
    assert len(list(read_steps(path, "new"))) == 2000
    with pytest.raises(StoreError, match="holds no run 'old'"):
        read_start(path, "old")


@given(st.sampled_from(EVENTS))
@settings(max_examples=20)
def test_events_survive_the_plain_form(event: Event) -> None:
    assert from_tagged(Event, to_tagged(event)) == event


@pytest.mark.parametrize(
    "plain",
    [["NoSuchEvent", {}], ["TimerFired"], ["SessionChanged", {"state": "READY", "reason": 5}], ["BarClosed", {"x": 1}]],
)
def test_what_is_no_event_is_refused_not_guessed_at(plain: list[object]) -> None:
    with pytest.raises(ValueError, match=r"no |list|READY|has no field"):
        from_tagged(Event, plain)  # type: ignore[arg-type]


def test_a_missing_field_is_named() -> None:
    with pytest.raises(NotPlain, match="symbol"):
        from_plain(Signal, {"side": "BUY", "qty": 1.0})
    assert to_plain(Side.BUY) == "BUY"
