"""Blocking client of the control socket, for command line verbs. Starts fast: no asyncio, no third party.

The invariant: every wait has a time limit, and an answer that did not come is reported as unknown, never as done.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from tradetui import __version__
from tradetui.control.codec import CodecError, Message, decode, encode
from tradetui.control.messages import MAX_LINE, PROTOCOL, JsonValue, Row, State
from tradetui.control.peer import is_own_process
from tradetui.control.store import Applied, Store
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths, command_for

#: How long an answer may take before the core counts as not answering.
ANSWER_S = 1.0
#: Statuses after which no further result of the same command follows.
FINAL = frozenset({"denied", "done"})

Monotonic = Callable[[], float]


class CoreUnavailable(OperatorError):
    """The core could not be asked: what was wanted may or may not have happened there."""


class CoreNotRunning(CoreUnavailable):
    """Nothing listens on the control socket: no message was sent."""


class CoreNotAnswering(CoreUnavailable):
    """The core took the connection but did not answer in time: the outcome is unknown."""


class OtherProtocol(CoreUnavailable):
    """The core speaks another version of the control protocol: only a kill is sent to it."""


def require_own_process(sock: socket.socket) -> None:
    """Check that the peer is a process of ours.

    Raises:
        CoreNotRunning: it belongs to another user.
    """
    if not is_own_process(sock):
        raise CoreNotRunning("the process behind the control socket belongs to another user")


def client_hello(client: str) -> Message:
    """Return the first message of a client; `client` names it in the core's log."""
    return {"t": "hello", "protocol": PROTOCOL, "client": client, "version": __version__}


def new_command_id() -> str:
    """Return an id that makes one command idempotent over any number of deliveries."""
    return secrets.token_hex(8)


def command_message(
    kind: str,
    *,
    who: str,
    command_id: str | None = None,
    symbols: Sequence[str] = (),
    target: str = "",
    reason: str = "",
    confirm: str = "",
    booking: Mapping[str, JsonValue] | None = None,
) -> Message:
    """Return a command of `kind` (a domain CommandKind) by `who`, with a fresh id unless one is given.

    `booking` holds the fields of the bookkeeping commands: owner, qty, price, cash.
    """
    return {
        "t": "command",
        "id": command_id or new_command_id(),
        "kind": kind,
        "who": who,
        "symbols": list(symbols),
        "target": target,
        "reason": reason,
        "confirm": confirm,
        **(booking or {}),
    }


class ControlClient:
    """One connection to the core, past the exchange of hellos."""

    def __init__(self, sock: socket.socket, *, clock: Monotonic = time.monotonic) -> None:
        self._sock = sock
        self._clock = clock
        self._buffer = bytearray()
        self.hello: Message = {}

    @classmethod
    def connect(cls, path: Path, *, client: str, timeout_s: float = ANSWER_S) -> Self:
        """Return a client connected to the socket at `path`, of whatever protocol the core speaks.

        Raises:
            CoreNotRunning: nothing listens there.
            CoreNotAnswering: no hello came within `timeout_s`.
        """
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout_s)
            sock.connect(str(path))
            require_own_process(sock)
            self = cls(sock)
            self._send(client_hello(client))
            self.hello = self._await(lambda message: message["t"] == "hello", timeout_s)
        except TimeoutError:
            sock.close()
            raise CoreNotAnswering(f"{path}: the core does not answer") from None
        except OSError as error:
            sock.close()
            raise CoreNotRunning(f"{path}: {error.strerror or error}") from None
        except BaseException:
            sock.close()
            raise
        return self

    @property
    def compatible(self) -> bool:
        """Whether the core speaks our protocol; when not, only `command("kill")` makes sense."""
        return self.hello.get("protocol") == PROTOCOL

    def require_compatible(self) -> None:
        """Check the protocol.

        Raises:
            OtherProtocol: the core speaks another one.
        """
        if not self.compatible:
            raise OtherProtocol(
                f"the running core is version {self.hello.get('version')} and speaks another control protocol than this"
                f" {__version__}: only kill works; stop and start the core to bring both to one version"
            )

    def state(self, sections: Sequence[str] = (), timeout_s: float = ANSWER_S) -> State:
        """Return the state of `sections` (all when empty).

        Raises:
            CoreNotAnswering: it did not come whole within `timeout_s`.
            OtherProtocol: the core speaks another protocol.
        """
        self.require_compatible()
        self._send({"t": "subscribe", "hz": 1.0, "sections": list(sections)})
        store = Store()

        def complete(message: Message) -> bool:
            return message["t"] == "snapshot" and store.apply(message) is Applied.COMPLETE

        self._await(complete, timeout_s)
        return dict(store.state)

    def command(self, message: Message, *, timeout_s: float = ANSWER_S) -> Iterator[tuple[str, str]]:
        """Send a command and yield each (status, text) the core reports, up to `denied` or `done`.

        Raises:
            CoreNotAnswering: the next status did not come within `timeout_s`: the outcome is unknown.
            OtherProtocol: the core speaks another protocol and the command is no kill.
        """
        if message["kind"] != "kill":
            self.require_compatible()
        self._send(message)
        status = ""
        while status not in FINAL:
            result = self._await(lambda m: m["t"] == "result" and m.get("id") == message["id"], timeout_s)
            status = str(result.get("status"))
            yield status, str(result.get("text", ""))

    def query(self, what: str, args: dict[str, JsonValue] | None = None, timeout_s: float = 5.0) -> list[Row]:
        """Return the rows that answer `what` (orders, fills, refusals, why, explain, log, equity, alerts).

        Raises:
            CoreNotAnswering: no answer came within `timeout_s`.
            OperatorError: the core refused the question, with its reason.
            OtherProtocol: the core speaks another protocol.
        """
        self.require_compatible()
        question = new_command_id()
        self._send({"t": "query", "id": question, "what": what, "args": args or {}})
        answer = self._await(lambda m: m["t"] == "answer" and m.get("id") == question, timeout_s)
        if error := answer.get("error"):
            raise OperatorError(str(error))
        return cast("list[Row]", answer.get("rows") or [])

    def close(self) -> None:
        """Close the connection; the core goes on."""
        self._sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _send(self, message: Message) -> None:
        try:
            self._sock.settimeout(ANSWER_S)
            self._sock.sendall(encode(message))
        except TimeoutError:
            raise CoreNotAnswering("the core does not read its control socket") from None
        except OSError as error:
            raise CoreNotAnswering(f"the core closed the connection: {error.strerror or error}") from None

    def _await(self, wanted: Callable[[Message], bool], timeout_s: float) -> Message:
        deadline = self._clock() + timeout_s
        while True:
            message = self._receive(deadline)
            if message["t"] == "error":
                raise OperatorError(str(message.get("text") or message.get("error") or "the core refused the request"))
            if wanted(message):
                return message

    def _receive(self, deadline: float) -> Message:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MAX_LINE:
                raise CodecError("the core sent a line over the limit")
            self._fill(deadline)
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return decode(line)

    def _fill(self, deadline: float) -> None:
        left = deadline - self._clock()
        if left <= 0:
            raise CoreNotAnswering("the core did not answer in time; what became of the request is not known")
        self._sock.settimeout(left)
        try:
            data = self._sock.recv(1 << 16)
        except TimeoutError:
            raise CoreNotAnswering("the core did not answer in time; what became of the request is not known") from None
        except OSError as error:
            raise CoreNotAnswering(f"the connection to the core broke: {error.strerror or error}") from None
        if not data:
            raise CoreNotAnswering("the core closed the connection before it answered")
        self._buffer += data


def connect_core(paths: Paths, *, client: str, timeout_s: float = ANSWER_S) -> ControlClient:
    """Return a client of the profile's core.

    Raises:
        CoreNotRunning: there is none; the text names the profile and the remedy.
        CoreNotAnswering: it hangs.
    """
    try:
        # Without a recorded socket no core ever ran: the usual place gives the same refusal.
        path = paths.socket_for_clients() or paths.state / "core.sock"
        return ControlClient.connect(path, client=client, timeout_s=timeout_s)
    except CoreNotRunning:
        raise CoreNotRunning(
            f"no core is running for profile {paths.profile} of {paths.home}; `{_command(paths)} run` starts one"
        ) from None
    except CoreNotAnswering:
        raise CoreNotAnswering(
            f"the core of profile {paths.profile} does not answer within {timeout_s:g} s; "
            f"`{_command(paths)} kill` stops its trading without the socket"
        ) from None


def _command(paths: Paths) -> str:
    return command_for(paths, os.environ, Path.cwd())
