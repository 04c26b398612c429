"""The gateway's own news: a closing report per instrument and session, and bulletins about what the exchange does.

Invariant: a report says what the session's bar says and appears when the session has closed, never before.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.session import times
from tradetui.gateway.wire.replies_research import NEWS_BULLETIN

if TYPE_CHECKING:
    from tradetui.gateway.market.market import Market
    from tradetui.gateway.session.client import ClientSession
    from tradetui.gateway.venue.model import Contract

PROVIDER: Final = "PAPER"
PROVIDER_NAME: Final = "Closing reports of the paper gateway"
REGULAR: Final = 1
"""Type of a bulletin about anything but an exchange's availability."""


@dataclass(frozen=True, slots=True)
class Report:
    """How one session of one instrument ended. `change` is the percentage since the close before, None if unknown."""

    contract: Contract
    bar: HistoryBar
    change: float | None

    @property
    def article_id(self) -> str:
        """Names the report among all articles."""
        return f"{PROVIDER}${self.contract.con_id}${times.day(self.bar.start_ns)}"

    @property
    def headline(self) -> str:
        """One line."""
        moved = "" if self.change is None else f", {self.change:+.2f}%"
        return f"{self.contract.symbol} closes at {self.bar.close:.2f}{moved}"

    @property
    def text(self) -> str:
        """The whole article."""
        bar = self.bar
        return (
            f"{self.headline} on {times.local(bar.start_ns):%Y-%m-%d}. It opened at {bar.open:.2f}, traded between "
            f"{bar.low:.2f} and {bar.high:.2f}, and {bar.volume} shares changed hands."
        )


def reports(market: Market, contract: Contract, end_ns: int, sessions: int) -> list[Report]:
    """Reports of the last `sessions` closed by `end_ns`, newest first."""
    bars = market.history(
        contract.con_id,
        end_ns=end_ns,
        duration=f"{sessions + 1} D",
        bar_size="1 day",
        what="TRADES",
        use_rth=True,
        now_ns=end_ns,
    )
    closed = [bar for bar in bars if bar.end_ns <= end_ns]
    first = [Report(contract, closed[0], None)] if closed else []
    later = [
        Report(contract, bar, (bar.close / before.close - 1.0) * 100.0 if before.close else None)
        for before, bar in pairwise(closed)
    ]
    return [*first, *later][::-1][:sessions]


class Bulletins:
    """What the exchange announced, and the clients that want to hear it."""

    def __init__(self) -> None:
        self._told: list[tuple[int, str, str]] = []
        self._readers: set[ClientSession] = set()

    def subscribe(self, client: ClientSession, *, with_past: bool) -> None:
        """Tell every later bulletin, and with `with_past` those that were."""
        if with_past:
            for number, text, exchange in self._told:
                self._tell(client, number, text, exchange)
        self._readers.add(client)

    def drop(self, client: ClientSession) -> None:
        """Tell the client no more."""
        self._readers.discard(client)

    def publish(self, text: str, exchange: str) -> None:
        """Announce something to everyone who reads bulletins."""
        number = len(self._told) + 1
        self._told.append((number, text, exchange))
        for client in self._readers:
            self._tell(client, number, text, exchange)

    @staticmethod
    def _tell(client: ClientSession, number: int, text: str, exchange: str) -> None:
        client.send(NEWS_BULLETIN, messageId=number, type=REGULAR, text=text, exchange=exchange)
