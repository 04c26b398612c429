"""The one task that drives the trading core: event in, step, actions out.

Invariant: steps never overlap, each is recorded with the instant it was given, and a step that fails halts new exposure
instead of ending the process, because somebody has to cancel and report. Decisions that wait together share one commit:
several symbols close their bars at the same moment, and a disk's flush costs more than all their steps.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tradetui.domain.actions import Action, CancelOrder, Commit
from tradetui.domain.clock import Now
from tradetui.domain.events import Event, HealthChanged, SignalsProposed
from tradetui.engine.clock import MarketClock
from tradetui.engine.inbox import Inbox

_log = logging.getLogger(__name__)

#: Steps after which the other tasks of the loop get their turn even when events keep coming.
_TURN = 20


class Steps(Protocol):
    """The deterministic core."""

    def step(self, event: Event, now: Now) -> list[Action]:
        """Take one event at one moment; return what to do about it, in order."""


class Stepper:
    """Feeds the core. `record` gets every input before its step."""

    def __init__(
        self,
        core: Steps,
        inbox: Inbox,
        clock: MarketClock,
        carry_out: Callable[[Sequence[Action]], Awaitable[None]],
        record: Callable[[Event, Now], None],
    ) -> None:
        self._core = core
        self.inbox = inbox
        self._clock = clock
        self._carry_out = carry_out
        self._record = record
        self.steps = 0
        self.faults = 0

    async def run(self) -> None:
        """Handle events until cancelled."""
        while True:
            await self.inbox.wait()
            await self.drain()

    async def drain(self) -> None:
        """Handle every event that waits, and those that come of them."""
        while (event := self.inbox.take()) is not None:
            await self.handle(event)
            if self.steps % _TURN == 0:
                await asyncio.sleep(0)

    async def handle(self, event: Event) -> None:
        """Take one step and carry out its actions; a decision takes those along that wait right behind it."""
        actions = self._step(event)
        if isinstance(event, SignalsProposed):
            while (another := self.inbox.take_if(SignalsProposed)) is not None:
                actions = merged(actions, self._step(another))
        await self._carry_out(actions)

    def _step(self, event: Event) -> list[Action]:
        now = self._clock.now()
        self._record(event, now)
        self.steps += 1
        try:
            return self._core.step(event, now)
        except Exception as error:
            self._fault(event, error)
            return []

    def _fault(self, event: Event, error: Exception) -> None:
        self.faults += 1
        _log.exception("the core failed on %r", event)
        if isinstance(event, HealthChanged) and event.key == "internal":
            return  # telling the core of its own fault failed too: the log has both
        detail = f"internal error on {type(event).__name__}: {type(error).__name__}: {error}"
        self.inbox.put_urgent(HealthChanged("internal", healthy=False, detail=detail))


def merged(first: Sequence[Action], second: Sequence[Action]) -> list[Action]:
    """Return the actions of two steps as those of one: cancels, one commit, then the rest of both in order."""
    actions = [*first, *second]
    commits = [action for action in actions if isinstance(action, Commit)]
    records = tuple(record for commit in commits for record in commit.records)
    together = [Commit(records, any(commit.durable for commit in commits))] if commits else []
    cancels = [action for action in actions if isinstance(action, CancelOrder)]
    rest = [action for action in actions if not isinstance(action, CancelOrder | Commit)]
    return [*cancels, *together, *rest]
