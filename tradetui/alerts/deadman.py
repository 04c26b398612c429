"""Ping an outside address while the core lives, so that somebody hears of it when the whole machine is dead.

Invariant: no ping while the core is silent or gone; the address, which works like a password, is never logged.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from tradetui.alerts.calls import BlockingCalls, CallTimeout, TooManyCalls
from tradetui.domain.clock import SECOND_NS

LIMIT_S = 10.0


class DeadManPing:
    """`on_turn` is told, in one line, when pings begin to fail and when they work again."""

    def __init__(self, url: str, *, every_s: float, calls: BlockingCalls, on_turn: Callable[[bool, str], None]) -> None:
        self._url = url
        self._every_ns = int(every_s * SECOND_NS)
        self._calls = calls
        self._on_turn = on_turn
        self._due_ns: int | None = None
        self._works: bool | None = None

    def is_due(self, now_ns: int) -> bool:
        """Return whether it is time for the next ping, and count it as done."""
        if self._due_ns is not None and now_ns < self._due_ns:
            return False
        self._due_ns = now_ns + self._every_ns
        return True

    async def ping(self) -> None:
        """Ask for the address once; never raises."""
        try:
            status = await self._calls.run(lambda: _get(self._url), limit_s=LIMIT_S + 2.0)
            works, why = 200 <= status < 400, f"HTTP {status}"
        except (CallTimeout, TooManyCalls, OSError, http.client.HTTPException, ValueError) as error:
            works, why = False, type(error).__name__
        if works != self._works and (self._works is not None or not works):
            self._on_turn(works, "dead-man ping works again" if works else f"dead-man ping fails: {why}")
        self._works = works


def _get(url: str) -> int:
    parts = urlsplit(url)
    host = parts.hostname or ""
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=LIMIT_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=LIMIT_S)
    try:
        connection.request("GET", (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        return connection.getresponse().status
    finally:
        connection.close()
