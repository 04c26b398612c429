"""Between outbox and channel: a channel that raises or hangs is an unknown outcome, never silence."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

from tradetui.alerts.calls import BlockingCalls
from tradetui.alerts.channels.base import LocateAnswer, SendAnswer, StatusAnswer
from tradetui.alerts.delivery import Accepted, Delivery, DeliveryPolicy, DeliveryState, Located, StatusSeen
from tradetui.alerts.dispatcher import Dispatcher
from tradetui.alerts.model import Message
from tradetui.alerts.outbox import Outbox

S = DeliveryState
POLICY = DeliveryPolicy(poll_after_s=(0.01,), backoff_s=0.01, backoff_cap_s=0.02)


class FaultyChannel:
    """A carrier whose client breaks its promise not to raise and not to hang."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.hang = False
        self.asked: list[str] = []

    def send(self, message: Message) -> SendAnswer:
        self.asked.append("send")
        if self.hang:
            self.release.wait()
            return Accepted("SM-late")
        raise RuntimeError("a bug")

    def locate(self, message: Message) -> LocateAnswer:
        self.asked.append("locate")
        if self.asked.count("locate") == 1:
            raise RuntimeError("a bug")
        return Located("SM1")

    def status(self, sid: str) -> StatusAnswer:
        self.asked.append(f"status {sid}")
        return StatusSeen(True, "delivered")


async def _deliver(channel: FaultyChannel, calls: BlockingCalls, message: Message) -> list[Delivery]:
    outbox = Outbox(POLICY, jitter=lambda: 0.0)
    changes: list[Delivery] = []
    ended = asyncio.Event()

    def note(delivery: Delivery) -> None:
        changes.append(delivery)
        if delivery.is_terminal:
            ended.set()

    dispatcher = Dispatcher(outbox, channel, calls, call_limit_s=-1.95, mono_ns=time.monotonic_ns, on_change=note)
    running = asyncio.ensure_future(dispatcher.run())
    outbox.add(message, now_ns=time.monotonic_ns(), wall_ns=message.wall_ns)
    dispatcher.wake()
    async with asyncio.timeout(10):
        await ended.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    channel.release.set()
    return changes


async def test_a_channel_that_raises_is_an_unknown_outcome_that_is_looked_up(
    make_message: Callable[..., Message],
) -> None:
    channel = FaultyChannel()
    changes = await _deliver(channel, BlockingCalls(), make_message())
    assert channel.asked == ["send", "locate", "locate", "status SM1"]
    assert "the channel failed (RuntimeError)" in [change.reason for change in changes]
    assert changes[-1].state is S.DELIVERED


async def test_a_channel_that_hangs_is_left_and_its_late_answer_changes_nothing(
    make_message: Callable[..., Message],
) -> None:
    channel = FaultyChannel()
    channel.hang = True
    changes = await _deliver(channel, BlockingCalls(), make_message())
    assert channel.asked.count("send") == 1
    assert changes[-1].sid == "SM1"


async def test_while_all_calls_hang_nothing_is_sent_and_the_message_says_why(
    make_message: Callable[..., Message],
) -> None:
    channel, calls = FaultyChannel(), BlockingCalls(max_left=1)
    blocked = asyncio.ensure_future(calls.run(channel.release.wait, limit_s=10))
    await asyncio.sleep(0)
    outbox = Outbox(POLICY, jitter=lambda: 0.0)
    told = asyncio.Event()
    reasons: list[str] = []

    def note(delivery: Delivery) -> None:
        if delivery.state is S.QUEUED:
            reasons.append(delivery.reason)
            told.set()

    dispatcher = Dispatcher(outbox, channel, calls, call_limit_s=1.0, mono_ns=time.monotonic_ns, on_change=note)
    running = asyncio.ensure_future(dispatcher.run())
    outbox.add(make_message(), now_ns=time.monotonic_ns(), wall_ns=make_message().wall_ns)
    dispatcher.wake()
    async with asyncio.timeout(10):
        await told.wait()
    running.cancel()
    channel.release.set()
    await asyncio.gather(running, blocked, return_exceptions=True)
    assert reasons[0] == "earlier requests to the carrier still hang"
    assert channel.asked == []
