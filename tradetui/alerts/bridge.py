"""The core's side of alerting: hand alerts to the watcher process, keep one running, pass its reports on.

Invariant: nothing here waits on behalf of the core. `submit` only queues, in bounded memory; a watcher that dies, hangs
or cannot be started costs the core nothing but a status line, and what it had not finished goes to the next one.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tradetui.alerts.board import AlertBoard, AlertHealth
from tradetui.alerts.delivery import TERMINAL, DeliveryState
from tradetui.alerts.outbox import Prior
from tradetui.alerts.process import WatcherLaunch, WatcherProcess
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import Bye, Report, Status, Submission, WireError, decode_from_watcher, encode
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import SECOND_NS

MAX_OPEN = 2000
# The watcher gives a sign of life every ten looks, which is 5 s.
SILENCE_S = 30.0
_BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_STABLE_NS = 60 * SECOND_NS

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Open:
    submission: Submission
    handed: bool = False
    state: DeliveryState = DeliveryState.QUEUED
    sid: str | None = None


class AlertBridge:
    """Lives in the core's event loop. The callbacks run there too and must not block."""

    def __init__(
        self,
        settings: AlertSettings,
        launch: WatcherLaunch,
        *,
        on_report: Callable[[Report], None],
        on_status: Callable[[Status], None],
        mono_ns: Callable[[], int],
        wall_ns: Callable[[], int],
        backoff_s: tuple[float, ...] = _BACKOFF_S,
        silence_s: float = SILENCE_S,
        max_open: int = MAX_OPEN,
    ) -> None:
        self._settings = settings
        self._launch = launch
        self._on_report = on_report
        self._on_status = on_status
        self._mono_ns = mono_ns
        self._wall_ns = wall_ns
        self._backoff_s = backoff_s
        self._silence_s = silence_s
        self._max_open = max_open
        self._board = AlertBoard()
        self._open: dict[int, _Open] = {}
        self._waiting: deque[int] = deque()
        self._work = asyncio.Event()
        self._closing = False
        self._bye = True
        self._process: WatcherProcess | None = None
        self._supervisor: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to keep a watcher running."""
        if self._supervisor is None:
            self._supervisor = asyncio.get_running_loop().create_task(self._supervise(), name="alert-bridge")

    @property
    def watcher_pid(self) -> int | None:
        """The running watcher's process id, None between two."""
        return None if self._process is None else self._process.pid

    def submit(self, alert: Alert) -> bool:
        """Queue an alert that is in the outbox already. False: there is no room, and a FAILED report follows."""
        return self._take(Submission(alert=alert, wall_ns=self._wall_ns()))

    def resubmit(self, rows: Iterable[Submission]) -> int:
        """Queue outbox rows that an earlier run had not finished; return how many were taken.

        Give each row's own `wall_ns` and a `prior`: it makes the watcher look at the carrier before it sends.
        """
        return sum(self._take(row if row.prior else replace(row, prior=Prior(DeliveryState.QUEUED))) for row in rows)

    def health(self) -> AlertHealth:
        """Return what to show about alerting now."""
        return self._board.health(self._mono_ns())

    async def close(self, *, bye: bool = True, wait_s: float = 3.0) -> bool:
        """Say goodbye and let go; return whether the watcher ended within `wait_s`. It may finish sending on its own.

        Without `bye` the watcher takes the end of the pipe for the core's death.
        """
        self._closing, self._bye = True, bye
        self._work.set()
        if self._supervisor is None:
            return True
        done, _ = await asyncio.wait({self._supervisor}, timeout=wait_s)
        if not done:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        return bool(done)

    def _take(self, submission: Submission) -> bool:
        number = submission.alert.number
        if self._closing or number in self._open:
            return False
        if len(self._open) >= self._max_open and not self._make_room(submission.alert.severity):
            self._refuse(submission)
            return False
        self._open[number] = _Open(submission)
        self._waiting.append(number)
        self._board.submitted(str(number), self._mono_ns())
        self._work.set()
        return True

    def _make_room(self, severity: Severity) -> bool:
        unhanded = (entry for entry in self._open.values() if not entry.handed)
        least = min(unhanded, key=lambda entry: entry.submission.alert.severity, default=None)
        if least is None or least.submission.alert.severity >= severity:
            return False
        del self._open[least.submission.alert.number]
        self._refuse(least.submission)
        return True

    def _refuse(self, submission: Submission) -> None:
        alert = submission.alert
        report = Report(
            key=str(alert.number),
            number=alert.number,
            severity=alert.severity,
            state=DeliveryState.FAILED,
            wall_ns=self._wall_ns(),
            reason="the alert queue is full: the watcher does not keep up",
        )
        # Later, so that a caller in the middle of a step is not called back from inside it.
        asyncio.get_running_loop().call_soon(self._received, report)

    async def _supervise(self) -> None:
        failures = 0
        while not self._closing:
            began_ns = self._mono_ns()
            ended = await self._one_watcher()
            if self._closing:
                return
            failures = 0 if self._mono_ns() - began_ns >= _STABLE_NS else failures
            wait_s = self._backoff_s[min(failures, len(self._backoff_s) - 1)]
            failures += 1
            self._received(Status("watcher", "ERROR", f"{ended}; starting it again in {wait_s:g} s"))
            await asyncio.sleep(wait_s)

    async def _one_watcher(self) -> str:
        """Run one watcher until its end; return one line that says how it ended."""
        try:
            process = await WatcherProcess.start(self._launch)
        except OSError as error:
            return f"alert watcher cannot be started: {error.strerror or error}"
        self._process = process
        try:
            return await self._converse(process)
        except Exception as error:
            _log.exception("alert bridge failed")
            process.kill()  # or it would take the closed pipe for the core's death
            return f"alert bridge failed ({type(error).__name__})"
        finally:
            process.let_go()
            self._process = None

    async def _converse(self, process: WatcherProcess) -> str:
        pump = asyncio.ensure_future(self._pump(process))
        listen = asyncio.ensure_future(self._listen(process))
        try:
            await asyncio.wait({pump, listen}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                pump.result()  # ends early only when the bridge closes, or with a fault of its own
            answering = await listen
        finally:
            for task in (pump, listen):
                task.cancel()
            await asyncio.gather(pump, listen, return_exceptions=True)
        code = await process.exit_code(2.0) if answering else None
        if code is None:
            process.kill()
            await process.exit_code(2.0)
        return f"alert watcher ended (exit code {code})" if answering else "alert watcher stopped answering"

    async def _pump(self, process: WatcherProcess) -> None:
        lines = deque([encode(self._settings)])
        self._hand_back()
        while True:
            while self._waiting:
                entry = self._open.get(self._waiting.popleft())
                if entry is not None:
                    entry.handed = True
                    lines.append(encode(entry.submission))
                    await _write(process, lines)
            if self._closing:
                lines.extend([encode(Bye())] if self._bye else [])
                await _write(process, lines)
                process.writer.close()
                return
            await _write(process, lines)
            self._work.clear()
            await self._work.wait()

    def _hand_back(self) -> None:
        """Queue again what the last watcher had in hand; it may have sent some of it."""
        for entry in self._open.values():
            if entry.handed:
                prior = Prior(entry.state, entry.sid)
                entry.submission = replace(entry.submission, prior=prior)
                entry.handed = False
        self._waiting = deque(sorted(self._open))

    async def _listen(self, process: WatcherProcess) -> bool:
        """Pass on what the watcher says until it ends (True) or stays silent for too long (False)."""
        while True:
            try:
                async with asyncio.timeout(self._silence_s):
                    line = await process.reader.line()
            except TimeoutError:
                return False
            if line is None:
                return True
            try:
                message = decode_from_watcher(line)
            except WireError as error:
                _log.warning("alert watcher: %s", error)
                continue
            if isinstance(message, Report | Status):
                self._received(message)

    def _received(self, message: Report | Status) -> None:
        try:
            if isinstance(message, Report):
                self._note(message)
                self._on_report(message)
            else:
                self._board.status(message)
                self._on_status(message)
        except Exception:
            # The receiver's fault must not cost the operator the alerts that follow.
            _log.exception("alert report was not processed")

    def _note(self, report: Report) -> None:
        self._board.report(report, self._mono_ns())
        entry = self._open.get(report.number) if report.number is not None else None
        if entry is None:
            return
        entry.state, entry.sid = report.state, report.sid
        if report.state in TERMINAL:
            del self._open[entry.submission.alert.number]


async def _write(process: WatcherProcess, lines: deque[bytes]) -> None:
    while lines and not process.writer.is_closed:
        if process.writer.write(lines[0]):
            lines.popleft()
        else:
            await process.writer.writable()
