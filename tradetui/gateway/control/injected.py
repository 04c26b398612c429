"""Faults at the wire, by name: what becomes of a request before it acts or of a reply before it leaves.

Invariant: a fault with a count removes itself after its last effect.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tradetui.gateway.control.command import Arguments, CommandError
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.faults import Faults
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import REQUESTS

Installer = Callable[[Faults, str, Arguments], None]
"""Installs a fault under a key."""


class _Budget:
    """How often a fault still acts; 0 at the start means for ever."""

    def __init__(self, count: int, spent: Callable[[], object]) -> None:
        self._left = count
        self._spent = spent

    def use(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._spent()


def _message_id(catalogue: dict[int, Message], name: str) -> int:
    for message in catalogue.values():
        if name in (message.name, str(message.id)):
            return message.id
    raise CommandError(f"unknown message {name!r}")


def swallow_request(faults: Faults, key: str, arguments: Arguments) -> None:
    """A request of one kind vanishes: nothing happens, nothing is answered."""
    wanted = _message_id(REQUESTS, arguments.text("message"))
    budget = _Budget(arguments.integer("count", 0), lambda: faults.requests.pop(key, None))

    def hook(_client: ClientSession, message: Message, _request: Record) -> bool:
        if message.id != wanted:
            return False
        budget.use()
        return True

    faults.requests[key] = hook


def refuse_request(faults: Faults, key: str, arguments: Arguments) -> None:
    """A request of one kind is answered with an error code instead of being done."""
    wanted = _message_id(REQUESTS, arguments.text("message"))
    code, text = arguments.integer("code"), arguments.text("text", "injected")
    budget = _Budget(arguments.integer("count", 0), lambda: faults.requests.pop(key, None))

    def hook(client: ClientSession, message: Message, request: Record) -> bool:
        if message.id != wanted:
            return False
        budget.use()
        identity = request.integer("reqId" if "reqId" in request else "orderId")
        client.error(identity, code, text)
        return True

    faults.requests[key] = hook


def repeat_reply(faults: Faults, key: str, arguments: Arguments) -> None:
    """A reply of one kind is sent `times` times; 0 drops it."""
    wanted = _message_id(REPLIES, arguments.text("message"))
    times = arguments.integer("times", 0)
    budget = _Budget(arguments.integer("count", 0), lambda: faults.replies.pop(key, None))

    def hook(_client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
        if message.id != wanted:
            return None
        budget.use()
        return (frame,) * times

    faults.replies[key] = hook


INSTALLERS: Final[dict[str, Installer]] = {
    "swallow_request": swallow_request,
    "refuse_request": refuse_request,
    "repeat_reply": repeat_reply,
}
"""The table that more faults are added to."""
