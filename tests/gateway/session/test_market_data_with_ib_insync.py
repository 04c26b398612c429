"""Ticks and bars as ib_insync sees them equal the market's own events."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from ib_insync import BarData, BarDataList, Contract, Stock

from tests.gateway.session.desk import Desk, errors_of, until
from tests.gateway.session.scripted import OPEN_NS, QQQ, START_NS
from tradetui.domain.clock import SECOND_NS, to_datetime
from tradetui.gateway.market.events import Quote, Trade
from tradetui.gateway.session.hub import Settings

SPY = Stock("SPY", "SMART", "USD")
SPY_ID = 756733


async def test_contract_details_qualify_a_stock(desk: Desk) -> None:
    ib = await desk.connect()
    [qualified] = await ib.qualifyContractsAsync(Stock("SPY", "SMART", "USD"))
    assert qualified.conId == SPY_ID
    [details] = await ib.reqContractDetailsAsync(qualified)
    assert details.longName == "SPDR S&P 500 ETF TRUST"
    assert details.minTick == 0.01
    rule = await ib.reqMarketRuleAsync(26)
    assert [(step.lowEdge, step.increment) for step in rule or []] == [(0.0, 0.01)]


async def test_an_unknown_symbol_is_answered_with_200(desk: Desk) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    assert await ib.reqContractDetailsAsync(Stock("NOSUCH", "SMART", "USD")) == []
    assert [code for _, code in seen][-1] == 200


async def test_matching_symbols_are_found_by_their_beginning(desk: Desk) -> None:
    ib = await desk.connect()
    found = await ib.reqMatchingSymbolsAsync("sp")
    assert [item.contract.symbol for item in found or [] if item.contract] == ["SPY"]


async def test_a_ticker_starts_with_the_picture_and_follows_every_quote(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY, "233")
    await until(lambda: ticker.bid == 430.00 and ticker.ask == 430.02 and ticker.last == 430.01)
    assert (ticker.bidSize, ticker.close, ticker.volume) == (500, 400.0, 100)
    assert (ticker.minTick, ticker.marketDataType) == (0.01, 1)
    desk.quote(430.10, 430.13, size=700)
    await until(lambda: ticker.ask == 430.13)
    assert (ticker.bid, ticker.bidSize, ticker.askSize) == (430.10, 700, 700)
    desk.trade(430.12, 300)
    await until(lambda: ticker.last == 430.12)
    assert (ticker.lastSize, ticker.high, ticker.low) == (300, 430.12, 430.01)


async def test_trade_ticks_carry_the_exact_market_time_total_and_vwap(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY, "233")
    await until(lambda: ticker.last == 430.01)
    at = START_NS + 7 * SECOND_NS + 123_000_000
    desk.play(Trade(at, SPY_ID, 430.07, 200))
    await until(lambda: ticker.rtVolume == 300)
    assert ticker.rtTime == to_datetime(at)
    assert ticker.vwap == pytest.approx((430.01 * 100 + 430.07 * 200) / 300)


async def test_other_instruments_do_not_leak_into_a_ticker(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY)
    await until(lambda: ticker.last == 430.01)
    desk.quote(300.0, 300.01, con_id=QQQ)
    desk.quote(430.20, 430.22)
    await until(lambda: ticker.bid == 430.20)


async def test_a_snapshot_ends_by_itself(desk: Desk) -> None:
    ib = await desk.connect()
    [ticker] = await ib.reqTickersAsync(Contract(conId=SPY_ID, exchange="SMART"))
    assert (ticker.bid, ticker.ask, ticker.last) == (430.00, 430.02, 430.01)
    assert desk.gateway.hub.ticks.count(desk.gateway.hub.clients[1]) == 0


async def test_a_cancelled_ticker_gets_nothing_more(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY)
    await until(lambda: ticker.bid == 430.00)
    ib.cancelMktData(SPY)
    await until(lambda: desk.gateway.hub.ticks.count(desk.gateway.hub.clients[1]) == 0)
    desk.quote(431.00, 431.02)
    await ib.reqCurrentTimeAsync()
    assert ticker.bid == 430.00


async def test_a_halt_is_told_and_stops_the_data(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY)
    await until(lambda: ticker.halted == 0.0)
    desk.gateway.pump.halt(SPY_ID, True)
    desk.quote(431.00, 431.02)
    await until(lambda: ticker.halted == 1.0)
    assert ticker.bid == 430.00
    desk.gateway.pump.halt(SPY_ID, False)
    desk.quote(431.00, 431.02)
    await until(lambda: ticker.bid == 431.00)


async def test_lines_beyond_the_limit_are_refused_with_101() -> None:
    from tests.gateway.session.desk import start_desk

    desk = await start_desk(settings=Settings(max_lines=1))
    ib = await desk.connect()
    seen = errors_of(ib)
    ib.reqMktData(SPY)
    ib.reqMktData(Stock("QQQ", "SMART", "USD"))
    await until(lambda: 101 in [code for _, code in seen])
    await desk.close()


def moment(bar: BarData) -> datetime:
    """The bar's label, which must be a moment and not a day."""
    assert isinstance(bar.date, datetime)
    return bar.date


def minute_of_trades(desk: Desk) -> None:
    """One trade every ten seconds over a minute and a half, from the start."""
    desk.play(*(Trade(START_NS + n * 10 * SECOND_NS, SPY_ID, 430.0 + n / 100, 10 + n) for n in range(1, 10)))


@pytest.mark.parametrize("date_format", [1, 2])
async def test_historical_bars_equal_the_markets_own(desk: Desk, date_format: int) -> None:
    minute_of_trades(desk)
    ib = await desk.connect()
    bars = await ib.reqHistoricalDataAsync(SPY, "", "1 D", "1 min", "TRADES", False, date_format)
    assert [moment(bar).astimezone(UTC) for bar in bars] == [to_datetime(START_NS + n * 60 * SECOND_NS) for n in (0, 1)]
    first = bars[0]
    assert (first.open, first.high, first.low, first.close) == (430.01, 430.05, 430.01, 430.05)
    assert (first.volume, first.barCount) == (100 + 11 + 12 + 13 + 14 + 15, 6)


async def test_daily_bars_are_labelled_with_a_date(desk: Desk) -> None:
    ib = await desk.connect()
    bars = await ib.reqHistoricalDataAsync(SPY, "", "1 D", "1 day", "TRADES", True, 1)
    assert [bar.date for bar in bars] == [datetime(2026, 3, 16, tzinfo=UTC).date()]


async def test_bars_kept_up_to_date_end_exactly_as_history_has_them(desk: Desk) -> None:
    ib = await desk.connect()
    bars: BarDataList = await ib.reqHistoricalDataAsync(SPY, "", "1 D", "30 secs", "TRADES", False, 2, True)
    final: dict[datetime, tuple[float, ...]] = {}

    def note(updated: BarDataList, _has_new: bool) -> None:
        last = updated[-1]
        final[moment(last)] = (last.open, last.high, last.low, last.close, last.volume, last.barCount)

    bars.updateEvent += note
    for second in range(1, 100):
        desk.play(Trade(START_NS + second * SECOND_NS, SPY_ID, 430.0 + second % 7 / 100, second))
    await until(lambda: len(final) >= 4)
    history = await ib.reqHistoricalDataAsync(SPY, "", "1 D", "30 secs", "TRADES", False, 2)
    settled = [bar for bar in history if moment(bar) < to_datetime(START_NS + 90 * SECOND_NS)]
    assert len(settled) == 3
    for bar in settled:
        assert final[moment(bar)] == (bar.open, bar.high, bar.low, bar.close, bar.volume, bar.barCount)


async def test_updates_stop_when_the_request_is_cancelled(desk: Desk) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    bars = await ib.reqHistoricalDataAsync(SPY, "", "1 D", "5 secs", "TRADES", False, 2, True)
    ib.cancelHistoricalData(bars)
    await until(lambda: 162 in [code for _, code in seen])
    size = len(bars)
    desk.play(*(Trade(START_NS + n * SECOND_NS, SPY_ID, 431.0, 1) for n in range(1, 30)))
    await ib.reqCurrentTimeAsync()
    assert len(bars) == size


@pytest.mark.parametrize(
    ("bar_size", "what", "code"), [("17 mins", "TRADES", 321), ("1 min", "NONSENSE", 162)], ids=["size", "no data"]
)
async def test_history_that_cannot_be_given_is_refused(desk: Desk, bar_size: str, what: str, code: int) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    assert not await ib.reqHistoricalDataAsync(SPY, "", "1 D", bar_size, what, True)
    assert code in [code for _, code in seen]


async def test_head_timestamp_is_where_history_begins(desk: Desk) -> None:
    ib = await desk.connect()
    head = await ib.reqHeadTimeStampAsync(SPY, "TRADES", True, 2)
    assert head == to_datetime(OPEN_NS)


async def test_every_client_gets_every_tick(desk: Desk) -> None:
    tickers = [(await desk.connect(n)).reqMktData(SPY) for n in range(1, 6)]
    await until(lambda: all(ticker.bid == 430.00 for ticker in tickers))
    events = [Quote(START_NS + n * 1_000_000, SPY_ID, 430.0 + n / 100, 430.02 + n / 100, 5, 5) for n in range(20, 120)]
    desk.play(*events)
    await until(lambda: all(ticker.bid == events[-1].bid for ticker in tickers))
    await asyncio.sleep(0)


async def test_tick_by_tick_prints_carry_every_trade(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqTickByTickData(SPY, "AllLast")
    seen: list[tuple[float, float]] = []
    ticker.updateEvent += lambda updated: seen.extend((tick.price, tick.size) for tick in updated.tickByTicks)
    await ib.reqCurrentTimeAsync()
    desk.play(*(Trade(START_NS + n * SECOND_NS, SPY_ID, 430.0, n) for n in range(1, 40)))
    await until(lambda: len(seen) >= 39)
    assert seen == [(430.0, n) for n in range(1, 40)]


@pytest.mark.parametrize(("kind", "expected"), [("BidAsk", [(430.1, 430.2)] * 2), ("MidPoint", [430.15])])
async def test_tick_by_tick_quotes_are_told_when_they_change(desk: Desk, kind: str, expected: list[object]) -> None:
    ib = await desk.connect()
    ticker = ib.reqTickByTickData(SPY, kind)
    seen: list[object] = []
    ticker.updateEvent += lambda updated: seen.extend(
        tick.midPoint if kind == "MidPoint" else (tick.bidPrice, tick.askPrice) for tick in updated.tickByTicks
    )
    await ib.reqCurrentTimeAsync()
    desk.quote(430.10, 430.20, 100)
    desk.quote(430.10, 430.20, 100)
    desk.quote(430.10, 430.20, 200)
    await until(lambda: len(seen) >= len(expected))
    await ib.reqCurrentTimeAsync()
    assert seen == pytest.approx(expected) if kind == "MidPoint" else seen == expected


async def test_the_sixth_tick_by_tick_line_is_refused(desk: Desk) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    for con_id in (SPY_ID, QQQ):
        for kind in ("Last", "AllLast", "BidAsk"):
            ib.reqTickByTickData(Contract(conId=con_id, exchange="SMART"), kind)
    await until(lambda: 10190 in [code for _, code in seen])


async def test_five_second_bars_come_complete_and_once(desk: Desk) -> None:
    ib = await desk.connect()
    bars = ib.reqRealTimeBars(SPY, 5, "TRADES", False)
    await ib.reqCurrentTimeAsync()
    for second in range(1, 21):
        desk.play(Trade(START_NS + second * SECOND_NS, SPY_ID, 430.0 + second / 100, second))
    await until(lambda: len(bars) == 4)
    assert [bar.volume for bar in bars] == [1 + 2 + 3 + 4 + 100, 5 + 6 + 7 + 8 + 9, 60, 85]
    assert bars[1].time == to_datetime(START_NS + 5 * SECOND_NS)
    assert (bars[1].open_, bars[1].close) == (430.05, 430.09)
    ib.cancelRealTimeBars(bars)
    await ib.reqCurrentTimeAsync()
    assert desk.gateway.hub.bars.next_ns(START_NS, START_NS) is None
