"""What every channel must be able to do.

Invariant: a channel never raises. What it does not know for certain it answers with Doubtful or CheckFailed, so that a
message is neither lost nor sent twice because of a guess.
"""

from __future__ import annotations

from typing import Protocol

from tradetui.alerts.delivery import Accepted, CheckFailed, Doubtful, Located, NotLocated, Refused, StatusSeen
from tradetui.alerts.model import Message

SendAnswer = Accepted | Refused | Doubtful
LocateAnswer = Located | NotLocated | CheckFailed
StatusAnswer = StatusSeen | CheckFailed


class Channel(Protocol):
    """A carrier. The calls block for at most their own time limits and run outside the event loop."""

    def send(self, message: Message) -> SendAnswer:
        """Ask the carrier to deliver `message`, once."""

    def locate(self, message: Message) -> LocateAnswer:
        """Look for `message` among what the carrier took lately."""

    def status(self, sid: str) -> StatusAnswer:
        """Ask what became of the message that the carrier named `sid`."""
