"""The broker's events on their way to the core: held until market time is known, refused when the account is taken.

Invariant: no event of a session reaches the core before that session's clock was read, nor before this process holds
the account's lock.
"""

from __future__ import annotations

from collections.abc import Callable

from tradetui.domain.events import Event, SessionChanged, SessionState

#: States in which the core may not learn of a session whose clock was not read.
_IN_SESSION = (SessionState.SYNCING, SessionState.READY, SessionState.DEGRADED)


class BrokerGate:
    """The connector's event sink.

    `claim` takes the account's lock and returns why that failed, or an empty text; then `refuse` hears of it and
    nothing more is forwarded. `is_timed` tells whether market time is known.
    """

    def __init__(
        self,
        *,
        forward: Callable[[Event], None],
        claim: Callable[[str], str],
        refuse: Callable[[str], None],
        is_timed: Callable[[], bool],
    ) -> None:
        self._forward = forward
        self._claim = claim
        self._refuse = refuse
        self._is_timed = is_timed
        self._held: list[Event] = []
        self._account = ""
        self._refused = False

    def take(self, event: Event) -> None:
        """Take one event of the connector; never raises."""
        if isinstance(event, SessionChanged) and not self._admits(event):
            return
        if self._refused:
            return
        if isinstance(event, SessionChanged) and event.state not in _IN_SESSION:
            # Without a session there is no clock to wait for.
            self.release()
        elif self._held or not self._is_timed():
            self._held.append(event)
            return
        self._forward(event)

    def release(self) -> None:
        """Hand on what was held, now that market time is known."""
        held, self._held = self._held, []
        for event in held:
            self._forward(event)

    def _admits(self, event: SessionChanged) -> bool:
        if self._refused or not event.account or event.account == self._account:
            return True
        problem = self._claim(event.account)
        if problem:
            self._refused = True
            self._refuse(problem)
            return False
        self._account = event.account
        return True
