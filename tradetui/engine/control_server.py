"""The control socket: the core's only door for screens and commands.

Invariants: only processes of this user get in; a command reaches the core once per id and its results go to everyone
who sent it; a client can cost the core its own connection and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tradetui import __version__
from tradetui.control.codec import CodecError, Message, decode
from tradetui.control.messages import MAX_LINE, PROTOCOL, SECTIONS, JsonValue, Row, State
from tradetui.control.peer import peer_pid_and_uid
from tradetui.domain.actions import Reply
from tradetui.domain.errors import OperatorError, TradetuiError
from tradetui.domain.events import Command, CommandKind
from tradetui.engine.control_client import ControlClient

_log = logging.getLogger(__name__)

TICK_S = 0.1
MAX_CLIENTS = 32
#: Commands whose senders are remembered for late results.
_REMEMBERED = 500
_TEXT_LIMIT = 500

Answer = Callable[[str, Mapping[str, object]], list[Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the server asks of the core. `answer` (from the journal) runs in a thread and may raise TradetuiError.

    `blocks` says what would keep an entry in a symbol (None: all) from being made now; it runs in the core's thread.
    """

    state: Callable[[], State]
    hello: Callable[[], Mapping[str, object]]
    command: Callable[[Command], None]
    answer: Answer
    blocks: Callable[[str | None], list[Row]]
    uid: int


class ControlServer:
    """Serves clients from `start` to `close`; `run` sends the deltas."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._clients: set[ControlClient] = set()
        self._senders: OrderedDict[str, set[ControlClient]] = OrderedDict()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def start(self, path: Path) -> None:
        """Listen on the socket `path`. The caller holds the profile's lock, so a socket that is there is a leftover.

        Raises:
            OperatorError: the socket cannot be made.
        """
        try:
            listener = _listen(path)
            self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=MAX_LINE)
        except OSError as error:
            raise OperatorError(f"{path}: cannot listen for screens and commands: {error.strerror}") from None
        self._path = path

    async def run(self) -> None:
        """Send every client its changes; never returns."""
        while True:
            await asyncio.sleep(TICK_S)
            self.publish(asyncio.get_running_loop().time())

    def publish(self, now_s: float) -> None:
        """Send deltas to the clients that are due, and drop those that do not read."""
        for client in [client for client in self._clients if client.is_dead(now_s)]:
            _log.warning("client %s does not read; dropped", client.name)
            client.drop()
        due = [client for client in self._clients if client.is_due(now_s)]
        if due:
            state = self._desk.state()
            for client in due:
                client.delta(state, now_s)

    def reply(self, reply: Reply) -> None:
        """Send a command's result to whoever sent the command."""
        message = {"t": "result", "id": reply.command_id, "status": reply.status, "text": reply.text}
        for client in self._senders.get(reply.command_id, ()):
            client.send(message)

    async def close(self, reason: str) -> None:
        """Say goodbye to every client and stop listening."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.close(reason)
        _remove(self._path)
        # Python 3.12 waits here for connections to end; a client that hangs must not hold the core.
        with suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = self._admit(writer)
        if client is None:
            writer.transport.abort()
            return
        self._clients.add(client)
        try:
            await self._converse(client, reader)
        except CodecError as error:
            _log.warning("client %s: %s; dropped", client.name, error)
            client.send({"t": "error", "text": str(error)[:_TEXT_LIMIT]})
        except OSError:
            pass  # it went away
        finally:
            self._clients.discard(client)
            for senders in self._senders.values():
                senders.discard(client)
            writer.close()

    def _admit(self, writer: asyncio.StreamWriter) -> ControlClient | None:
        peer = peer_pid_and_uid(writer.get_extra_info("socket"))
        if peer is not None and peer[1] != self._desk.uid:
            _log.warning("process %d of user %d was refused at the control socket", *peer)
            return None
        if len(self._clients) >= MAX_CLIENTS:
            _log.warning("more than %d clients; one was refused", MAX_CLIENTS)
            return None
        return ControlClient(writer, f"process {peer[0]}" if peer else "a client")

    async def _converse(self, client: ControlClient, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                raise CodecError("a line over the limit") from None
            if not line.endswith(b"\n"):
                return
            await self._take(client, decode(line))

    async def _take(self, client: ControlClient, message: Message) -> None:
        kind = message["t"]
        now_s = asyncio.get_running_loop().time()
        if kind == "hello":
            client.greeted = True
            client.send({"t": "hello", "protocol": PROTOCOL, "version": __version__, **self._desk.hello()})
        elif not client.greeted:
            raise CodecError("the first message has to be a hello")
        elif kind == "subscribe":
            hz = message.get("hz")
            client.subscribe(hz if isinstance(hz, int | float) else 1.0, _sections(message), self._desk.state(), now_s)
        elif kind == "snapshot":
            client.snapshot(self._desk.state(), now_s)
        elif kind == "command":
            self._command(client, message)
        elif kind == "query":
            await self._query(client, message)
        else:
            client.send({"t": "error", "text": f"no message {str(kind)[:40]!r}"})

    def _command(self, client: ControlClient, message: Message) -> None:
        try:
            command = command_of(message)
        except OperatorError as error:
            client.send({"t": "result", "id": message.get("id"), "status": "denied", "text": str(error)})
            return
        self._senders.setdefault(command.command_id, set()).add(client)
        while len(self._senders) > _REMEMBERED:
            self._senders.popitem(last=False)
        self._desk.command(command)

    async def _query(self, client: ControlClient, message: Message) -> None:
        args = message.get("args")
        answer: dict[str, object] = {"t": "answer", "id": message.get("id"), "rows": []}
        try:
            what = str(message.get("what"))
            given = args if isinstance(args, dict) else {}
            answer["rows"] = (
                self._desk.blocks(_symbol(given))
                if what == "blocks"
                else await asyncio.to_thread(self._desk.answer, what, given)
            )
        except TradetuiError as error:
            answer["error"] = str(error)
        try:
            client.send(answer)
        except CodecError:
            client.send({**answer, "rows": [], "error": "the answer is too long; ask for fewer rows with limit"})


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
    except OSError:
        listener.close()
        raise
    return listener


def _remove(path: Path | None) -> None:
    if path is not None:
        path.unlink(missing_ok=True)


def command_of(message: Message) -> Command:
    """Return the command in a `command` message.

    Raises:
        OperatorError: a field is missing, of the wrong type, or the kind is not known.
    """
    command_id = _text(message, "id")
    if not command_id:
        raise OperatorError("a command needs an id")
    try:
        kind = CommandKind(_text(message, "kind"))
    except ValueError:
        raise OperatorError(f"no command {_text(message, 'kind')!r}; there are {', '.join(CommandKind)}") from None
    symbols = message.get("symbols") or []
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise OperatorError("symbols have to be a list of texts")
    return Command(
        command_id=command_id,
        kind=kind,
        who=_text(message, "who") or "unnamed",
        symbols=tuple(cast("list[str]", symbols)),
        target=_text(message, "target"),
        reason=_text(message, "reason"),
        confirm=_text(message, "confirm"),
        owner=_text(message, "owner"),
        qty=_number(message, "qty"),
        price=_number(message, "price"),
        cash=_number(message, "cash"),
    )


def _number(message: Message, name: str) -> float | None:
    value = message.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OperatorError(f"{name} has to be a number")
    return float(value)


def _text(message: Message, name: str) -> str:
    value: JsonValue = message.get(name, "")
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        raise OperatorError(f"{name} has to be a text of at most {_TEXT_LIMIT} characters")
    return value


def _symbol(args: Mapping[str, JsonValue]) -> str | None:
    symbol = args.get("symbol")
    return symbol if isinstance(symbol, str) else None


def _sections(message: Message) -> list[str]:
    given = message.get("sections") or []
    if not isinstance(given, list):
        raise CodecError("sections have to be a list")
    known = [name for name in given if isinstance(name, str) and name in SECTIONS]
    if given and not known:
        raise CodecError("none of the sections asked for is known")
    return known
