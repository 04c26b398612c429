"""Stands between a core and its gateway, passes every byte on, and notes when each message of the core went by.

It is also a cable that can be pulled.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

from tradetui.gateway.wire.framing import FrameReader, split_fields

Sighting = tuple[float, str]


class WireTap:
    """A listening port that leads to `port`. `seen` holds (perf_counter seconds, message id) of the core's messages."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listener]
        self.seen: list[Sighting] = []
        self._plugged = True
        self.port: int = self._listener.getsockname()[1]
        self._run(self._accept)

    def times_of(self, message_id: int) -> list[float]:
        """Return when messages of this kind went by, in order."""
        return [at for at, name in list(self.seen) if name == str(message_id)]

    def unplug(self) -> None:
        """Break every connection, and let no new one through until `plug`."""
        self._plugged = False
        broken, self._sockets = self._sockets[1:], self._sockets[:1]
        _close(broken)

    def plug(self) -> None:
        """Let connections through again."""
        self._plugged = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        _close(self._sockets)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                core, _ = self._listener.accept()
                if not self._plugged:
                    core.close()
                    continue
                gateway = socket.create_connection(("127.0.0.1", self._target))
                for each in (core, gateway):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets += [core, gateway]
                self._run(partial(self._pass_on, core, gateway, FrameReader(prefixed=True)))
                self._run(partial(self._pass_on, gateway, core, None))

    def _pass_on(self, source: socket.socket, target: socket.socket, reader: FrameReader | None) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                target.sendall(data)
                at = time.perf_counter()
                if reader is not None:
                    self.seen += [(at, split_fields(body)[0]) for body in reader.feed(data)]
        # Also after a reset: the other side must learn that its peer is gone.
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    @staticmethod
    def _run(work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()


def _close(sockets: list[socket.socket]) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()
