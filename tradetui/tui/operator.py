"""The operator's commands on their way to the core: sent once, shown as PENDING until the core says what came of them.

The invariant: nothing here ever says more than the core said. An answer that did not come is UNKNOWN, and a kill whose
answer did not come within KILL_ANSWER_S is given again without the socket.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from tradetui.control.client import CoreUnavailable, command_message, new_command_id
from tradetui.control.codec import Message
from tradetui.control.emergency import EmergencyStop
from tradetui.control.messages import JsonValue

KILL_ANSWER_S = 1.0
#: When any other command without a word from the core is shown as unknown. It may still have been carried out.
ANSWER_S = 5.0
_LINES = 200


class Status(StrEnum):
    """What is known of a command."""

    PENDING = "PENDING"
    ACCEPTED = "accepted"
    DENIED = "DENIED"
    DONE = "done"
    UNKNOWN = "UNKNOWN"
    NOT_SENT = "NOT SENT"
    WITHOUT_SOCKET = "NOT CONFIRMED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A command and what is known of it. `at_s` is the monotonic time of its last change."""

    command_id: str
    kind: str
    symbols: tuple[str, ...]
    status: Status
    text: str
    at_s: float

    @property
    def open(self) -> bool:
        """Whether more is to come from the core."""
        return self.status in (Status.PENDING, Status.ACCEPTED)

    @property
    def line(self) -> str:
        """One line for the operator."""
        what = " ".join((self.kind, *self.symbols))
        return f"{what}: {self.status}{': ' if self.text else ''}{self.text}"


@dataclass(frozen=True, slots=True)
class OperatorLine:
    """A line of the command log. `number` rises by one per line."""

    number: int
    status: Status | None
    text: str


class Operator:
    """Sends commands through `send` and keeps their fate and the command log."""

    def __init__(
        self,
        *,
        send: Callable[[Message], None],
        stop_without_socket: Callable[[], EmergencyStop],
        who: str,
        clock: Callable[[], float],
        new_id: Callable[[], str] = new_command_id,
    ) -> None:
        self._send = send
        self.stop_without_socket = stop_without_socket
        self._who = who
        self._clock = clock
        self._new_id = new_id
        self._sent: dict[str, Sent] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: deque[OperatorLine] = deque(maxlen=_LINES)
        self._numbers = 0
        self._latest_id = ""
        self._kill_unsettled = False
        #: Rises with every change, so that the screen knows when to look.
        self.version = 0

    @property
    def lines(self) -> tuple[OperatorLine, ...]:
        """The command log, oldest first."""
        return tuple(self._lines)

    @property
    def latest(self) -> Sent | None:
        """The command that changed last."""
        return self._sent.get(self._latest_id)

    def latest_of(self, kind: str) -> Sent | None:
        """The newest command of `kind`."""
        return next((sent for sent in reversed(self._sent.values()) if sent.kind == kind), None)

    @property
    def unsettled_kill(self) -> Sent | None:
        """The newest kill, until the core's own state has read KILLED after it."""
        return self.latest_of("kill") if self._kill_unsettled else None

    def saw_killed(self) -> None:
        """Take it that the core's state, heard now, reads KILLED."""
        kill = self.latest_of("kill")
        if kill is not None and kill.status is not Status.PENDING:
            self._kill_unsettled = False

    def kill(self) -> Sent:
        """Order the kill, through the socket and, without an answer, around it. Safe to repeat."""
        self._kill_unsettled = True
        return self._give("kill", (), {"reason": "operator pressed the kill key"}, KILL_ANSWER_S)

    def command(
        self,
        kind: str,
        *,
        symbols: Sequence[str] = (),
        target: str = "",
        reason: str = "",
        confirm: str = "",
        booking: Mapping[str, JsonValue] | None = None,
    ) -> Sent:
        """Give a command of `kind`, once, and return it as sent. `booking` as in `command_message`."""
        details = {"target": target, "reason": reason, "confirm": confirm}
        return self._give(kind, tuple(symbols), details, ANSWER_S, booking)

    def note(self, text: str) -> None:
        """Add a line to the command log."""
        self._add_line(None, text)

    def on_result(self, command_id: str, status: str, text: str) -> None:
        """Take what the core says of a command. Results of other clients' commands are ignored."""
        sent = self._sent.get(command_id)
        if sent is None:
            return
        known = {"accepted": Status.ACCEPTED, "denied": Status.DENIED, "done": Status.DONE}.get(status)
        self._move(sent, known or Status.UNKNOWN, text if known else f"{status} {text}".strip())

    def on_connection_lost(self) -> None:
        """Mark every open command as unknown: its answer can no longer come. A kill still pending is seen to."""
        for sent in [sent for sent in self._sent.values() if sent.open]:
            if sent.kind == "kill" and sent.status is Status.PENDING:
                continue
            self._move(sent, Status.UNKNOWN, "the connection was lost before the core was done")

    def _give(
        self,
        kind: str,
        symbols: tuple[str, ...],
        details: dict[str, str],
        answer_s: float,
        booking: Mapping[str, JsonValue] | None = None,
    ) -> Sent:
        sent = Sent(
            command_id=self._new_id(),
            kind=kind,
            symbols=symbols,
            status=Status.PENDING,
            text="",
            at_s=self._clock(),
        )
        self._sent[sent.command_id] = sent
        self._latest_id = sent.command_id
        self._drop_old()
        message = command_message(
            kind,
            who=self._who,
            command_id=sent.command_id,
            symbols=symbols,
            target=details.get("target", ""),
            reason=details["reason"],
            confirm=details.get("confirm", ""),
            booking=booking,
        )
        try:
            self._send(message)
        except CoreUnavailable as error:
            sent = self._move(sent, Status.NOT_SENT, str(error))
            if kind == "kill":
                self._start(self._kill_without_socket(sent.command_id))
            return sent
        self._add_line(Status.PENDING, sent.line)
        self._start(self._watch(sent.command_id, answer_s))
        return sent

    async def _watch(self, command_id: str, answer_s: float) -> None:
        await asyncio.sleep(answer_s)
        sent = self._sent.get(command_id)
        if sent is None:
            return
        if sent.kind == "kill" and sent.status not in (Status.ACCEPTED, Status.DONE):
            await self._kill_without_socket(command_id)
        elif sent.status is Status.PENDING:
            self._move(sent, Status.UNKNOWN, f"no answer within {answer_s:g} s")

    async def _kill_without_socket(self, command_id: str) -> None:
        # In a thread: the disk may hang, the screen must not.
        stop = await asyncio.to_thread(self.stop_without_socket)
        sent = self._sent.get(command_id)
        if sent is not None and sent.status not in (Status.ACCEPTED, Status.DONE):
            self._move(sent, Status.WITHOUT_SOCKET, f"the core did not answer: {stop.text}")

    def _move(self, sent: Sent, status: Status, text: str) -> Sent:
        moved = replace(sent, status=status, text=text, at_s=self._clock())
        self._sent[sent.command_id] = moved
        self._latest_id = sent.command_id
        self._add_line(status, moved.line)
        return moved

    def _add_line(self, status: Status | None, text: str) -> None:
        self._numbers += 1
        self._lines.append(OperatorLine(self._numbers, status, text))
        self.version += 1

    def _drop_old(self) -> None:
        while len(self._sent) > _LINES:
            self._sent.pop(next(iter(self._sent)))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
