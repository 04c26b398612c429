"""Send one test alert and follow it to the phone, without a core and without a watcher.

Invariant: it says "delivered" only when the carrier says so, and it sends each recipient exactly one message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tradetui.alerts.channels.base import Channel
from tradetui.alerts.delivery import Accepted, DeliveryPolicy, StatusSeen
from tradetui.alerts.model import Cause, Message
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """What became of the test message to the recipient at place `recipient`; `took_s` counts real seconds."""

    recipient: int
    delivered: bool
    sid: str | None
    status: str
    took_s: float


class Trial:
    """Takes its clock and its waiting from outside; `sleep` gets seconds."""

    def __init__(
        self, channel: Channel, policy: DeliveryPolicy, *, mono_ns: Callable[[], int], sleep: Callable[[float], None]
    ) -> None:
        self._channel = channel
        self._policy = policy
        self._mono_ns = mono_ns
        self._sleep = sleep

    def run(self, *, wall_ns: int, recipients: int) -> tuple[TrialResult, ...]:
        """Send to every recipient in turn and return what became of each."""
        message = Message(
            key=f"t{wall_ns // SECOND_NS:x}",
            number=None,
            severity=Severity.INFO,
            cause=Cause.TEST.value,
            symbol=None,
            text="this is a test: alerts from this installation reach you",
            detail="",
            wall_ns=wall_ns,
        )
        return tuple(self._one(replace(message, recipient=place)) for place in range(recipients))

    def _one(self, message: Message) -> TrialResult:
        began_ns = self._mono_ns()
        answer = self._channel.send(message)
        if not isinstance(answer, Accepted):
            return self._result(message, began_ns, delivered=False, sid=None, status=answer.reason)
        status = "accepted"
        for due_s in self._policy.poll_after_s:
            self._sleep(max(0.0, due_s - self._elapsed_s(began_ns)))
            seen = self._channel.status(answer.sid)
            if not isinstance(seen, StatusSeen):
                status = seen.reason
            elif seen.arrived is None:
                status = f"accepted, but not confirmed as delivered (last status: {seen.status})"
            else:
                final = seen.reason or seen.status
                return self._result(message, began_ns, delivered=seen.arrived, sid=answer.sid, status=final)
        return self._result(message, began_ns, delivered=False, sid=answer.sid, status=status)

    def _result(self, message: Message, began_ns: int, *, delivered: bool, sid: str | None, status: str) -> TrialResult:
        took_s = self._elapsed_s(began_ns)
        return TrialResult(recipient=message.recipient, delivered=delivered, sid=sid, status=status, took_s=took_s)

    def _elapsed_s(self, began_ns: int) -> float:
        return (self._mono_ns() - began_ns) / SECOND_NS
