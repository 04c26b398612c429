"""One alert to several recipients: split it into one delivery each and report one state for the outbox row.

Invariant: the row says DELIVERED as soon as somebody was reached, never before, and names the recipients that were not.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.alerts.delivery import Delivery, DeliveryState
from tradetui.alerts.model import Message

_MARK = "@"
# What stands for the whole when nobody was reached yet: the furthest of those still on their way, else the worst end.
_RANK = {
    DeliveryState.DELIVERED: 7,
    DeliveryState.SENT: 6,
    DeliveryState.SENDING: 5,
    DeliveryState.QUEUED: 4,
    DeliveryState.UNDELIVERED: 3,
    DeliveryState.FAILED: 2,
    DeliveryState.SUPPRESSED: 1,
    DeliveryState.FOLDED: 0,
}


def base_key(key: str) -> str:
    """Return the key of the message that a delivery's key belongs to."""
    return key.partition(_MARK)[0]


class Fanout:
    """Splits messages for `recipients` people; remembers only messages that are still on their way to somebody."""

    def __init__(self, recipients: int) -> None:
        self._recipients = max(1, recipients)
        self._open: dict[str, dict[str, Delivery]] = {}

    @property
    def recipients(self) -> int:
        """How many people one message goes to."""
        return self._recipients

    def split(self, message: Message) -> tuple[Message, ...]:
        """Return one message per recipient; the first keeps the key."""
        others = (
            replace(message, key=f"{message.key}{_MARK}{place + 1}", recipient=place)
            for place in range(1, self._recipients)
        )
        return (message, *others)

    def merge(self, delivery: Delivery) -> Delivery:
        """Return the state of the whole message after `delivery` changed, under the message's own key."""
        if self._recipients == 1:
            return delivery
        key = base_key(delivery.key)
        parts = self._open.setdefault(key, {})
        parts[delivery.key] = delivery
        if len(parts) == self._recipients and all(part.is_terminal for part in parts.values()):
            del self._open[key]
        return _whole(key, list(parts.values()), self._recipients)


def _whole(key: str, parts: list[Delivery], recipients: int) -> Delivery:
    lead = max(parts, key=lambda part: _RANK[part.state])
    reached = sum(part.state is DeliveryState.DELIVERED for part in parts)
    lost = [part for part in parts if part.is_terminal and part.state is not DeliveryState.DELIVERED]
    text = f"{reached} of {recipients} recipients reached"
    if lost:
        text += f"; recipient {_place(lost[0])}: {lost[0].reason}"
    code = lead.code if lead.code is not None or not lost else lost[0].code
    return replace(lead, key=key, code=code, reason=text, attempts=max(part.attempts for part in parts))


def _place(part: Delivery) -> str:
    return part.key.partition(_MARK)[2] or "1"
