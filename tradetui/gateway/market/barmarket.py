"""A market made of minutes: the one implementation of the Market contract that synthetic and replay share.

Invariant: stream and history come from the same source and the same tick maker, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tradetui.gateway.market.actions import Actions, Adjuster
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.directory import MARKET_RULES, Directory
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.history import History
from tradetui.gateway.market.market import DayStats
from tradetui.gateway.market.minutes import MinuteSource
from tradetui.gateway.market.options import Chain
from tradetui.gateway.market.past_ticks import PastTicks
from tradetui.gateway.market.request import bar_seconds, check_kind, check_what, span
from tradetui.gateway.market.stream import EventStream
from tradetui.gateway.market.styles import StyleBook
from tradetui.gateway.market.tickmaker import RecordedTicks, TickMaker
from tradetui.gateway.market.tickpath import Ticks
from tradetui.gateway.venue.listing import fits
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import TradingCalendar


class BarMarket:
    """Market over a MinuteSource, streaming from `start_ns` on. See the Market protocol for each method."""

    def __init__(
        self,
        *,
        directory: Directory,
        source: MinuteSource,
        calendar: TradingCalendar,
        seed: int,
        start_ns: int,
        trades_per_minute: int,
        spreads: Mapping[int, int],
        recorded: Mapping[int, Ticks] | None = None,
        actions: Actions | None = None,
    ) -> None:
        """The directory's contracts stream from the start; `spreads` are usual spreads in ticks by con_id.
        With `recorded` ticks by con_id the market plays those instead of making its own from the source's minutes.
        The source's minutes have fallen by `actions` already.

        Raises OperatorError for a number of trades per minute outside 4..600.
        """
        self._calendar = calendar
        self._start_ns = start_ns
        self._source = source
        self.directory = directory
        self._styles = StyleBook(directory, trades_per_minute, spreads)
        maker = TickMaker(source, seed, self._styles)
        if recorded is not None:
            maker = RecordedTicks(source, seed, self._styles, recorded)
        adjuster = Adjuster(actions or Actions(), source, calendar)
        self._history = History(calendar, source, maker, adjuster)
        self._past = PastTicks(calendar, source, maker)
        self._stream = EventStream(
            contracts=directory.contracts,
            calendar=calendar,
            source=source,
            maker=maker,
            start_ns=start_ns,
            adjuster=adjuster,
        )

    @property
    def calendar(self) -> TradingCalendar:
        """Exchange calendar of all instruments."""
        return self._calendar

    @property
    def start_ns(self) -> int:
        """Market time at which the live stream begins."""
        return self._start_ns

    def contracts(self) -> Sequence[Contract]:
        """Every instrument that streams from the start, fully qualified."""
        return self.directory.contracts

    def open(self, con_id: int) -> None:
        """Let an instrument stream from now on."""
        self._stream.open(con_id)

    def details(self, asked: Contract) -> ContractDetails | None:
        """The one instrument an order means, which streams from now on; None if there is none or several.

        By its number also one that has ended: a venue that was down meanwhile still has to settle it.
        """
        one = self.directory.numbered(asked.con_id) if asked.con_id else None
        found = [one] if one is not None and fits(asked, one.contract) else []
        if not asked.con_id:
            found = self.directory.find(asked, self._stream.reached_ns)
        if len(found) != 1:
            return None
        self._stream.open(found[0].contract.con_id)
        return found[0]

    def price(self, con_id: int) -> float | None:
        """The last print, else the previous close; None without either."""
        stats = self._stream.day_stats(con_id)
        return stats.previous_close if stats.last is None else stats.last

    def contract_details(self, query: Contract, now_ns: int) -> list[ContractDetails]:
        """Instruments matching `query`; empty means error 200."""
        return self.directory.find(query, now_ns)

    def matching_symbols(self, pattern: str) -> list[Contract]:
        """Instruments by symbol or name, best first."""
        return self.directory.matching(pattern)

    def market_rule(self, rule_id: int) -> list[tuple[float, float]] | None:
        """Price increments of a rule, None for an unknown one."""
        return MARKET_RULES.get(rule_id)

    def option_chain(self, symbol: str, now_ns: int) -> Chain | None:
        """Nothing: a market of given bars lists no options."""
        return None

    def events_until(self, now_ns: int) -> Iterator[MarketEvent]:
        """Events after the last call's up to and including `now_ns`, in time order."""
        return self._stream.events_until(now_ns)

    def next_event_ns(self) -> int | None:
        """Market time of the next event, None at the end of a replay."""
        return self._stream.next_event_ns()

    def quote(self, con_id: int) -> Quote | None:
        """The last polled quote of the running session."""
        return self._stream.quote(con_id)

    def day_stats(self, con_id: int) -> DayStats:
        """The running session's statistics as of the polled events."""
        return self._stream.day_stats(con_id)

    def history(
        self, con_id: int, *, end_ns: int, duration: str, bar_size: str, what: str, use_rth: bool, now_ns: int
    ) -> list[HistoryBar]:
        """Bars in IB's terms; `use_rth` makes no difference, this market trades regular hours only.

        Raises HistoryError with IB's code for a bad request.
        """
        seconds, back = bar_seconds(bar_size), span(duration)
        check_kind(check_what(what), self._styles.of(con_id))
        return self._history.bars(con_id, back, seconds, what, min(end_ns, now_ns + 1), now_ns)

    def forming_bar(self, con_id: int, *, bar_size: str, what: str, use_rth: bool, now_ns: int) -> HistoryBar | None:
        """The bar that contains `now_ns` as far as it has gone; None outside a session or before its first trade."""
        return self._history.bar_at(con_id, bar_seconds(bar_size), check_what(what), now_ns)

    def head_timestamp(self, con_id: int, what: str, use_rth: bool) -> int | None:
        """Open of the first session with data, None when there is none."""
        first = self._source.first_session(con_id)
        return None if first is None else first.open_ns

    def past_quotes(self, con_id: int, start_ns: int | None, end_ns: int, count: int) -> list[Quote]:
        """Quotes before `end_ns`: the first `count` from `start_ns` on, without it the last `count`."""
        if start_ns is None:
            return self._past.before(con_id, Quote, end_ns, count)
        return self._past.after(con_id, Quote, start_ns, end_ns, count)

    def past_trades(self, con_id: int, start_ns: int | None, end_ns: int, count: int) -> list[Trade]:
        """Prints, chosen as by `past_quotes`."""
        if start_ns is None:
            return self._past.before(con_id, Trade, end_ns, count)
        return self._past.after(con_id, Trade, start_ns, end_ns, count)
