"""Version negotiation: what the client offers, what the gateway answers.

Invariant: the answer is never above what both sides know and never below either side's minimum.
"""

import re
from dataclasses import dataclass

from tradetui.gateway.wire.errors import FrameError
from tradetui.gateway.wire.versions import FLOOR

_OFFER = re.compile(r"v(\d{1,6})(?:\.\.(\d{1,6}))?(?: (.*))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The version range and connect options in a client's first frame."""

    lowest: int
    highest: int
    options: str


def parse_offer(body: bytes) -> Offer:
    """Read `v157..178 options`. Raises FrameError if it is anything else."""
    match = _OFFER.match(body.rstrip(b"\0").decode("ascii", "replace"))
    if match is None:
        raise FrameError(f"not a version offer: {body[:40]!r}")
    lowest = int(match[1])
    highest = int(match[2]) if match[2] else lowest
    return Offer(lowest=lowest, highest=highest, options=match[3] or "")


def negotiate(offer: Offer, cap: int) -> int | None:
    """The version both sides will speak, or None if there is none."""
    version = min(offer.highest, cap)
    if version < max(offer.lowest, FLOOR):
        return None
    return version


def greeting(version: int, local_time: str) -> bytes:
    """Body of the server's answer: exactly two fields."""
    return f"{version}\0{local_time}\0".encode()
