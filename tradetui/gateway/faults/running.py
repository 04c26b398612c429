"""The faults of one gateway: started by name, at a time, on a message or by chance; listed; ended.

Invariant: the same seed and the same start commands at the same market times give the same faults.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.control.command import Arguments, CommandError, Json
from tradetui.gateway.faults.catalogue import FAULTS
from tradetui.gateway.faults.fault import COMMON, TIMING, Fault
from tradetui.gateway.faults.injection import Injection, named
from tradetui.gateway.session import moments
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import REQUESTS

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer


log = logging.getLogger("tradetui.gateway")


class RunningFaults:
    """Starts and ends faults of one gateway."""

    def __init__(self, gateway: GatewayServer, seed: int = 0) -> None:
        self._gateway = gateway
        self._seed = seed
        self._started = 0
        self._running: dict[str, Injection] = {}
        self._waiting: dict[str, Callable[[], None]] = {}

    def start(self, fields: Json) -> str:
        """Start (or arm) the fault that `kind` names; returns its key.

        Raises:
            CommandError: the kind, a parameter or its value is wrong, or the key is in use.
        """
        arguments = Arguments(fields)
        fault = find(arguments.text("kind"))
        check(fault, fields)
        key = arguments.text("key", "") or self._free_key(fault.name)
        if key in self._running or key in self._waiting:
            raise CommandError(f"a fault runs under the key {key!r} already; end it, or give another key")
        self._arm(fault, key, arguments)
        return key

    def end(self, key: str) -> None:
        """End one fault, running or waiting. Raises CommandError if there is none."""
        cancel = self._waiting.pop(key, None)
        running = self._running.get(key)
        if cancel is None and running is None:
            raise CommandError(f"no fault under the key {key!r}; running: {', '.join(sorted(self._keys())) or 'none'}")
        if cancel is not None:
            cancel()
        if running is not None:
            running.end()

    def clear(self) -> None:
        """End every fault."""
        for key in self._keys():
            if key in self._running or key in self._waiting:
                self.end(key)

    def listing(self) -> list[Json]:
        """What runs and what waits."""
        running: list[Json] = [
            {"key": key, "kind": each.fault.name, "id": each.fault.id, "state": "running", "acted": each.acted}
            for key, each in self._running.items()
        ]
        waiting: list[Json] = [{"key": key, "state": "waiting"} for key in self._waiting if key not in self._running]
        return running + waiting

    def _keys(self) -> list[str]:
        return [*self._running, *(key for key in self._waiting if key not in self._running)]

    def _free_key(self, name: str) -> str:
        key, number = name, 1
        while key in self._running or key in self._waiting:
            number += 1
            key = f"{name} {number}"
        return key

    # --- when ---------------------------------------------------------------------------------------------------
    def _arm(self, fault: Fault, key: str, arguments: Arguments) -> None:
        start = partial(self._begin, fault, key, arguments)
        if arguments.text("on", ""):
            self._on_message(key, arguments, start)
        elif arguments.number("every", 0.0) > 0:
            self._again_and_again(key, arguments, start)
        elif arguments.text("at", ""):
            self._at(key, moments.parse(arguments.text("at"), self._gateway.hub.now_ns()), start)
        elif arguments.number("after", 0.0) > 0:
            self._at(key, self._in(arguments.number("after")), start)
        else:
            start()

    def _in(self, seconds: float) -> int:
        return self._gateway.hub.now_ns() + round(seconds * SECOND_NS)

    def _at(self, key: str, due_ns: int, start: Callable[[], object]) -> None:
        def due() -> None:
            if self._waiting.pop(key, None) is not None:
                self._try(key, start)

        self._waiting[key] = lambda: None
        self._gateway.hub.agenda.at(due_ns, due)

    @staticmethod
    def _try(key: str, start: Callable[[], object]) -> None:
        """Start a fault whose moment has come; nobody is there to be told that it cannot, and the market goes on."""
        try:
            start()
        except CommandError as error:
            log.warning("the fault %s did not start: %s", key, error)

    def _again_and_again(self, key: str, arguments: Arguments, start: Callable[[], object]) -> None:
        mean = arguments.number("every")
        rng = Random(f"{self._seed}/{key}/every")  # noqa: S311 - a seeded choice, not a secret

        def wait() -> None:
            self._gateway.hub.agenda.at(self._in(-math.log(1 - rng.random()) * mean), due)

        def due() -> None:
            if key not in self._waiting:
                return
            if key not in self._running:
                self._try(key, start)
            wait()

        self._waiting[key] = lambda: None
        wait()

    def _on_message(self, key: str, arguments: Arguments, start: Callable[[], object]) -> None:
        """Start at the nth passing of a message, early enough to act on that very message."""
        name, left = arguments.text("on"), arguments.integer("nth", 1)
        faults = self._gateway.hub.faults
        is_request = any(name in (message.name, str(message.id)) for message in REQUESTS.values())
        wanted = named(REQUESTS if is_request else REPLIES, name)

        def passes(message: Message) -> bool:
            nonlocal left
            if message is not wanted:
                return False
            left -= 1
            return left == 0

        def begin() -> str:
            self._waiting.pop(key, None)
            faults.remove(key)
            self._try(key, start)
            return f"{key}/"

        def request(client: ClientSession, message: Message, record: Record) -> bool:
            if not passes(message):
                return False
            mine = begin()
            new = [hook for name, hook in faults.requests.items() if name.startswith(mine)]
            return any(hook(client, message, record) for hook in new)

        def reply(client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
            if not passes(message):
                return None
            mine = begin()
            for hook in [hook for name, hook in faults.replies.items() if name.startswith(mine)]:
                changed = hook(client, message, frame)
                if changed is not None:
                    return changed
            return None

        if is_request:
            faults.requests[key] = request
        else:
            faults.replies[key] = reply
        self._waiting[key] = lambda: faults.remove(key)

    def _gone(self, key: str) -> None:
        self._running.pop(key, None)

    def _begin(self, fault: Fault, key: str, arguments: Arguments) -> Injection:
        self._started += 1
        rng = Random(f"{self._seed}/{key}/{self._started}")  # noqa: S311 - a seeded choice, not a secret
        injection = Injection(self._gateway, fault, key, arguments, rng, lambda: self._gone(key))
        self._running[key] = injection
        try:
            fault.start(injection)
        except CommandError:
            injection.end()
            raise
        lasts = arguments.number("lasts", 0.0)
        if lasts > 0:
            injection.later(lasts, injection.end)
        return injection


def find(kind: str) -> Fault:
    """A fault by its id or name. Raises CommandError."""
    for fault in FAULTS:
        if kind in (fault.id, fault.name):
            return fault
    raise CommandError(f"unknown fault {kind!r}; known: {', '.join(fault.name for fault in FAULTS)}")


def check(fault: Fault, fields: Json) -> None:
    """Refuse parameters that the fault does not have, or that are of the wrong type. Raises CommandError."""
    known = {each.name: each for each in (*COMMON, *TIMING, *fault.parameters)}
    surplus = sorted(set(fields) - set(known) - {"kind", "cmd"})
    if surplus:
        raise CommandError(f"{fault.name} has no parameter {', '.join(surplus)}; it has {', '.join(known)}")
    missing = [each.name for each in fault.parameters if each.default is None and each.name not in fields]
    if missing:
        raise CommandError(f"{fault.name} needs {', '.join(missing)}")
    arguments = Arguments(fields)
    for name in known.keys() & fields.keys():
        match known[name].default:
            case bool():
                arguments.flag(name, False)
            case int() | float():
                arguments.number(name)
            case _:
                arguments.text(name)
