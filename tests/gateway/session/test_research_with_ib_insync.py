"""Ticks of the past, schedules, histograms, depth, scans and news as ib_insync reads them, against the market's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from ib_insync import MarketOrder, ScannerSubscription, Stock, TagValue, Ticker

from tests.gateway.session.desk import errors_of, until
from tests.gateway.session.world import START, World, start_world
from tradetui.domain.clock import SECOND_NS, to_datetime, to_ns
from tradetui.gateway.market.events import Quote, Trade
from tradetui.gateway.market.past_ticks import first_of
from tradetui.gateway.market.synthetic import DEFAULT_SYMBOLS
from tradetui.gateway.session.depth_board import DELETE, INSERT, changes

SPY, QQQ = Stock("SPY", "SMART", "USD"), Stock("QQQ", "SMART", "USD")
SPY_ID = 756733
Side = list[tuple[float, float]]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    running = await start_world()
    yield running
    await running.close()


def seconds_of(ticks: list[Trade]) -> list[datetime]:
    return [to_datetime(tick.time_ns // SECOND_NS * SECOND_NS) for tick in ticks]


# --- ticks of the past --------------------------------------------------------------------------------------------
async def test_past_trades_are_the_prints_that_were_streamed(world: World) -> None:
    ib = await world.connect()
    start_ns = world.now_ns
    world.wait(120)
    streamed = world.market.past_trades(SPY_ID, start_ns, world.now_ns, 1000)
    ticks = await ib.reqHistoricalTicksAsync(SPY, to_datetime(start_ns), "", 1000, "TRADES", True)
    assert [(t.price, t.size, t.exchange) for t in ticks] == [(t.price, t.size, "ARCA") for t in streamed]
    assert [t.time for t in ticks] == seconds_of(streamed)
    assert len(ticks) >= 12


async def test_ticks_up_to_a_moment_are_the_last_ones_before_it_oldest_first(world: World) -> None:
    ib = await world.connect()
    end = START - timedelta(minutes=10)
    ticks = await ib.reqHistoricalTicksAsync(SPY, "", end, 5, "TRADES", True)
    assert len(ticks) == 5
    expected = world.market.past_trades(SPY_ID, to_ns(end) - 600 * SECOND_NS, to_ns(end), 1000)[-5:]
    assert [t.price for t in ticks] == [t.price for t in expected]


async def test_past_quotes_and_mid_prices_tell_the_same_book(world: World) -> None:
    ib = await world.connect()
    start = START - timedelta(minutes=5)
    quotes = await ib.reqHistoricalTicksAsync(SPY, start, "", 40, "BID_ASK", True)
    middles = await ib.reqHistoricalTicksAsync(SPY, start, "", 40, "MIDPOINT", True)
    assert [m.price for m in middles] == [(q.priceBid + q.priceAsk) / 2 for q in quotes]
    assert all(quote.priceBid < quote.priceAsk and quote.sizeBid > 0 for quote in quotes)
    priced = await ib.reqHistoricalTicksAsync(SPY, start, "", 40, "BID_ASK", True, ignoreSize=True)
    prices = [(q.priceBid, q.priceAsk) for q in priced]
    assert all(one != two for one, two in pairwise(prices))


async def test_ticks_asked_on_a_weekend_are_those_of_friday_afternoon(world: World) -> None:
    ib = await world.connect()
    ticks = await ib.reqHistoricalTicksAsync(SPY, "", START - timedelta(days=1), 3, "TRADES", True)
    assert {tick.time.astimezone(START.tzinfo).strftime("%a %H:%M") for tick in ticks} == {"Fri 15:59"}


@pytest.mark.parametrize(
    ("start", "end", "count", "what"),
    [("", "", 10, "TRADES"), (START, START, 10, "TRADES"), (START, "", 0, "TRADES"), (START, "", 10, "ADJUSTED_LAST")],
    ids=["no time", "two times", "no ticks", "wrong kind"],
)
async def test_a_wrong_question_about_past_ticks_is_refused_with_10187(
    world: World, start: object, end: object, count: int, what: str
) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    assert await ib.reqHistoricalTicksAsync(SPY, start, end, count, what, True) == []  # type: ignore[arg-type]
    assert seen[-1][1] == 10187


def test_the_last_second_of_an_answer_is_whole() -> None:
    ticks = [Trade(second * SECOND_NS + part, 1, 10.0, 1) for second in (1, 2, 3) for part in (0, 1, 2)]
    assert first_of(ticks, 4) == ticks[:6]
    assert first_of(ticks, 3) == ticks[:3]


# --- sums of history ----------------------------------------------------------------------------------------------
async def test_a_schedule_names_each_session_with_its_hours(world: World) -> None:
    ib = await world.connect()
    found = await ib.reqHistoricalScheduleAsync(SPY, 3)
    assert found.timeZone == "US/Eastern"
    assert [row.refDate for row in found.sessions] == ["20260312", "20260313", "20260316"]
    assert (found.sessions[0].startDateTime, found.sessions[0].endDateTime) == (
        "20260312-09:30:00",
        "20260312-16:00:00",
    )
    whole = await ib.reqHistoricalScheduleAsync(SPY, 1, "20260316 23:59:59 US/Eastern", useRTH=False)
    assert (whole.startDateTime, whole.endDateTime) == ("20260316-04:00:00", "20260316-20:00:00")


async def test_a_histogram_adds_up_to_the_volume_of_the_same_bars(world: World) -> None:
    ib = await world.connect()
    items = await ib.reqHistogramDataAsync(SPY, True, "2 days")
    bars = await ib.reqHistoricalDataAsync(SPY, "", "2 D", "1 min", "TRADES", True)
    assert sum(item.count for item in items) == sum(bar.volume for bar in bars)
    prices = [item.price for item in items]
    assert prices == sorted(set(prices))
    assert min(bar.low for bar in bars) <= prices[0]
    assert prices[-1] <= max(bar.high for bar in bars)


async def test_a_period_that_is_none_is_refused(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    assert await ib.reqHistogramDataAsync(SPY, True, "a while") == []
    assert seen[-1][1] == 321


# --- depth --------------------------------------------------------------------------------------------------------
def sides(ticker: Ticker) -> tuple[Side, Side]:
    return [(row.price, row.size) for row in ticker.domBids], [(row.price, row.size) for row in ticker.domAsks]


@pytest.mark.parametrize("smart", [False, True], ids=["one book", "smart depth"])
async def test_depth_is_the_book_an_order_would_meet_and_stays_so(world: World, smart: bool) -> None:
    ib = await world.connect()
    ticker = ib.reqMktDepth(SPY, 3, smart)
    venue = world.gateway.hub.venue
    for _ in range(4):
        await until(lambda: sides(ticker) == venue.depth(SPY_ID, 3))
        assert [len(side) for side in sides(ticker)] == [3, 3]
        world.wait(10)
    assert {row.marketMaker for row in ticker.domBids} == ({"ARCA"} if smart else {""})
    ib.cancelMktDepth(SPY, smart)
    await until(lambda: world.gateway.hub.depth.count(world.gateway.hub.clients[1]) == 0)


async def test_an_order_larger_than_the_touch_trades_at_the_levels_that_depth_showed(world: World) -> None:
    ib = await world.connect()
    world.gateway.pump.hold(SPY_ID, True)
    bid, ask = world.gateway.pump.show_price(SPY_ID, 500.0, 300)
    ticker = ib.reqMktDepth(SPY, 5)
    await until(lambda: len(ticker.domAsks) == 5)
    assert [rows[0] for rows in sides(ticker)] == [(bid, 300), (ask, 300)]
    second, _ = sides(ticker)[1][1]
    trade = ib.placeOrder(SPY, MarketOrder("BUY", 400))
    await until(lambda: trade.orderStatus.status == "Filled")
    assert [(fill.execution.price, fill.execution.shares) for fill in trade.fills] == [(ask, 300), (second, 100)]
    await until(lambda: sides(ticker)[1][0][0] == second)


async def test_the_book_is_empty_while_trading_is_halted(world: World) -> None:
    ib = await world.connect()
    ticker = ib.reqMktDepth(SPY, 2)
    await until(lambda: len(ticker.domBids) == 2)
    world.gateway.pump.halt(SPY_ID, 1)
    await until(lambda: sides(ticker) == ([], []))


async def test_the_book_is_empty_when_the_session_has_ended(world: World) -> None:
    ib = await world.connect()
    ticker = ib.reqMktDepth(SPY, 2)
    await until(lambda: len(ticker.domBids) == 2)
    world.wait(6.5 * 3600)
    await until(lambda: sides(ticker) == ([], []))


def test_changes_turn_one_book_into_another() -> None:
    assert list(changes([], [(1.0, 5)])) == [(0, INSERT, (1.0, 5))]
    assert list(changes([(1.0, 5), (0.9, 3), (0.8, 2)], [(1.0, 5)])) == [
        (2, DELETE, (0.0, 0)),
        (1, DELETE, (0.0, 0)),
    ]


async def test_depth_requests_beyond_the_limit_are_refused_with_309(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    for symbol in ("SPY", "QQQ", "AAPL"):
        ib.reqMktDepth(Stock(symbol, "SMART", "USD"))
    ib.reqMktDepth(Stock("SPY", "ARCA", "USD"))
    await until(lambda: 309 in [code for _, code in seen])


async def test_exchanges_with_depth_are_listed(world: World) -> None:
    ib = await world.connect()
    found = await ib.reqMktDepthExchangesAsync()
    assert {(row.exchange, row.secType, row.listingExch) for row in found} >= {("ARCA", "STK", "")}


# --- scans --------------------------------------------------------------------------------------------------------
def change(world: World, con_id: int) -> float:
    stats = world.market.day_stats(con_id)
    return (stats.last or 0.0) / (stats.previous_close or 1.0)


async def test_a_scan_ranks_by_the_days_own_change(world: World) -> None:
    ib = await world.connect()
    best = await ib.reqScannerDataAsync(ScannerSubscription(10, "STK", "STK.US.MAJOR", "TOP_PERC_GAIN"))
    worst = await ib.reqScannerDataAsync(ScannerSubscription(10, "STK", "STK.US.MAJOR", "TOP_PERC_LOSE"))
    ids = [row.contractDetails.contract.conId for row in best if row.contractDetails.contract]
    assert ids == sorted(ids, key=lambda con_id: -change(world, con_id))
    assert [row.contractDetails.contract for row in worst] == [row.contractDetails.contract for row in best][::-1]
    assert [row.rank for row in best] == [0, 1, 2]


async def test_a_scan_keeps_to_its_filters_and_its_number_of_rows(world: World) -> None:
    ib = await world.connect()
    active = await ib.reqScannerDataAsync(ScannerSubscription(1, "STK", "STK.US", "MOST_ACTIVE"))
    assert len(active) == 1
    stocks = ScannerSubscription(instrument="ETF.EQ.US", locationCode="STK.NASDAQ", scanCode="MOST_ACTIVE_USD")
    [etf] = await ib.reqScannerDataAsync(stocks)
    assert etf.contractDetails.contract is not None
    assert etf.contractDetails.contract.symbol == "QQQ"
    dear = ScannerSubscription(instrument="STK", locationCode="STK.US", scanCode="MOST_ACTIVE", abovePrice=1e6)
    seen = errors_of(ib)
    ib.reqScannerSubscription(dear)
    await until(lambda: 165 in [code for _, code in seen])
    filters = [TagValue("priceBelow", "400")]
    cheap = await ib.reqScannerDataAsync(ScannerSubscription(10, "STK", "STK.US", "MOST_ACTIVE"), [], filters)
    contracts = [row.contractDetails.contract for row in cheap]
    assert all((world.market.day_stats(c.conId).last or 0) <= 400 for c in contracts if c)


async def test_a_scan_is_told_again_when_the_ranking_has_changed() -> None:
    world = await start_world(symbols=DEFAULT_SYMBOLS)
    ib = await world.connect()
    data = ib.reqScannerSubscription(ScannerSubscription(10, "STK", "STK.US", "TOP_PERC_GAIN"))
    heard: list[list[int]] = []
    data.updateEvent += lambda rows: heard.append([row.contractDetails.contract.conId for row in rows])
    await until(lambda: heard)
    for _ in range(120):
        world.wait(60)
        await ib.reqCurrentTimeAsync()
        if len(heard) > 1:
            break
    await world.close()
    assert len(heard) > 1
    assert heard[-1] == sorted(heard[-1], key=lambda con_id: -change(world, con_id))
    assert all(one != two for one, two in pairwise(heard))


@pytest.mark.parametrize(
    ("subscription", "word"),
    [
        (ScannerSubscription(10, "STK", "STK.US", "NO_SUCH_SCAN"), "NO_SUCH_SCAN"),
        (ScannerSubscription(10, "BOND", "STK.US", "MOST_ACTIVE"), "BOND"),
    ],
    ids=["scan", "instrument"],
)
async def test_a_scan_that_is_not_known_is_refused_by_name(
    world: World, subscription: ScannerSubscription, word: str
) -> None:
    ib = await world.connect()
    texts: list[str] = []
    ib.errorEvent += lambda _request, code, text, _contract: texts.append(f"{code} {text}")
    ib.reqScannerSubscription(subscription)
    await until(lambda: any(word in text for text in texts))
    assert texts[-1].startswith("162 ")


@pytest.mark.parametrize("pair", [("noSuchFilter", "1"), ("priceAbove", "high")], ids=["tag", "value"])
async def test_a_scanner_filter_that_is_not_known_is_refused(world: World, pair: tuple[str, str]) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    ib.reqScannerSubscription(ScannerSubscription(10, "STK", "STK.US", "MOST_ACTIVE"), [], [TagValue(*pair)])
    await until(lambda: 162 in [code for _, code in seen])


async def test_scanner_parameters_name_every_scan_that_can_be_asked(world: World) -> None:
    ib = await world.connect()
    root = ElementTree.fromstring(await ib.reqScannerParametersAsync())
    codes = [node.text or "" for node in root.iter("scanCode")]
    assert {"TOP_PERC_GAIN", "MOST_ACTIVE"} <= set(codes)
    for code in codes:
        assert await ib.reqScannerDataAsync(ScannerSubscription(10, "STK", "STK.US", code))


# --- news ---------------------------------------------------------------------------------------------------------
async def test_headlines_are_the_closes_of_the_sessions_and_articles_tell_their_bars(world: World) -> None:
    ib = await world.connect()
    [provider] = await ib.reqNewsProvidersAsync()
    heard: list[object] = []
    ib.client.wrapper.historicalNewsEnd = lambda _request, more: heard.append(more)
    headlines: list[tuple[str, str, str]] = []
    ib.client.wrapper.historicalNews = lambda _request, time, _provider, article, headline: headlines.append(
        (time, article, headline)
    )
    ib.client.reqHistoricalNews(900, SPY_ID, provider.code, "", "", 2, [])  # type: ignore[no-untyped-call]
    await until(lambda: heard)
    assert heard == [True]
    assert [time for time, _, _ in headlines] == ["2026-03-13 20:00:00.0", "2026-03-12 20:00:00.0"]
    [bar] = await ib.reqHistoricalDataAsync(SPY, START - timedelta(days=1), "1 D", "1 day", "TRADES", True)
    assert headlines[0][2].startswith(f"SPY closes at {bar.close:.2f}, ")
    article = await ib.reqNewsArticleAsync(provider.code, headlines[0][1])
    assert f"between {bar.low:.2f} and {bar.high:.2f}" in article.articleText


async def test_headlines_of_a_span_are_those_of_its_sessions(world: World) -> None:
    ib = await world.connect()
    end, start = datetime(2026, 3, 11, tzinfo=UTC), "2026-03-10 00:00:00.0"
    news = await ib.reqHistoricalNewsAsync(SPY_ID, "BRFG+PAPER", start, end, 10)
    assert [row.articleId[-8:] for row in news] == ["20260310"]  # type: ignore[union-attr]


async def test_the_newest_headline_comes_with_generic_tick_292(world: World) -> None:
    ib = await world.connect()
    ib.reqMktData(SPY, "mdoff,292:PAPER")
    await until(ib.newsTicks)
    [tick] = ib.newsTicks()
    assert tick.headline.startswith("SPY closes at ")
    assert (await ib.reqNewsArticleAsync(tick.providerCode, tick.articleId)).articleText.startswith(tick.headline)


@pytest.mark.parametrize(
    "article", ["nonsense", "PAPER$756733$20260317", "PAPER$1$20260313", "PAPER$756733$noday"],
    ids=["form", "future", "instrument", "day"],
)  # fmt: skip
async def test_an_article_that_does_not_exist_is_refused_with_10172(world: World, article: str) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    await ib.reqNewsArticleAsync("PAPER", article)
    assert seen[-1][1] == 10172


async def test_headlines_of_an_unknown_provider_instrument_or_time_are_refused(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    ib.client.reqHistoricalNews(901, SPY_ID, "BRFG", "", "", 5, [])  # type: ignore[no-untyped-call]
    ib.client.reqHistoricalNews(902, 1, "PAPER", "", "", 5, [])  # type: ignore[no-untyped-call]
    ib.client.reqHistoricalNews(903, SPY_ID, "PAPER", "yesterday", "", 5, [])  # type: ignore[no-untyped-call]
    await until(lambda: len(seen) >= 3)
    assert seen[-3:] == [(901, 321), (902, 200), (903, 391)]


async def test_a_halt_is_announced_in_a_bulletin_also_to_those_who_ask_later(world: World) -> None:
    ib, late = await world.connect(1), await world.connect(2)
    ib.reqNewsBulletins(False)
    await ib.reqCurrentTimeAsync()
    world.gateway.pump.halt(SPY_ID, 1)
    await until(ib.newsBulletins)
    late.reqNewsBulletins(True)
    await until(late.newsBulletins)
    assert [b.message for b in late.newsBulletins()] == [b.message for b in ib.newsBulletins()]
    assert "SPY is halted" in ib.newsBulletins()[0].message
    ib.cancelNewsBulletins()  # type: ignore[no-untyped-call]
    await ib.reqCurrentTimeAsync()
    world.gateway.pump.halt(SPY_ID, 0)
    await until(lambda: len(late.newsBulletins()) == 2)
    assert len(ib.newsBulletins()) == 1


def test_a_quote_is_not_a_trade(world: World) -> None:
    quotes = world.market.past_quotes(SPY_ID, None, world.now_ns, 3)
    assert all(isinstance(quote, Quote) for quote in quotes)
