"""The watcher's open messages: which one is next, what its answer changes, and when to leave the carrier alone.

Invariant: CRITICAL goes first; one message is never in two hands; after refused credentials nothing is asked of the
carrier for a while; memory is bounded, and what has to be dropped is reported as FAILED, never lost silently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from tradetui.alerts.delivery import (
    Abandoned,
    Accepted,
    CheckFailed,
    Delivery,
    DeliveryEvent,
    DeliveryPolicy,
    DeliveryState,
    Doubtful,
    Expired,
    Refusal,
    Refused,
    SendStarted,
    Suppressed,
)
from tradetui.alerts.lifecycle import advance
from tradetui.alerts.model import Message
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS

MAX_OPEN = 500
STOP_NS = 900 * SECOND_NS


class Lane(Enum):
    """Two independent hands, so that a hanging status question never delays an alert."""

    SEND = "send"
    CHECK = "check"


class TaskKind(Enum):
    """What to ask of the carrier."""

    SEND = "send"
    LOCATE = "locate"
    POLL = "poll"


@dataclass(frozen=True, slots=True)
class Task:
    """One question to the carrier; its answer goes to `Outbox.apply` under `message.key`."""

    kind: TaskKind
    message: Message
    sid: str | None = None


@dataclass(frozen=True, slots=True)
class Prior:
    """What an earlier run had reached with this message."""

    state: DeliveryState
    sid: str | None = None


@dataclass(slots=True)
class _Entry:
    message: Message
    delivery: Delivery
    busy: bool = False


class Outbox:
    """Open messages in order of arrival. All times are monotonic nanoseconds except `Message.wall_ns`."""

    def __init__(
        self,
        policy: DeliveryPolicy,
        *,
        jitter: Callable[[], float],
        off_reason: str | None = None,
        max_open: int = MAX_OPEN,
    ) -> None:
        self._policy = policy
        self._jitter = jitter
        self._off_reason = off_reason
        self._max_open = max_open
        self._entries: dict[str, _Entry] = {}
        self._pause_until_ns = 0
        self._failures = 0
        self._stopped: tuple[int, Abandoned] | None = None

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def unsent(self) -> int:
        """How many messages the carrier has not taken yet."""
        return sum(entry.delivery.state is not DeliveryState.SENT for entry in self._entries.values())

    def add(self, message: Message, *, now_ns: int, wall_ns: int, prior: Prior | None = None) -> tuple[Delivery, ...]:
        """Take `message`; return every delivery this changed, the new one last. A known key is not taken twice."""
        if message.key in self._entries:
            return ()
        age_ns = max(0, wall_ns - message.wall_ns)
        delivery = Delivery(
            key=message.key,
            number=message.number,
            severity=message.severity,
            due_ns=now_ns,
            expires_ns=now_ns + self._policy.max_age_ns(message.severity) - age_ns,
            read_back=prior is not None,
        )
        if self._off_reason is not None:
            return (self._step(delivery, Suppressed(self._off_reason), now_ns),)
        if prior is not None and prior.state is DeliveryState.SENT and prior.sid is not None:
            delivery = replace(
                delivery, state=DeliveryState.SENT, sid=prior.sid, read_back=False, attempts=1, accepted_ns=now_ns
            )
        if self._stopped is not None and now_ns < self._stopped[0]:
            return (self._step(delivery, self._stopped[1], now_ns),)
        dropped = self._make_room(message.severity, now_ns)
        if dropped is None:
            return (self._step(delivery, Abandoned("the alert queue is full"), now_ns),)
        self._entries[message.key] = _Entry(message, delivery)
        return (*dropped, delivery)

    def next_task(self, lane: Lane, now_ns: int) -> tuple[Task, Delivery] | None:
        """Hand out the most urgent question of `lane` that is due, with its delivery (now SENDING for a send)."""
        due = [entry for entry in self._lane_entries(lane) if self._due_ns(entry.delivery, lane) <= now_ns]
        if not due:
            return None
        entry = max(due, key=lambda candidate: candidate.delivery.severity)  # the first of equals: order of arrival
        entry.busy = True
        if lane is Lane.SEND:
            entry.delivery = self._step(entry.delivery, SendStarted(), now_ns)
            return Task(TaskKind.SEND, entry.message), entry.delivery
        if entry.delivery.state is DeliveryState.SENT:
            return Task(TaskKind.POLL, entry.message, entry.delivery.sid), entry.delivery
        return Task(TaskKind.LOCATE, entry.message), entry.delivery

    def due_ns(self, lane: Lane) -> int | None:
        """Return when `next_task` or `expire` may have something to do in `lane`, None when nothing waits there."""
        waiting = list(self._lane_entries(lane))
        moments = [self._due_ns(entry.delivery, lane) for entry in waiting]
        moments += [e.delivery.expires_ns for e in waiting if e.delivery.state is DeliveryState.QUEUED]
        return min(moments, default=None)

    def apply(self, key: str, answer: DeliveryEvent, now_ns: int) -> tuple[Delivery, ...]:
        """Book the carrier's answer; return every delivery it changed. A late answer changes nothing."""
        entry = self._entries.get(key)
        if entry is None:
            return ()
        entry.busy = False
        self._note_channel(answer, now_ns)
        stop = _stop_of(answer)
        if stop is not None:
            return self._stop(stop, now_ns)
        return (self._change(entry, answer, now_ns),)

    def expire(self, now_ns: int) -> tuple[Delivery, ...]:
        """Give up the messages that became too old to be sent; return them."""
        old = [
            entry
            for entry in self._entries.values()
            if not entry.busy and entry.delivery.state is DeliveryState.QUEUED and entry.delivery.expires_ns <= now_ns
        ]
        return tuple(self._change(entry, Expired(), now_ns) for entry in old)

    def abandon(self, reason: str, now_ns: int) -> tuple[Delivery, ...]:
        """Give up everything that is not in a hand: a new core takes over."""
        idle = [entry for entry in self._entries.values() if not entry.busy]
        return tuple(self._change(entry, Abandoned(reason), now_ns) for entry in idle)

    def _lane_entries(self, lane: Lane) -> list[_Entry]:
        return [entry for entry in self._entries.values() if not entry.busy and _lane_of(entry.delivery) is lane]

    def _due_ns(self, delivery: Delivery, lane: Lane) -> int:
        # A new CRITICAL alert tries at once even while the carrier is failing: the outage may just have ended.
        new_critical = delivery.severity is Severity.CRITICAL and delivery.attempts == 0
        if lane is Lane.CHECK or new_critical:
            return delivery.due_ns
        return max(delivery.due_ns, self._pause_until_ns)

    def _note_channel(self, answer: DeliveryEvent, now_ns: int) -> None:
        """Leave the carrier alone after a failure that is not this message's own."""
        match answer:
            case Refused(Refusal.RETRY, _, _, retry_after):
                self._failures += 1
                wait = self._policy.backoff_ns(self._failures, self._jitter())
                wait = max(wait, int((retry_after or 0.0) * SECOND_NS))
                self._pause_until_ns = max(self._pause_until_ns, now_ns + wait)
            case Doubtful():
                self._failures += 1
                wait = self._policy.backoff_ns(self._failures, self._jitter())
                self._pause_until_ns = max(self._pause_until_ns, now_ns + wait)
            case Accepted() | Refused(Refusal.GIVE_UP):
                self._failures = 0
                self._pause_until_ns = 0
            case _:
                pass  # a read that works says nothing about writes

    def _stop(self, stop: Abandoned, now_ns: int) -> tuple[Delivery, ...]:
        self._stopped = (now_ns + STOP_NS, stop)
        return tuple(self._change(entry, stop, now_ns) for entry in list(self._entries.values()))

    def _change(self, entry: _Entry, event: DeliveryEvent, now_ns: int) -> Delivery:
        entry.delivery = self._step(entry.delivery, event, now_ns)
        if entry.delivery.is_terminal:
            del self._entries[entry.message.key]
        return entry.delivery

    def _step(self, delivery: Delivery, event: DeliveryEvent, now_ns: int) -> Delivery:
        return advance(delivery, event, now_ns, self._policy, self._jitter())

    def _make_room(self, severity: Severity, now_ns: int) -> tuple[Delivery, ...] | None:
        """Return what was dropped to make room, None when everything open is more important."""
        if len(self._entries) < self._max_open:
            return ()
        idle = [entry for entry in self._entries.values() if not entry.busy]
        least = min(idle, key=lambda entry: entry.delivery.severity, default=None)
        if least is None or least.delivery.severity >= severity:
            return None
        return (self._change(least, Abandoned("dropped for a more important alert: the queue is full"), now_ns),)


def _lane_of(delivery: Delivery) -> Lane:
    reads = delivery.state is DeliveryState.SENT or delivery.read_back
    return Lane.CHECK if reads else Lane.SEND


def _stop_of(answer: DeliveryEvent) -> Abandoned | None:
    if isinstance(answer, Refused) and answer.kind is Refusal.STOP:
        return Abandoned(answer.reason, answer.code)
    if isinstance(answer, CheckFailed) and answer.stop:
        return Abandoned(answer.reason, answer.code)
    return None
