"""A market whose every event a test writes down, and a clock that a test sets: exact ticks without waiting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from tradetui.domain.clock import MINUTE_NS, SECOND_NS, to_ns
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.market import DayStats, HistoryError
from tradetui.gateway.market.options import Chain
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import TradingCalendar

OPEN_NS: Final = to_ns(datetime(2026, 3, 16, 9, 30, tzinfo=ZoneInfo("America/New_York")))
START_NS: Final = OPEN_NS + 30 * MINUTE_NS
SIZES: Final = {"5 secs": 5, "30 secs": 30, "1 min": 60, "5 mins": 300, "1 day": 86_400}
SPY, QQQ = 756733, 320227571


def stock(con_id: int, symbol: str, name: str) -> ContractDetails:
    contract = Contract(
        con_id=con_id, symbol=symbol, primary_exchange="ARCA", local_symbol=symbol, trading_class=symbol
    )
    return ContractDetails(contract=contract, market_name=symbol, long_name=name, stock_type="ETF")


STOCKS: Final = (stock(SPY, "SPY", "SPDR S&P 500 ETF TRUST"), stock(QQQ, "QQQ", "INVESCO QQQ TRUST"))


class SetClock:
    """Market time is what the test says."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.at_ns = now_ns

    def now_ns(self) -> int:
        return self.at_ns

    def delay_until(self, market_ns: int) -> float:
        return 0.0 if market_ns <= self.at_ns else 3600.0

    @property
    def speed(self) -> float:
        return 0.0

    def set_speed(self, speed: float) -> None:
        raise OperatorError("a set clock has no speed")

    def jump_to(self, market_ns: int) -> None:
        self.at_ns = max(self.at_ns, market_ns)


class ScriptedMarket:
    """Events in the order a test adds them; bars are built from the trades among them."""

    def __init__(self) -> None:
        self.calendar = TradingCalendar.load("XNYS", first_year=2026, last_year=2026)
        self.start_ns = START_NS
        self.waiting: list[MarketEvent] = []
        self.past: list[MarketEvent] = []

    def contracts(self) -> Sequence[Contract]:
        return [details.contract for details in STOCKS]

    def contract_details(self, query: Contract, now_ns: int) -> list[ContractDetails]:
        if query.con_id:
            return [details for details in STOCKS if details.contract.con_id == query.con_id]
        return [
            details
            for details in STOCKS
            if query.symbol in ("", details.contract.symbol) and query.sec_type in ("", "STK")
        ]

    def open(self, con_id: int) -> None:
        """Everything streams."""

    def details(self, asked: Contract) -> ContractDetails | None:
        found = self.contract_details(asked, START_NS)
        return found[0] if len(found) == 1 else None

    def price(self, con_id: int) -> float | None:
        return self.day_stats(con_id).last

    def matching_symbols(self, pattern: str) -> list[Contract]:
        return [details.contract for details in STOCKS if details.contract.symbol.startswith(pattern.upper())]

    def market_rule(self, rule_id: int) -> list[tuple[float, float]] | None:
        return [(0.0, 0.01)] if rule_id == 26 else None

    def option_chain(self, symbol: str, now_ns: int) -> Chain | None:
        return None

    def events_until(self, now_ns: int) -> Iterator[MarketEvent]:
        while self.waiting and self.waiting[0].time_ns <= now_ns:
            event = self.waiting.pop(0)
            self.past.append(event)
            yield event

    def next_event_ns(self) -> int | None:
        return self.waiting[0].time_ns if self.waiting else None

    def quote(self, con_id: int) -> Quote | None:
        quotes = [event for event in self.past if isinstance(event, Quote) and event.con_id == con_id]
        return quotes[-1] if quotes else None

    def day_stats(self, con_id: int) -> DayStats:
        trades = self._trades(con_id)
        prices = [trade.price for trade in trades]
        return DayStats(
            last=prices[-1] if prices else None,
            last_size=trades[-1].size if trades else None,
            last_ns=trades[-1].time_ns if trades else None,
            open=prices[0] if prices else None,
            high=max(prices, default=None),
            low=min(prices, default=None),
            volume=sum(trade.size for trade in trades),
            previous_close=400.0,
        )

    def history(
        self, con_id: int, *, end_ns: int, duration: str, bar_size: str, what: str, use_rth: bool, now_ns: int
    ) -> list[HistoryBar]:
        if bar_size not in SIZES:
            raise HistoryError(321, f"Invalid bar size {bar_size}")
        if what != "TRADES":
            return []
        step = SIZES[bar_size] * SECOND_NS
        starts = sorted({self._start(trade.time_ns, step) for trade in self._trades(con_id)})
        # A print at the very moment of the request has happened.
        bars = [self._bar(con_id, start, step, end_ns + 1) for start in starts if start <= end_ns]
        return [bar for bar in bars if bar is not None]

    def forming_bar(self, con_id: int, *, bar_size: str, what: str, use_rth: bool, now_ns: int) -> HistoryBar | None:
        step = SIZES[bar_size] * SECOND_NS
        return self._bar(con_id, self._start(now_ns, step), step, now_ns + 1)

    def head_timestamp(self, con_id: int, what: str, use_rth: bool) -> int | None:
        return OPEN_NS if what == "TRADES" else None

    def past_quotes(self, con_id: int, start_ns: int | None, end_ns: int, count: int) -> list[Quote]:
        found = [e for e in self.past if isinstance(e, Quote) and e.con_id == con_id and e.time_ns < end_ns]
        return found[-count:] if start_ns is None else [e for e in found if e.time_ns >= start_ns][:count]

    def past_trades(self, con_id: int, start_ns: int | None, end_ns: int, count: int) -> list[Trade]:
        found = [e for e in self._trades(con_id) if e.time_ns < end_ns]
        return found[-count:] if start_ns is None else [e for e in found if e.time_ns >= start_ns][:count]

    @staticmethod
    def _start(ns: int, step: int) -> int:
        return OPEN_NS + (ns - OPEN_NS) // step * step

    def _trades(self, con_id: int) -> list[Trade]:
        return [event for event in self.past if isinstance(event, Trade) and event.con_id == con_id]

    def _bar(self, con_id: int, start: int, step: int, end_ns: int) -> HistoryBar | None:
        trades = [t for t in self._trades(con_id) if start <= t.time_ns < min(start + step, end_ns)]
        if not trades:
            return None
        prices = [trade.price for trade in trades]
        volume = sum(trade.size for trade in trades)
        wap = sum(trade.price * trade.size for trade in trades) / volume if volume else None
        return HistoryBar(
            start, start + step, prices[0], max(prices), min(prices), prices[-1], volume, wap, len(trades)
        )
