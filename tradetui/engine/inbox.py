"""The one queue of the trading core: every event, in the order it will be handled.

Invariant: no event is dropped or reordered within its lane; a kill, and the shell's answers to the core's own actions,
overtake what waits.
"""

from __future__ import annotations

import asyncio
from collections import deque

from tradetui.domain.events import Event

#: A core this far behind does not keep up: the shell reports it.
CROWDED = 10_000


class Inbox:
    """Filled from the event loop's callbacks, emptied by one task."""

    def __init__(self) -> None:
        self._urgent: deque[Event] = deque()
        self._regular: deque[Event] = deque()
        self._filled = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queue an event."""
        self._regular.append(event)
        self._filled.set()

    def put_urgent(self, event: Event) -> None:
        """Queue an event ahead of all regular ones, behind earlier urgent ones."""
        self._urgent.append(event)
        self._filled.set()

    def take(self) -> Event | None:
        """Return the next event, None when there is none."""
        if self._urgent:
            return self._urgent.popleft()
        return self._regular.popleft() if self._regular else None

    def take_if(self, kind: type[Event]) -> Event | None:
        """Return the next event if nothing urgent waits and it is of `kind`, else None and it stays."""
        if self._urgent or not self._regular or not isinstance(self._regular[0], kind):
            return None
        return self._regular.popleft()

    async def wait(self) -> None:
        """Return when there is an event."""
        while not (self._urgent or self._regular):
            self._filled.clear()
            await self._filled.wait()

    @property
    def is_crowded(self) -> bool:
        """Whether more than CROWDED events wait."""
        return len(self._regular) > CROWDED

    def __len__(self) -> int:
        return len(self._urgent) + len(self._regular)
