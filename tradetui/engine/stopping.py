"""The graceful stop: entries are cancelled, exits and protective stops stay, everything known is on disk.

Invariant: each step has a time limit, the whole has STOP_LIMIT_S, and a second stop signal waits for no broker.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable

from tradetui.domain.events import Command, CommandKind
from tradetui.domain.order import OrderRecord, Purpose

_log = logging.getLogger(__name__)

STOP_LIMIT_S = 20.0
CANCEL_LIMIT_S = 5.0
_LOOK_S = 0.05
EXIT_HUNG = 3


class Stopping:
    """Why and how far the process is on its way out."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.reason = ""
        self.exit_code = 0
        self.hurry = False
        self._limit: threading.Timer | None = None

    def ask(self, reason: str, exit_code: int = 0) -> None:
        """Ask for the stop; asked again, what is left of it no longer waits for the broker."""
        if self._asked.is_set():
            self.hurry = True
            return
        self.reason, self.exit_code = reason, exit_code
        _log.warning("stopping: %s", reason)
        self._asked.set()

    async def wait(self) -> None:
        """Return when a stop is asked for."""
        await self._asked.wait()

    def arm(self) -> None:
        """From now on the process ends within STOP_LIMIT_S, whatever hangs."""
        self._limit = threading.Timer(STOP_LIMIT_S, os._exit, args=(EXIT_HUNG,))
        self._limit.daemon = True
        self._limit.start()

    def disarm(self) -> None:
        """Everything has ended."""
        if self._limit is not None:
            self._limit.cancel()


async def cancel_entries(
    live: Callable[[], Iterable[OrderRecord]], send: Callable[[Command], None], stopping: Stopping
) -> int:
    """Cancel every working entry through the core and wait for the broker's word; return how many are left."""

    def entries() -> list[OrderRecord]:
        return [order for order in live() if order.intent.purpose is Purpose.ENTRY]

    for order in entries():
        send(
            Command(
                command_id=f"stop:{secrets.token_hex(8)}",
                kind=CommandKind.CANCEL,
                who="core",
                target=order.intent.intent_id,
                reason=stopping.reason,
            )
        )
    deadline = asyncio.get_running_loop().time() + CANCEL_LIMIT_S
    # The book is plain data and raises no event: it is looked at.
    while entries() and not stopping.hurry and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_S)
    return len(entries())
