"""A client that speaks the gateway's wire by hand and does nothing else, so that the gateway alone is measured."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tradetui.bench.measure import Unmeasured
from tradetui.gateway.wire.framing import API_PREFIX, FrameReader, frame, split_fields
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_account import NEXT_VALID_ID
from tradetui.gateway.wire.requests import START_API

_OFFER = b"v157..178"
_CHUNK = 1 << 18


class WireClient:
    """One blocking connection, past the greeting."""

    def __init__(self, port: int, client_id: int, limit_s: float = 10.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=limit_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._frames = FrameReader()
        self._waiting: deque[bytes] = deque()
        self._socket.sendall(API_PREFIX + frame(_OFFER))
        self._version = int(split_fields(self.read())[0])
        self.send(START_API, clientId=client_id)
        self.read_until(is_reply(NEXT_VALID_ID))

    def fileno(self) -> int:
        """The socket, for select."""
        return self._socket.fileno()

    def send(self, message: Message, **values: Value) -> None:
        """Write one request."""
        self._socket.sendall(message.encode(self._version, values))

    def read(self) -> bytes:
        """Return the next message's body.

        Raises:
            Unmeasured: the gateway closed the connection, or said nothing in time.
        """
        while not self._waiting:
            self._waiting.extend(self.read_some())
        return self._waiting.popleft()

    def read_some(self) -> list[bytes]:
        """Return the bodies of the messages that arrive next, at least part of one.

        Raises:
            Unmeasured: as `read`.
        """
        try:
            data = self._socket.recv(_CHUNK)
        except TimeoutError:
            raise Unmeasured("the gateway said nothing in time") from None
        if not data:
            raise Unmeasured("the gateway closed the connection")
        return self._frames.feed(data)

    def read_until(self, wanted: Callable[[bytes], bool]) -> bytes:
        """Return the first body that is wanted; earlier ones are dropped.

        Raises:
            Unmeasured: as `read`.
        """
        while not wanted(body := self.read()):
            continue
        return body

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()


def is_reply(message: Message, *fields: object) -> Callable[[bytes], bool]:
    """Return the test whether a body is a message of this kind that begins with these fields."""
    prefix = "".join(f"{field}\0" for field in (message.id, *fields)).encode()
    return lambda body: body.startswith(prefix)
