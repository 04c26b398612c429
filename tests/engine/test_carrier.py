"""Actions of the core: orders only behind their commit, cancels and exits whatever the journal does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from tradetui.broker.port import Written
from tradetui.domain.actions import Action, CancelOrder, Commit, PlaceOrder, Reply, RequestSnapshot, StopCore
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import Now
from tradetui.domain.errors import BrokerError, BrokerTimeout, NotConnected, StoreError
from tradetui.domain.events import (
    BrokerSnapshot,
    Event,
    HealthChanged,
    JournalFailed,
    OrderNotWritten,
    OrderWritten,
    SignalsProposed,
    SnapshotTaken,
    StopFileSeen,
    TimerFired,
)
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.records import AlertQueued, LatchSaved, Note, Record
from tradetui.engine.carrier import Carrier, Hands
from tradetui.engine.inbox import Inbox
from tradetui.engine.journal_writer import JournalWriter
from tradetui.engine.latency import OrderLatency
from tradetui.engine.stepper import Stepper, merged

NOTE = Note(ts_ns=1, level="INFO", topic="t", text="")
DURABLE = Commit((NOTE,), durable=True)


def place(intent_id: str, purpose: Purpose = Purpose.ENTRY) -> PlaceOrder:
    intent = Intent(
        intent_id=intent_id,
        strategy="m",
        symbol="SPY",
        side=Side.BUY,
        qty=1.0,
        purpose=purpose,
        order_type=OrderType.MARKET,
        tif=TimeInForce.DAY,
        bar_end_ns=60,
    )
    return PlaceOrder(intent, f"tt:m:{intent_id}")


class Broker:
    """The part of a broker that orders and looks touch; the connector itself is tested with a real gateway."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.failure: Exception | None = None

    def place(self, intent: Intent, order_ref: str, *, transmit: bool = True) -> Written:
        if self.failure is not None:
            raise self.failure
        self.log.append(f"place {intent.intent_id}")
        return Written(7, 42)

    def cancel(self, order_id: int, client_id: int) -> None:
        if self.failure is not None:
            raise self.failure
        self.log.append(f"cancel {order_id}")

    async def snapshot(self, timeout_s: float) -> BrokerSnapshot:
        if self.failure is not None:
            raise self.failure
        self.log.append("look")
        return BrokerSnapshot(started_mono_ns=3, positions=())


class Journal:
    """Notes commits; fails when told."""

    def __init__(self, log: list[str]) -> None:
        self.log = log
        self.failure: StoreError | None = None

    async def commit(self, records: Sequence[Record]) -> None:
        if self.failure is not None:
            raise self.failure
        self.log.append(f"commit {len(records)}")


class FixedClock:
    """A clock that stands."""

    speed = 1.0
    is_anchored = True

    def now(self) -> Now:
        return Now(1000, 2_000_000)

    def observe(self, server_ns: int, sent_mono_ns: int, received_mono_ns: int) -> float | None:
        return None


class World:
    """A carrier with its surroundings."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.inbox = Inbox()
        self.broker = Broker(self.log)
        self.journal = Journal(self.log)
        self.stop_reason = ""
        self.latency = OrderLatency()
        writer = JournalWriter(self.journal, on_failed=lambda _: None, on_restored=lambda: None)
        self.carrier = Carrier(
            Hands(
                broker=self.broker,  # type: ignore[arg-type]
                journal=writer,
                inbox=self.inbox,
                clock=FixedClock(),
                latency=self.latency,
                hosts={},
                reply=lambda reply: self.log.append(f"reply {reply.status}"),
                alert=lambda alert: self.log.append(f"alert {alert.number}"),
                stop=lambda reason: self.log.append(f"stop {reason}"),
                stop_reason=lambda: self.stop_reason,
                kill_unsaved=lambda text: self.log.append(f"kept {text}"),
                snapshot_s=1.0,
            )
        )

    def events(self) -> list[Event]:
        found = []
        while (event := self.inbox.take()) is not None:
            found.append(event)
        return found


async def test_an_order_goes_behind_its_commit_and_its_address_comes_back_before_anything_else() -> None:
    world = World()
    world.inbox.put(TimerFired())
    world.latency.bar_closed("SPY", 60, 500_000)
    await world.carrier.carry_out([DURABLE, place("a"), place("b")])
    assert world.log == ["commit 1", "place a", "place b"]
    assert world.events() == [OrderWritten("a", 7, 42), OrderWritten("b", 7, 42), TimerFired()]
    assert world.latency.percentile_ms(50) == pytest.approx(1.5)


async def test_without_its_commit_an_entry_stays_but_exits_cancels_and_answers_go() -> None:
    world = World()
    world.journal.failure = StoreError("disk full")
    actions: list[Action] = [
        CancelOrder("x", 3, 42, None),
        DURABLE,
        place("entry"),
        place("exit", Purpose.EXIT),
        place("flat", Purpose.FLATTEN),
        Reply("c", "done", ""),
    ]
    await world.carrier.carry_out(actions)
    assert world.log == ["cancel 3", "place exit", "place flat", "reply done"]
    assert JournalFailed("disk full", ("entry",)) in world.events()


async def test_what_nothing_waits_for_does_not_hold_the_core() -> None:
    world = World()
    world.journal.failure = StoreError("disk full")
    await world.carrier.carry_out([DURABLE])
    assert world.events() == []


@pytest.mark.parametrize(
    ("failure", "certain"), [(NotConnected("no session"), True), (BrokerError("half-way"), False), (OSError(), False)]
)
async def test_an_order_that_was_not_written_says_how_sure_that_is(failure: Exception, certain: bool) -> None:
    world = World()
    world.broker.failure = failure
    await world.carrier.carry_out([DURABLE, place("a")])
    (event,) = world.events()
    assert isinstance(event, OrderNotWritten)
    assert (event.intent_id, event.certain) == ("a", certain)


async def test_a_stop_file_at_the_last_moment_keeps_entries_back_and_lets_closing_orders_go() -> None:
    world = World()
    world.stop_reason = "STOP exists"
    await world.carrier.carry_out([DURABLE, place("a"), place("b", Purpose.FLATTEN)])
    assert world.log == ["commit 1", "place b"]
    assert world.events() == [
        OrderNotWritten("a", "STOP exists", certain=True),
        StopFileSeen("STOP exists"),
        OrderWritten("b", 7, 42),
    ]


async def test_a_cancel_without_address_or_link_raises_nothing() -> None:
    world = World()
    await world.carrier.carry_out([CancelOrder("x", None, None, 99)])
    world.broker.failure = NotConnected("no session")
    await world.carrier.carry_out([CancelOrder("x", 3, 42, None)])
    world.broker.failure = RuntimeError("bug")
    await world.carrier.carry_out([CancelOrder("x", 3, 42, None)])
    assert world.log == []


async def test_looks_do_not_overlap_and_a_failed_one_is_an_unknown_not_an_empty_answer() -> None:
    world = World()
    await world.carrier.carry_out([RequestSnapshot("first"), RequestSnapshot("second")])
    await asyncio.sleep(0.01)
    assert world.log == ["look"]
    assert world.events() == [SnapshotTaken(BrokerSnapshot(started_mono_ns=3, positions=()))]
    for failure in (BrokerTimeout("too slow"), RuntimeError("bug")):
        world.broker.failure = failure
        await world.carrier.carry_out([RequestSnapshot("again")])
        await asyncio.sleep(0.01)
        (event,) = world.events()
        assert isinstance(event, SnapshotTaken)
        assert (event.snapshot.positions, event.snapshot.gap_touched) == (None, True)
    await world.carrier.close()


async def test_alerts_go_out_and_a_kill_that_cannot_be_journaled_is_kept_in_the_stop_file() -> None:
    world = World()
    world.journal.failure = StoreError("disk full")
    latch = Latch(
        key="kill", state=TradingState.KILLED, who="ops", why="killed: x", ts_ns=1, cleared_by=ClearedBy.OPERATOR_TYPED
    )
    alert = Alert(number=5, severity=Severity.CRITICAL, cause="kill", text="KILLED", market_ns=1)
    commit = Commit((LatchSaved(latch), AlertQueued(alert)), durable=True)
    await world.carrier.carry_out([commit, Reply("c", "done", ""), StopCore("stop")])
    assert world.log == ["kept killed: x by ops; not journaled: disk full", "alert 5", "reply done", "stop stop"]


class Steps:
    """A core that answers each event with one commit of its number."""

    def __init__(self) -> None:
        self.failing = False
        self.seen: list[Event] = []

    def step(self, event: Event, now: Now) -> list[Action]:
        self.seen.append(event)
        if self.failing:
            raise RuntimeError("a bug")
        return [Commit((NOTE,), durable=True), place(str(len(self.seen)))]


def proposed(symbol: str) -> SignalsProposed:
    return SignalsProposed("m", symbol, 60, ())


async def test_decisions_that_wait_together_share_a_commit_but_nothing_urgent_is_overtaken() -> None:
    world, steps = World(), Steps()
    recorded: list[Event] = []
    stepper = Stepper(
        steps, world.inbox, FixedClock(), world.carrier.carry_out, lambda event, now: recorded.append(event)
    )
    for event in (proposed("SPY"), proposed("QQQ"), TimerFired(), proposed("DIA")):
        world.inbox.put(event)
    await stepper.handle(proposed("IWM"))
    assert world.log == ["commit 3", "place 1", "place 2", "place 3"]
    world.inbox.put_urgent(StopFileSeen("x"))
    await stepper.handle(proposed("SPY"))
    assert [type(event).__name__ for event in steps.seen] == ["SignalsProposed"] * 4
    assert recorded == steps.seen


async def test_a_core_that_fails_blocks_entries_and_goes_on() -> None:
    world, steps = World(), Steps()
    steps.failing = True
    stepper = Stepper(steps, world.inbox, FixedClock(), world.carrier.carry_out, lambda event, now: None)
    await stepper.handle(TimerFired())
    (event,) = world.events()
    assert isinstance(event, HealthChanged)
    assert (event.key, event.healthy) == ("internal", False)
    assert "RuntimeError: a bug" in event.detail
    await stepper.handle(event)
    assert world.events() == []
    assert stepper.faults == 2


def test_merged_steps_cancel_first_commit_once_and_keep_the_rest_in_order() -> None:
    cancel = CancelOrder("x", 3, 42, None)
    weak = Commit((NOTE,), durable=False)
    first: list[Action] = [weak, place("a"), Reply("1", "done", "")]
    second: list[Action] = [cancel, DURABLE, place("b")]
    together = merged(first, second)
    assert together == [cancel, Commit((NOTE, NOTE), durable=True), place("a"), Reply("1", "done", ""), place("b")]
    assert merged([], []) == []
