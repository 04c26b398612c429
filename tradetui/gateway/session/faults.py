"""Hook table for injected faults: every connection, request, event and reply passes here before it acts or leaves.

Invariant: with no hook installed nothing changes and nothing is paid but one truth test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from tradetui.gateway.venue.events import VenueEvent
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record

if TYPE_CHECKING:
    from tradetui.gateway.session.client import ClientSession
    from tradetui.gateway.session.connection import Connection


class Admission(Enum):
    """What becomes of a new connection."""

    SERVE = "serve"
    CLOSE = "close"
    """Accepted, then closed in good order (FIN) without a word."""
    RESET = "reset"
    """Accepted, then reset."""
    MUTE = "mute"
    """Accepted and never answered."""
    NO_LOGIN = "no login"
    """The handshake is answered, startApi is not: a dialog waits on the gateway's screen."""
    HALF_LOGIN = "half login"
    """As above, but the account list comes."""


ConnectionHook = Callable[["Connection"], Admission | None]
"""Called for each new connection; None leaves it alone."""
RequestHook = Callable[["ClientSession", Message, Record], bool]
"""Called before a request acts; True means the hook has dealt with it and the gateway must not."""
EventHook = Callable[[Sequence[VenueEvent]], Sequence[VenueEvent]]
"""Called with what the venue has to tell; returns what is told instead."""
DepartureHook = Callable[[int], None]
"""Called with the id of a client that has just left."""
ReplyHook = Callable[["ClientSession", Message, bytes], Sequence[bytes] | None]
"""Called before a reply leaves; returns the frames to send instead (none drops it), or None to leave it alone."""


@dataclass(slots=True)
class Faults:
    """Installed hooks, by name so that they can be taken out again."""

    connections: dict[str, ConnectionHook] = field(default_factory=dict)
    requests: dict[str, RequestHook] = field(default_factory=dict)
    departures: dict[str, DepartureHook] = field(default_factory=dict)
    events: dict[str, EventHook] = field(default_factory=dict)
    replies: dict[str, ReplyHook] = field(default_factory=dict)
    refuse_until: float = 0.0
    """Loop time until which new connections are reset."""

    def admission(self, connection: Connection) -> Admission:
        """What becomes of the connection that is just being made."""
        for hook in tuple(self.connections.values()):
            verdict = hook(connection)
            if verdict is not None:
                return verdict
        return Admission.SERVE

    def swallows(self, client: ClientSession, message: Message, request: Record) -> bool:
        """Whether a hook has dealt with the request."""
        return any(hook(client, message, request) for hook in tuple(self.requests.values()))

    def left(self, client_id: int) -> None:
        """A client has gone."""
        for hook in tuple(self.departures.values()):
            hook(client_id)

    def told(self, events: Sequence[VenueEvent]) -> Sequence[VenueEvent]:
        """What is told instead of these events."""
        for hook in tuple(self.events.values()):
            events = hook(events)
        return events

    def frames(self, client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes]:
        """What leaves instead of one reply; each hook sees what the ones before it left."""
        frames: Sequence[bytes] = (frame,)
        for hook in tuple(self.replies.values()):
            changed: list[bytes] = []
            for each in frames:
                instead = hook(client, message, each)
                changed.extend((each,) if instead is None else instead)
            frames = changed
        return frames

    def remove(self, key: str) -> None:
        """Remove the hooks under one key."""
        for table in self._tables():
            table.pop(key, None)

    def clear(self) -> None:
        """Remove every hook."""
        for table in self._tables():
            table.clear()

    def _tables(self) -> tuple[dict[str, Any], ...]:
        return self.connections, self.requests, self.departures, self.events, self.replies
