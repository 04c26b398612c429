"""Tells systemd that the core is up, alive, or on its way out, when systemd asked to be told (Type=notify).

Invariant: telling never waits and never fails; without a service manager, or with one that does not read, nothing
happens.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

#: Real seconds between two signs of life; the shortest sensible WatchdogSec is several times that.
ALIVE_EVERY_S = 1.0


class ServiceNotice:
    """The line to the service manager named by NOTIFY_SOCKET."""

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # A leading @ stands for the zero byte of an abstract address.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._clock = clock
        self._next_s = 0.0

    def ready(self) -> None:
        """The control socket answers: the start has succeeded."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The event loop turns; call as often as it does."""
        now_s = self._clock()
        if now_s >= self._next_s:
            self._next_s = now_s + ALIVE_EVERY_S
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The graceful stop has begun."""
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            line.sendto(text.encode(), self._address)
