"""The core's end of the control socket in a few lines, for tests of its clients. Speaks through the shared codec."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

from tradetui.control.codec import Message, decode, encode, state_messages
from tradetui.control.messages import MAX_LINE, PROTOCOL, Changes, Row, State

Answer = Callable[[Message], list[Message]]


def done(command: Message) -> list[Message]:
    """Answer a command at once."""
    return [{"t": "result", "id": command["id"], "status": "done", "text": f"{command['kind']} done"}]


class SmallCore:
    """Serves one state. `answer` turns a command or query into messages; `silent` reads and says nothing."""

    def __init__(
        self,
        state: State,
        *,
        protocol: int = PROTOCOL,
        answer: Answer = done,
        silent: bool = False,
        ui: Row | None = None,
    ) -> None:
        self.state = state
        self.protocol = protocol
        self.answer = answer
        self.silent = silent
        self.ui = ui
        self.received: list[Message] = []
        self.arrived = asyncio.Condition()
        self._clients: dict[asyncio.StreamWriter, int] = {}
        self._subscribed: set[asyncio.StreamWriter] = set()

    @contextlib.asynccontextmanager
    async def serving(self, path: Path) -> AsyncIterator[SmallCore]:
        """Listen at `path`; everything is closed at the end."""
        server = await asyncio.start_unix_server(self._attend, path, limit=MAX_LINE)
        try:
            yield self
        finally:
            server.close()
            await self.drop_clients()
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def drop_clients(self) -> None:
        """Close every connection, as a dying core does."""
        for writer in list(self._clients):
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        self._clients.clear()
        self._subscribed.clear()

    async def push(self, changes: Changes, *, lose: bool = False) -> None:
        """Change the state and send the delta; `lose` leaves a gap in the numbering instead of sending."""
        for name, rows in changes.items():
            section = self.state.setdefault(name, {})
            for key, row in rows.items():
                if row is None:
                    section.pop(key, None)
                else:
                    section[key] = row
        for writer in list(self._subscribed):
            if lose:
                self._clients[writer] += 1
            else:
                self._say_state(writer, "delta", changes)

    def say(self, message: Message) -> None:
        """Send `message` to every client."""
        for writer in self._clients:
            writer.write(encode(message))

    async def wait_for(self, wanted: Callable[[Message], bool], timeout_s: float = 5.0) -> Message:
        """Return the first received message that is wanted, when it has come."""

        def found() -> Message | None:
            return next((message for message in self.received if wanted(message)), None)

        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(lambda: found() is not None), timeout_s)
        return cast("Message", found())

    async def wait_for_command(self, kind: str) -> Message:
        """Return the first command of `kind`, when it has come."""
        return await self.wait_for(lambda m: m["t"] == "command" and m["kind"] == kind)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients[writer] = 1
        try:
            while line := await reader.readline():
                await self._take(decode(line), writer)
        except OSError:
            return
        finally:
            self._clients.pop(writer, None)
            self._subscribed.discard(writer)
            writer.close()

    async def _take(self, message: Message, writer: asyncio.StreamWriter) -> None:
        async with self.arrived:
            self.received.append(message)
            self.arrived.notify_all()
        if self.silent:
            return
        match message["t"]:
            case "hello":
                hello: Message = {"t": "hello", "protocol": self.protocol, "version": "9.9", "pid": 4242, "ui": self.ui}
                writer.write(encode(hello))
            case "subscribe" | "snapshot":
                self._subscribed.add(writer)
                wanted = cast("list[str]", message.get("sections") or list(self.state))
                self._say_state(writer, "snapshot", {name: dict(self.state.get(name, {})) for name in wanted})
            case "command" | "query":
                for reply in self.answer(message):
                    writer.write(encode(reply))

    def _say_state(self, writer: asyncio.StreamWriter, kind: str, changes: Changes) -> None:
        for message in state_messages("snapshot" if kind == "snapshot" else "delta", changes, self._clients[writer]):
            writer.write(encode(message))
            self._clients[writer] += 1
