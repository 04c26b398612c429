"""The contract both markets keep: one deterministic stream of quotes and trades, and the history that it joins.

Invariant: for one seed (or file) the events up to a time are the same list whatever the polling steps were, and a
TRADES bar built from the stream equals the same bar asked later as history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import TradingCalendar

if TYPE_CHECKING:
    from tradetui.gateway.market.options import Chain


class HistoryError(ValueError):
    """A historical request that IB would refuse; `code` and `text` are the error message to send."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStats:
    """The running session of one instrument as of the events already polled; None before the first print."""

    last: float | None
    last_size: int | None
    last_ns: int | None
    open: float | None
    high: float | None
    low: float | None
    volume: int
    previous_close: float | None


class Market(Protocol):
    """What the gateway's session layer may ask of a market."""

    @property
    def calendar(self) -> TradingCalendar:
        """Exchange calendar of all its instruments."""
        ...

    @property
    def start_ns(self) -> int:
        """Market time at which the live stream begins."""
        ...

    def contracts(self) -> Sequence[Contract]:
        """Every instrument that streams from the start, fully qualified, exchange SMART."""
        ...

    def open(self, con_id: int) -> None:
        """Let an instrument that does not stream yet (a future, an option, a currency) stream from now on."""
        ...

    def details(self, asked: Contract) -> ContractDetails | None:
        """The one instrument that an order means, which streams from now on; None if there is none or several."""
        ...

    def price(self, con_id: int) -> float | None:
        """The last known price of an instrument that streams, None if there is none."""
        ...

    def contract_details(self, query: Contract, now_ns: int) -> list[ContractDetails]:
        """Instruments matching `query` (con_id != 0 wins, else non-empty fields); empty means error 200."""
        ...

    def matching_symbols(self, pattern: str) -> list[Contract]:
        """Instruments whose symbol or name starts with or contains `pattern`, best first."""
        ...

    def market_rule(self, rule_id: int) -> list[tuple[float, float]] | None:
        """Price increments of a rule as (low edge, increment); None for an unknown rule."""
        ...

    def option_chain(self, symbol: str, now_ns: int) -> Chain | None:
        """The options listed on a share; None without any."""
        ...

    def events_until(self, now_ns: int) -> Iterator[MarketEvent]:
        """All events after the last call's time up to and including `now_ns`, in time order."""
        ...

    def next_event_ns(self) -> int | None:
        """Market time of the next event, None at the end of a replay."""
        ...

    def quote(self, con_id: int) -> Quote | None:
        """The last polled quote."""
        ...

    def day_stats(self, con_id: int) -> DayStats:
        """The running session's statistics as of the polled events."""
        ...

    def history(
        self, con_id: int, *, end_ns: int, duration: str, bar_size: str, what: str, use_rth: bool, now_ns: int
    ) -> list[HistoryBar]:
        """Bars in IB's terms ('2 D', '1 min', 'TRADES'); the last may still be forming at `now_ns`.

        Raises HistoryError with IB's code for a bad request. An empty list means 162 "no data".
        """
        ...

    def forming_bar(self, con_id: int, *, bar_size: str, what: str, use_rth: bool, now_ns: int) -> HistoryBar | None:
        """The bar that contains `now_ns` as far as it has gone (keepUpToDate); None outside a session."""
        ...

    def head_timestamp(self, con_id: int, what: str, use_rth: bool) -> int | None:
        """Start of the earliest data, ns; None when there is none."""
        ...

    def past_quotes(self, con_id: int, start_ns: int | None, end_ns: int, count: int) -> list[Quote]:
        """Quotes before `end_ns`, oldest first: the first `count` from `start_ns` on, without it the last `count`.

        The last second counted is complete, so there may be a few more.
        """
        ...

    def past_trades(self, con_id: int, start_ns: int | None, end_ns: int, count: int) -> list[Trade]:
        """Prints, chosen as by `past_quotes`."""
        ...
