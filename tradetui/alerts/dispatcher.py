"""Carry the outbox's questions to the carrier and its answers back, on two lanes that never wait for each other.

Invariant: each question gets exactly one answer within its limit. A call that raises or hangs becomes "unknown", never
silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradetui.alerts.calls import BlockingCalls, CallTimeout, TooManyCalls
from tradetui.alerts.channels.base import Channel
from tradetui.alerts.delivery import CheckFailed, Delivery, DeliveryEvent, Doubtful, Refusal, Refused
from tradetui.alerts.outbox import Lane, Outbox, Task, TaskKind
from tradetui.domain.clock import SECOND_NS

# Beyond the HTTP client's own limits: these catch an answer that trickles.
_MARGIN_S = 2.0


class Dispatcher:
    """Runs in the watcher's event loop. `on_change` hears of every delivery that changed."""

    def __init__(
        self,
        outbox: Outbox,
        channel: Channel,
        calls: BlockingCalls,
        *,
        call_limit_s: float,
        mono_ns: Callable[[], int],
        on_change: Callable[[Delivery], None],
    ) -> None:
        self._outbox = outbox
        self._channel = channel
        self._calls = calls
        self._limit_s = call_limit_s + _MARGIN_S
        self._mono_ns = mono_ns
        self._on_change = on_change
        self._wake = {lane: asyncio.Event() for lane in Lane}

    async def run(self) -> None:
        """Serve both lanes until cancelled."""
        async with asyncio.TaskGroup() as lanes:
            for lane in Lane:
                lanes.create_task(self._serve(lane), name=f"alerts-{lane.value}")

    def wake(self) -> None:
        """Look at the outbox again: something was added or dropped."""
        for event in self._wake.values():
            event.set()

    async def _serve(self, lane: Lane) -> None:
        while True:
            self._tell(self._outbox.expire(self._mono_ns()))
            handed = self._outbox.next_task(lane, self._mono_ns())
            if handed is None:
                await self._rest(lane)
                continue
            task, delivery = handed
            if task.kind is TaskKind.SEND:
                self._on_change(delivery)
            answer = await self._ask(task)
            self._tell(self._outbox.apply(task.message.key, answer, self._mono_ns()))
            self.wake()

    async def _rest(self, lane: Lane) -> None:
        event = self._wake[lane]
        event.clear()
        due_ns = self._outbox.due_ns(lane)
        wait_s = None if due_ns is None else max(0.0, (due_ns - self._mono_ns()) / SECOND_NS)
        try:
            async with asyncio.timeout(wait_s):
                await event.wait()
        except TimeoutError:
            return

    async def _ask(self, task: Task) -> DeliveryEvent:
        try:
            return await self._calls.run(lambda: self._question(task), limit_s=self._limit_s)
        except TooManyCalls:
            reason = "earlier requests to the carrier still hang"
            return Refused(Refusal.RETRY, None, reason) if task.kind is TaskKind.SEND else CheckFailed(reason)
        except CallTimeout:
            reason = f"the carrier did not answer within {self._limit_s:.0f} s"
        except Exception as error:  # a channel's bug must not end alerting
            reason = f"the channel failed ({type(error).__name__})"
        return Doubtful(reason) if task.kind is TaskKind.SEND else CheckFailed(reason)

    def _question(self, task: Task) -> DeliveryEvent:
        if task.kind is TaskKind.SEND:
            return self._channel.send(task.message)
        if task.kind is TaskKind.LOCATE or task.sid is None:
            return self._channel.locate(task.message)
        return self._channel.status(task.sid)

    def _tell(self, deliveries: tuple[Delivery, ...]) -> None:
        for delivery in deliveries:
            self._on_change(delivery)
