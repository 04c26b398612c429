"""Hook table for injected faults: every request and every reply passes here before it acts or leaves.

Invariant: with no hook installed nothing changes and nothing is paid but one truth test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record

if TYPE_CHECKING:
    from tradetui.gateway.session.client import ClientSession

RequestHook = Callable[["ClientSession", Message, Record], bool]
"""Called before a request acts; True means the hook has dealt with it and the gateway must not."""
ReplyHook = Callable[["ClientSession", Message, bytes], Sequence[bytes] | None]
"""Called before a reply leaves; returns the frames to send instead (none drops it), or None to leave it alone."""


@dataclass(slots=True)
class Faults:
    """Installed hooks, by name so that the control channel can take them out again."""

    requests: dict[str, RequestHook] = field(default_factory=dict)
    replies: dict[str, ReplyHook] = field(default_factory=dict)
    refuse_until: float = 0.0
    """Loop time until which new connections are refused."""

    def swallows(self, client: ClientSession, message: Message, request: Record) -> bool:
        """Whether a hook has dealt with the request."""
        return any(hook(client, message, request) for hook in tuple(self.requests.values()))

    def frames(self, client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes]:
        """What leaves instead of one reply."""
        for hook in tuple(self.replies.values()):
            changed = hook(client, message, frame)
            if changed is not None:
                return changed
        return (frame,)

    def clear(self) -> None:
        """Remove every hook."""
        self.requests.clear()
        self.replies.clear()
