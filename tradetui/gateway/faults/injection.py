"""A fault at work: what it may touch, how often it still acts, and how everything it installed is taken out again.

Invariant: after `end` nothing of the fault acts any more, and what it had changed for its time is changed back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from random import Random
from typing import TYPE_CHECKING

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.control.command import Arguments, CommandError
from tradetui.gateway.faults.fault import COMMON, TIMING, Fault, Parameter
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.faults import Admission, ConnectionHook
from tradetui.gateway.venue.events import VenueEvent
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.wire.framing import split_fields
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import REQUESTS

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

Change = Callable[[ClientSession, Record], Iterable[Record] | None]
"""Called with a decoded reply; the records to send instead, or None to leave it alone."""


class Injection:
    """One running fault. Durations are market seconds unless a parameter says otherwise."""

    def __init__(
        self,
        gateway: GatewayServer,
        fault: Fault,
        key: str,
        arguments: Arguments,
        rng: Random,
        ended: Callable[[], None],
    ) -> None:
        self.gateway = gateway
        self.hub = gateway.hub
        self.fault = fault
        self.key = key
        self.rng = rng
        self.acted = 0
        self.is_over = False
        self._arguments = arguments
        self._parameters = {each.name: each for each in (*COMMON, *TIMING, *fault.parameters)}
        self._ended = ended
        self._undo: list[Callable[[], object]] = []
        self._skip = self.integer("skip")
        self._left = self.integer("count") if arguments.has("count") else fault.count
        self._hooks = 0

    # --- parameters ---------------------------------------------------------------------------------------------
    def text(self, name: str) -> str:
        """A text parameter."""
        default = self._parameters[name].default
        return self._arguments.text(name, default if isinstance(default, str) else None)

    def number(self, name: str) -> float:
        """A numeric parameter."""
        return self._arguments.number(name, _number(self._parameters[name]))

    def integer(self, name: str) -> int:
        """A whole-number parameter."""
        return self._arguments.integer(name, int(_number(self._parameters[name])))

    def flag(self, name: str) -> bool:
        """A true/false parameter."""
        return self._arguments.flag(name, self._parameters[name].default is True)

    def choice(self, name: str, choices: Iterable[str]) -> str:
        """A text parameter that must be one of some words. Raises CommandError."""
        word, known = self.text(name), tuple(choices)
        if word not in known:
            raise CommandError(f"{name} {word!r} is unknown; give one of {', '.join(known)}")
        return word

    def request_named(self, name: str) -> Message:
        """The request a parameter names. Raises CommandError."""
        return named(REQUESTS, self.text(name))

    def reply_named(self, name: str) -> Message:
        """The reply a parameter names. Raises CommandError."""
        return named(REPLIES, self.text(name))

    def contract(self) -> Contract:
        """The instrument of `symbol`, or the market's first. Raises CommandError."""
        symbol = self.text("symbol").upper()
        for contract in self.hub.market.contracts():
            if symbol in ("", contract.symbol, contract.local_symbol):
                return contract
        named_contract = self.hub.venue.instrument(Contract.called(symbol))
        if named_contract is None:
            raise CommandError(f"unknown symbol {symbol!r}")
        return named_contract

    # --- occasions ----------------------------------------------------------------------------------------------
    def acts(self, client: ClientSession | None = None, symbol: str = "", order_id: int = 0) -> bool:
        """Whether the fault acts on this occasion; counts it."""
        wanted_client, wanted_symbol = self.integer("client"), self.text("symbol").upper()
        if client is not None and wanted_client not in (-1, client.client_id):
            return False
        if wanted_symbol and symbol and wanted_symbol != symbol:
            return False
        if order_id and self.integer("order_id") not in (0, order_id):
            return False
        if self._skip:
            self._skip -= 1
            return False
        if self.is_over or self.rng.random() >= self.number("chance"):
            return False
        self.acted += 1
        if self._left:
            self._left -= 1
            if self._left == 0:
                self.end()
        return True

    def clients(self) -> list[ClientSession]:
        """The connected clients that the fault concerns."""
        wanted = self.integer("client")
        return [client for client in self.hub.clients.values() if wanted in (-1, client.client_id)]

    # --- hooks --------------------------------------------------------------------------------------------------
    def on_connection(self, hook: ConnectionHook) -> None:
        """Decide over new connections."""
        key = self._hook_key()
        self.hub.faults.connections[key] = hook

    def admit(self, admission: Admission) -> None:
        """Treat each new connection on which the fault acts in one way."""
        self.on_connection(lambda _: admission if self.acts() else None)

    def on_request(self, message: Message, hook: Callable[[ClientSession, Record], bool]) -> None:
        """See requests of one kind before they act; True keeps one from acting."""

        def look(client: ClientSession, seen: Message, request: Record) -> bool:
            return seen is message and hook(client, request)

        self.hub.faults.requests[self._hook_key()] = look

    def on_events(self, hook: Callable[[Sequence[VenueEvent]], Sequence[VenueEvent]]) -> None:
        """Change what the venue tells."""
        self.hub.faults.events[self._hook_key()] = hook

    def on_frames(
        self, hook: Callable[[ClientSession, Message, bytes], Sequence[bytes] | None], *messages: Message
    ) -> None:
        """Change encoded replies of some kinds, or of all."""
        wanted = frozenset(message.id for message in messages)

        def look(client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
            return hook(client, message, frame) if not wanted or message.id in wanted else None

        self.hub.faults.replies[self._hook_key()] = look

    def on_reply(self, message: Message, change: Change) -> None:
        """Change decoded replies of one kind."""

        def look(client: ClientSession, _message: Message, frame: bytes) -> Sequence[bytes] | None:
            changed = change(client, read(message, client.version, frame))
            return None if changed is None else [message.encode(client.version, dict(each)) for each in changed]

        self.on_frames(look, message)

    def _hook_key(self) -> str:
        self._hooks += 1
        key = f"{self.key}/{self._hooks}"
        self.at_end(lambda: self.hub.faults.remove(key))
        return key

    # --- time and end -------------------------------------------------------------------------------------------
    def later(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something after some market seconds, even if the fault has ended by then."""
        self.hub.agenda.at(self.hub.now_ns() + round(seconds * SECOND_NS), action)

    def soon(self, action: Callable[[], object]) -> None:
        """Do something as soon as what is under way is done."""
        asyncio.get_running_loop().call_soon(action)

    def later_by_wall(self, seconds: float, action: Callable[[], object]) -> None:
        """Do something after some wall seconds."""
        timer = asyncio.get_running_loop().call_later(seconds, action)
        self.at_end(timer.cancel)

    def at_end(self, action: Callable[[], object]) -> None:
        """Undo something when the fault ends."""
        self._undo.append(action)

    def end(self) -> None:
        """Take everything out again; idempotent."""
        if self.is_over:
            return
        self.is_over = True
        for action in reversed(self._undo):
            action()
        self._ended()


def named(catalogue: dict[int, Message], name: str) -> Message:
    """A message by name or number. Raises CommandError."""
    for message in catalogue.values():
        if name in (message.name, str(message.id)):
            return message
    raise CommandError(f"unknown message {name!r}")


def read(message: Message, version: int, frame: bytes) -> Record:
    """A reply of ours, decoded again."""
    return message.decode(version, split_fields(frame[4:]))


def _number(parameter: Parameter) -> float:
    return float(parameter.default) if isinstance(parameter.default, int | float) else 0.0
