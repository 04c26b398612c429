"""Generic ticks and the kinds of market data (live, frozen, delayed) as ib_insync reads them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from statistics import stdev

import pytest
from ib_insync import Forex, Stock

from tests.gateway.session.desk import errors_of, until
from tests.gateway.session.world import START, World, start_world
from tradetui.gateway.session.hub import DataPermission, Settings

SPY = Stock("SPY", "SMART", "USD", conId=756733)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    running = await start_world()
    yield running
    await running.close()


async def test_ranges_volume_and_volatility_are_those_of_the_daily_bars(world: World) -> None:
    ib = await world.connect()
    ticker = ib.reqMktData(SPY, "104,165")
    bars = await ib.reqHistoricalDataAsync(SPY, "", "1 Y", "1 day", "TRADES", True)
    assert (ticker.low52week, ticker.high52week) == (min(b.low for b in bars), max(b.high for b in bars))
    assert ticker.low52week <= ticker.low26week <= ticker.low13week < ticker.high13week <= ticker.high26week
    closed = [bar.volume for bar in bars[:-1]][-90:]
    assert ticker.avVolume == sum(closed) // len(closed)
    closes = [bar.close for bar in bars[-31:]]
    returns = [after / before - 1 for before, after in pairwise(closes)]
    assert ticker.histVolatility == pytest.approx(stdev(returns) * 252**0.5, rel=0.02)


async def test_shares_to_borrow_are_the_venues(world: World) -> None:
    ib = await world.connect()
    told: list[tuple[int, float]] = []
    ib.client.wrapper.tickGeneric = lambda _request, kind, value: told.append((kind, value))
    ib.reqMktData(SPY, "236")
    await until(lambda: (46, 3.0) in told)
    hub = world.gateway.hub
    hub.deliver(hub.venue.set_short_limit(SPY.conId, 500, hub.now_ns()))
    ib.cancelMktData(SPY)
    scarce = ib.reqMktData(SPY, "236")
    await until(lambda: (46, 2.0) in told and scarce.shortableShares == 500)


async def test_the_mark_price_is_the_last_print_for_those_who_ask(world: World) -> None:
    ib = await world.connect()
    ticker, plain = ib.reqMktData(SPY, "232"), ib.reqMktData(Stock("QQQ", "SMART", "USD"))
    world.wait(60)
    await until(lambda: ticker.markPrice == ticker.last == world.market.price(SPY.conId))
    assert plain.last > 0
    assert plain.markPrice != plain.markPrice


async def test_a_currency_has_no_figures_of_trades_and_is_quoted_all_the_same(world: World) -> None:
    ib = await world.connect()
    [euro] = await ib.qualifyContractsAsync(Forex("EURUSD"))
    ticker = ib.reqMktData(euro, "104,165")
    world.wait(60)
    await until(lambda: ticker.bid > 0)
    assert ticker.high52week != ticker.high52week


async def test_delayed_data_go_under_their_own_ticks_and_are_announced() -> None:
    world = await start_world(settings=Settings(data=DataPermission.DELAYED))
    ib = await world.connect()
    seen = errors_of(ib)
    ib.reqMktData(SPY)
    await until(lambda: 354 in [code for _, code in seen])
    ib.cancelMktData(SPY)
    ib.reqMarketDataType(3)
    ticker = ib.reqMktData(SPY)
    await until(lambda: ticker.bid > 0 and ticker.last > 0)
    assert ticker.marketDataType == 3
    assert 10167 in [code for _, code in seen]
    await world.close()


async def test_frozen_data_are_the_last_ones_of_a_closed_market() -> None:
    world = await start_world(start=START.replace(hour=15, minute=58))
    ib = await world.connect()
    ib.reqMarketDataType(2)
    live = ib.reqMktData(SPY)
    await until(lambda: live.last > 0)
    assert live.marketDataType == 1
    ib.cancelMktData(SPY)
    world.wait(timedelta(hours=1).total_seconds())
    last = world.market.day_stats(SPY.conId).last
    frozen = ib.reqMktData(SPY)
    await until(lambda: frozen.last == last)
    assert frozen.marketDataType == 2
    await world.close()
