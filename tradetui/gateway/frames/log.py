"""Writes the frame log: one JSON line for each frame, in files of bounded size that only their owner can read.

Invariant: the log never harms the gateway: when it cannot be written, it says so once and is silent from then on.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

from tradetui.domain.errors import OperatorError
from tradetui.gateway.frames.row import Row, Way
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.session.hub import Hub

log = logging.getLogger("tradetui.gateway")

FORMAT: Final = 1
PART_BYTES: Final = 64 << 20
"""A file is put aside when it is larger than this."""
PARTS: Final = 4
"""Files kept: FILE, FILE.1 (older) and so on."""
_FLUSH_S: Final = 0.2


class FrameLog:
    """An open frame log. `heading` tells how the gateway was started, for a replay."""

    def __init__(
        self,
        path: Path,
        heading: Mapping[str, object],
        *,
        part_bytes: int = PART_BYTES,
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        """Start a log; an earlier one of that name is put aside. Raises OperatorError if it cannot be written."""
        self._path = path
        self._heading = heading
        self._part_bytes = part_bytes
        self._wall_ns = wall_ns
        self._hub: Hub | None = None
        self._links = 0
        self._part = 0
        self._size = 0
        self._flushed = 0.0
        self._file: TextIO | None = None
        try:
            if path.exists():
                self._put_aside()
            self._open()
        except OSError as error:
            raise OperatorError(
                f"--frame-log {path}: cannot be written: {error.strerror}; choose another file"
            ) from None

    def attach(self, hub: Hub) -> None:
        """Log what this hub's clients and the control channel say from now on."""
        self._hub = hub
        hub.frame_log = self

    def opened(self, connection: Connection) -> int:
        """A client connected; returns the number of its connection."""
        self._links += 1
        link = self._links
        self._write(Way.OPENED, link, None, b"")
        connection.outbox.watch = lambda frame: self.went(link, connection, frame)
        return link

    def came(self, link: int, connection: Connection, body: bytes) -> None:
        """A client's frame has acted."""
        self._write(Way.IN, link, _id_of(connection), body)

    def went(self, link: int, connection: Connection, frame: bytes) -> None:
        """A frame was handed to the socket."""
        self._write(Way.OUT, link, _id_of(connection), frame[4:])

    def closed(self, link: int, connection: Connection) -> None:
        """A connection is gone."""
        self._write(Way.CLOSED, link, _id_of(connection), b"")

    def commanded(self, line: bytes) -> None:
        """A command of the control channel is about to act."""
        self._write(Way.CONTROL, 0, None, line.strip() + b"\0")

    def close(self) -> None:
        """Write what is left and close the file."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                log.warning("the frame log's end is lost: %s", error)

    def _write(self, way: Way, link: int, client_id: int | None, body: bytes) -> None:
        if self._file is None:
            return
        market_ns = 0 if self._hub is None else self._hub.reached_ns
        row = Row(wall_ns=self._wall_ns(), market_ns=market_ns, way=way, link=link, client_id=client_id, body=body)
        try:
            self._put(self._file, row.line())
        except OSError as error:
            log.warning("the frame log %s ends here: %s", self._path, error)
            self._file = None

    def _put(self, file: TextIO, line: str) -> None:
        self._size += file.write(line)
        now = time.monotonic()
        if now - self._flushed >= _FLUSH_S:
            self._flushed = now
            file.flush()
        if self._size > self._part_bytes:
            file.close()
            self._put_aside()
            self._open()

    def _open(self) -> None:
        self._part += 1
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "w", encoding="utf-8")
        self._size = self._file.write(json.dumps({"frames": FORMAT, "part": self._part, **self._heading}) + "\n")

    def _put_aside(self) -> None:
        """FILE becomes FILE.1, that one FILE.2, and the oldest goes."""
        for number in range(PARTS - 1, 0, -1):
            newer = part_name(self._path, number - 1)
            if newer.exists():
                newer.replace(part_name(self._path, number))


def part_name(path: Path, number: int) -> Path:
    """The file of a part: 0 is the newest."""
    return path if number == 0 else path.with_name(f"{path.name}.{number}")


def _id_of(connection: Connection) -> int | None:
    return None if connection.client is None else connection.client.client_id
