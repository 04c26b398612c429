"""One watcher's conversation with one core, from the settings line to the end of the last delivery.

Invariant: reading the pipe, judging the heartbeat and delivering alerts never wait for each other; when the core is
gone the conversation ends by itself, after what had to be said was said or given up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from pathlib import Path

from tradetui.alerts.calls import BlockingCalls
from tradetui.alerts.channels.base import Channel
from tradetui.alerts.deadman import DeadManPing
from tradetui.alerts.delivery import Delivery
from tradetui.alerts.desk import Desk
from tradetui.alerts.dispatcher import Dispatcher
from tradetui.alerts.model import Cause, Message
from tradetui.alerts.pipes import LineReader, LineWriter
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.solelock import SoleLock
from tradetui.alerts.vigil import CoreDead, CoreLife, Vigil, alarm_of
from tradetui.alerts.watchlog import WatchLog
from tradetui.alerts.wire import (
    Bye,
    FromWatcher,
    Pulse,
    Report,
    Status,
    Submission,
    WireError,
    decode_to_watcher,
    encode,
)
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS

LOOKS_PER_PULSE = 10
DRAIN_S = 10.0
# An earlier watcher of this installation hands over within its look interval and one call.
LOCK_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything the session takes from outside. `ppid` returns the parent's process id."""

    mono_ns: Callable[[], int]
    wall_ns: Callable[[], int]
    jitter: Callable[[], float]
    ppid: Callable[[], int]
    heartbeat: Path
    state: Path
    look_every_s: float = 0.5


class Session:
    """Runs until the core said goodbye and the queue is empty, or was declared dead and the news is out."""

    def __init__(
        self,
        settings: AlertSettings,
        channel: Channel | str,
        *,
        reader: LineReader,
        writer: LineWriter,
        around: Surroundings,
    ) -> None:
        off_reason = channel if isinstance(channel, str) else None
        self._settings = settings
        self._around = around
        self._reader = reader
        self._writer = writer
        self._log = WatchLog(around.state, around.wall_ns)
        self._lock = SoleLock(around.state)
        self._desk = Desk(settings, off_reason=off_reason, jitter=around.jitter)
        self._calls = BlockingCalls()
        self._vigil = Vigil(
            now_ns=around.mono_ns(),
            timeout_ns=int(settings.heartbeat_timeout_s * SECOND_NS),
            grace_ns=int(settings.grace_s * SECOND_NS),
        )
        self._dispatcher: Dispatcher | None = None
        if not isinstance(channel, str):
            self._dispatcher = Dispatcher(
                self._desk.outbox,
                channel,
                self._calls,
                call_limit_s=settings.call_limit_s,
                mono_ns=around.mono_ns,
                on_change=self._changed,
            )
        self._ping = self._make_ping()
        self._parent = around.ppid()
        self._own = 0
        self._pulse_due_ns = 0
        self._started_ns = around.mono_ns()
        self._left_ns: int | None = None
        self._terminated_ns: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._attention = asyncio.Event()
        self._failure: BaseException | None = None
        self._dispatching = False

    async def run(self) -> None:
        """Serve until the end.

        Raises:
            Exception: a part of the session failed; the process must end so that the core starts a new one.
        """
        self._spawn(self._intake())
        try:
            while not self._finished():
                self._look()
                self._attention.clear()
                # Not asyncio.wait_for: Python 3.11's can swallow a cancellation.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._around.look_every_s):
                        await self._attention.wait()
                if self._failure is not None:
                    raise self._failure
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._lock.release()

    def terminate(self) -> None:
        """Somebody asks the process to end: go on until the core ends too, but not for long."""
        if self._terminated_ns is None:
            self._terminated_ns = self._around.mono_ns()

    def tell(self, status: Status) -> None:
        """Report something about alerting as a whole, to the core and to the log."""
        self._log.write("status", topic=status.topic, level=status.level, text=status.text)
        self._send(status)

    async def _intake(self) -> None:
        while (line := await self._reader.line()) is not None:
            try:
                self._received(decode_to_watcher(line))
            except WireError as error:
                self._log.write("bad line", reason=str(error))
        self._core_gone("its pipe closed")

    def _received(self, message: AlertSettings | Submission | Bye) -> None:
        now_ns, wall_ns = self._around.mono_ns(), self._around.wall_ns()
        if isinstance(message, Submission):
            self._report(self._desk.take(message, now_ns=now_ns, wall_ns=wall_ns))
        elif isinstance(message, Bye):
            self._vigil.goodbye()
            self._left_ns = now_ns
            self._report(self._desk.flush(now_ns=now_ns, wall_ns=wall_ns))
            self._log.write("core left")
            self._attention.set()

    def _look(self) -> None:
        now_ns, wall_ns = self._around.mono_ns(), self._around.wall_ns()
        if self._around.ppid() != self._parent:
            # A process that inherited the pipe may keep it open after the core died.
            self._core_gone("its process ended")
        finding = self._vigil.observe(self._beat(), now_ns)
        alarm = alarm_of(finding, int(self._settings.grace_s * SECOND_NS)) if finding is not None else None
        if alarm is not None:
            self._say(*alarm)
        if isinstance(finding, CoreDead):
            self._report(self._desk.flush(now_ns=now_ns, wall_ns=wall_ns))
        self._report(self._desk.tick(now_ns=now_ns, wall_ns=wall_ns))
        if self._vigil.life is CoreLife.RETURNED:
            for delivery in self._desk.outbox.abandon("handed over to the new core's watcher", now_ns):
                self._changed(delivery)
        self._keep_going(now_ns)

    def _keep_going(self, now_ns: int) -> None:
        if self._dispatcher is not None and not self._dispatching and self._may_send(now_ns):
            self._dispatching = True
            self._spawn(self._dispatcher.run())
        if now_ns >= self._pulse_due_ns:
            self._pulse_due_ns = now_ns + int(LOOKS_PER_PULSE * self._around.look_every_s * SECOND_NS)
            self._send(Pulse())
        if self._ping is not None and self._vigil.life is CoreLife.ALIVE and self._ping.is_due(now_ns):
            self._spawn(self._ping.ping())

    def _say(self, cause: Cause, severity: Severity, text: str) -> None:
        self._own += 1
        now_ns, wall_ns = self._around.mono_ns(), self._around.wall_ns()
        self._log.write(cause.value, severity=severity.name, text=text)
        message = Message(
            key=f"w{wall_ns // SECOND_NS:x}.{self._own}",
            number=None,
            severity=severity,
            cause=cause.value,
            symbol=None,
            text=text,
            detail="",
            wall_ns=wall_ns,
        )
        self._report(self._desk.say(message, now_ns=now_ns, wall_ns=wall_ns))

    def _finished(self) -> bool:
        now_ns, open_messages = self._around.mono_ns(), len(self._desk.outbox)
        if self._terminated_ns is not None and now_ns - self._terminated_ns >= LOCK_PATIENCE_S * SECOND_NS:
            return True
        match self._vigil.life:
            case CoreLife.LEFT:
                drained = self._left_ns is None or now_ns - self._left_ns >= DRAIN_S * SECOND_NS
                return drained or self._desk.outbox.unsent == 0
            case CoreLife.DEAD | CoreLife.RETURNED:
                return open_messages == 0
            case _:
                return False

    def _may_send(self, now_ns: int) -> bool:
        waited_ns = now_ns - self._started_ns
        return self._lock.acquire() or waited_ns >= LOCK_PATIENCE_S * SECOND_NS

    def _core_gone(self, how: str) -> None:
        if self._vigil.life in (CoreLife.ALIVE, CoreLife.SILENT, CoreLife.HANGING):
            self._log.write("core gone", reason=how)
            self._vigil.core_gone(self._beat(), self._around.mono_ns())
            self._attention.set()

    def _beat(self) -> int | None:
        try:
            return self._around.heartbeat.stat().st_mtime_ns
        except OSError:
            return None

    def _changed(self, delivery: Delivery) -> None:
        self._attention.set()
        self._report([self._desk.report(delivery, self._around.wall_ns())])

    def _report(self, reports: Iterable[Report]) -> None:
        any_report = False
        for report in reports:
            any_report = True
            self._log.write(
                "delivery",
                key=report.key,
                severity=report.severity.name,
                state=report.state.value,
                sid=report.sid,
                code=report.code,
                reason=report.reason,
            )
            self._send(report)
        if any_report and self._dispatcher is not None:
            self._dispatcher.wake()

    def _send(self, message: FromWatcher) -> None:
        # A core that is gone or does not read must not stop deliveries; the log has it.
        self._writer.write(encode(message))

    def _make_ping(self) -> DeadManPing | None:
        if self._settings.ping_url is None:
            return None
        return DeadManPing(
            self._settings.ping_url,
            every_s=self._settings.ping_every_s,
            calls=self._calls,
            on_turn=lambda works, text: self.tell(Status("ping", "INFO" if works else "WARNING", text)),
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        self._attention.set()
