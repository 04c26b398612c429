"""Market depth: the venue's own book levels, told to each subscriber as inserts, updates and deletes of rows.

Invariant: a client that applies what it was told holds exactly the levels that an order would meet now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.venue.venue import Level, Venue
from tradetui.gateway.wire.replies_market import DEPTH, DEPTH_L2

INSERT, UPDATE, DELETE = 0, 1, 2
_ASKS, _BIDS = 0, 1
Change = tuple[int, int, Level]
_NOTHING: Final[Level] = (0.0, 0)


@dataclass(slots=True)
class DepthLine:
    """One subscription. With `maker` each row names who quotes there (message 13), else message 12 is used."""

    client: ClientSession
    request_id: int
    con_id: int
    rows: int
    maker: str = ""
    is_smart: bool = False
    told: dict[int, list[Level]] = field(default_factory=dict)

    def tell(self, side: int, levels: list[Level]) -> None:
        """Send what has changed on one side."""
        for position, operation, (price, size) in changes(self.told.get(side, []), levels):
            if self.maker:
                self.client.send(
                    DEPTH_L2,
                    reqId=self.request_id,
                    position=position,
                    marketMaker=self.maker,
                    operation=operation,
                    side=side,
                    price=price,
                    size=size,
                    smartDepth=self.is_smart,
                )
            else:
                self.client.send(
                    DEPTH,
                    reqId=self.request_id,
                    position=position,
                    operation=operation,
                    side=side,
                    price=price,
                    size=size,
                )
        self.told[side] = levels


def changes(old: list[Level], new: list[Level]) -> Iterator[Change]:
    """(row, operation, level) that turn one side of the book into another; rows are deleted from the last one up."""
    for position, level in enumerate(new):
        if position >= len(old):
            yield position, INSERT, level
        elif level != old[position]:
            yield position, UPDATE, level
    for position in range(len(old) - 1, len(new) - 1, -1):
        yield position, DELETE, _NOTHING


class DepthBoard:
    """All depth subscriptions, by instrument."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._lines: dict[int, list[DepthLine]] = {}
        self._by_request: dict[tuple[ClientSession, int], DepthLine] = {}

    def has(self, client: ClientSession, request_id: int) -> bool:
        """Whether the client already uses this request id."""
        return (client, request_id) in self._by_request

    def con_id(self, client: ClientSession, request_id: int) -> int | None:
        """The instrument of one subscription."""
        line = self._by_request.get((client, request_id))
        return None if line is None else line.con_id

    def count(self, client: ClientSession) -> int:
        """Number of subscriptions the client holds."""
        return sum(1 for owner, _ in self._by_request if owner is client)

    def subscribe(self, line: DepthLine) -> None:
        """Send the book as it is and follow from here."""
        self._by_request[line.client, line.request_id] = line
        self._lines.setdefault(line.con_id, []).append(line)
        self._tell(line)

    def unsubscribe(self, client: ClientSession, request_id: int) -> bool:
        """End one subscription; False if there is none."""
        line = self._by_request.pop((client, request_id), None)
        if line is None:
            return False
        lines = self._lines[line.con_id]
        lines.remove(line)
        if not lines:
            del self._lines[line.con_id]
        return True

    def drop(self, client: ClientSession) -> None:
        """End every subscription of a client."""
        for owner, request_id in [key for key in self._by_request if key[0] is client]:
            self.unsubscribe(owner, request_id)

    def refresh(self, con_id: int) -> None:
        """Something happened to this book: tell its subscribers what it changed."""
        for line in self._lines.get(con_id, ()):
            self._tell(line)

    def refresh_all(self) -> None:
        """Time passed: sessions that ended took their books with them."""
        for con_id in self._lines:
            self.refresh(con_id)

    def _tell(self, line: DepthLine) -> None:
        bids, asks = self._venue.depth(line.con_id, line.rows)
        line.tell(_BIDS, bids)
        line.tell(_ASKS, asks)
