"""Serves the control channel: one JSON object per line in, one per line out.

Invariant: the channel listens on loopback only, and no line from it can end the gateway.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from tradetui.domain.errors import OperatorError
from tradetui.gateway.control.command import Arguments, Command, CommandError, Json
from tradetui.gateway.control.commands import COMMANDS

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

log = logging.getLogger("tradetui.gateway")

LINE_LIMIT: Final = 1 << 16
HOST: Final = "127.0.0.1"


class ControlChannel:
    """A running control channel of one gateway."""

    def __init__(self, gateway: GatewayServer, port: int) -> None:
        self._gateway = gateway
        self.port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen. Raises OperatorError if the port cannot be used."""
        try:
            self._server = await asyncio.start_server(self._serve, HOST, self.port, limit=LINE_LIMIT)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OperatorError(f"cannot listen on control port {self.port}: {reason}; choose another") from error
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every conversation on it."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError) as error:
            log.warning("control channel: %s", error)
        finally:
            self._writers.discard(writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def answer(self, line: bytes) -> Json:
        """Do one command line and return its answer; `ok` false carries the reason in `error`."""
        try:
            fields = _parse(line)
            if self._gateway.hub.frame_log is not None:
                self._gateway.hub.frame_log.commanded(line)
            return {"ok": True, **_command(fields)(self._gateway, Arguments(fields))}
        except (CommandError, json.JSONDecodeError, UnicodeDecodeError) as error:
            return {"ok": False, "error": str(error)}
        except Exception as error:
            log.exception("control command failed")
            return {"ok": False, "error": f"internal error: {error}"}


def _parse(line: bytes) -> Json:
    fields = json.loads(line)
    if not isinstance(fields, dict):
        raise CommandError("a command is a JSON object")
    return fields


def _command(fields: Json) -> Command:
    name = fields.get("cmd")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise CommandError(f"unknown command {name!r}; known: {', '.join(sorted(COMMANDS))}")
    return command
