"""Every kind of instrument is found, quoted, has history and trades, as ib_insync sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from ib_insync import ContFuture, Contract, Crypto, Forex, Future, Index, MarketOrder, Option, Stock

from tests.gateway.session.desk import errors_of, until
from tests.gateway.session.world import World, start_world

KINDS: dict[str, tuple[Contract, str, float, int]] = {
    "stock": (Stock("AAPL", "SMART", "USD"), "COMMON", 0.01, 1),
    "ETF": (Stock("SPY", "SMART", "USD"), "ETF", 0.01, 1),
    "future": (Future("ES", "202606", "CME", currency="USD"), "", 0.25, 50),
    "currency": (Forex("EURUSD"), "", 0.00005, 1),
    "coin": (Crypto("BTC", "PAXOS", "USD"), "", 0.25, 1),
    "index": (Index("SPX", "CBOE", "USD"), "", 0.01, 1),
    "option": (Option("SPY", "202604", 590.0, "C", "SMART"), "", 0.01, 100),
}
QUOTED = [name for name in KINDS if name != "index"]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    running = await start_world()
    yield running
    await running.close()


@pytest.mark.parametrize("name", KINDS)
async def test_an_instrument_of_every_kind_is_described_in_full(world: World, name: str) -> None:
    ib = await world.connect()
    asked, stock_type, tick, multiplier = KINDS[name]
    details = (await ib.reqContractDetailsAsync(asked))[0]
    found = details.contract
    assert found is not None
    assert (found.secType, found.symbol, found.currency) == (asked.secType, asked.symbol, "USD")
    assert found.conId > 0
    assert (details.minTick, details.stockType, int(found.multiplier or 1)) == (tick, stock_type, multiplier)
    assert "20260316:0930-20260316:1600" in details.liquidHours
    assert found.exchange in details.validExchanges.split(",")
    rules = {int(rule) for rule in details.marketRuleIds.split(",")}
    for rule in rules:
        increments = await ib.reqMarketRuleAsync(rule)
        assert increments
        assert increments[0].increment == tick
    [again] = await ib.reqContractDetailsAsync(Contract(conId=found.conId))
    assert again.contract == found


async def test_futures_are_listed_by_expiry_and_end_when_they_say(world: World) -> None:
    ib = await world.connect()
    found = await ib.reqContractDetailsAsync(Future("ES", exchange="CME"))
    expiries = [each.contract.lastTradeDateOrContractMonth for each in found if each.contract]
    assert expiries[:2] == ["20260320", "20260618"] or expiries[:2] == ["20260320", "20260619"]
    assert expiries == sorted(set(expiries))
    assert [each.contractMonth for each in found][:2] == ["202603", "202606"]
    assert all(each.realExpirationDate for each in found)


async def test_an_option_is_ambiguous_until_it_is_named_in_full(world: World) -> None:
    ib = await world.connect()
    many = await ib.reqContractDetailsAsync(Option("SPY", "202604", 0.0, "C", "SMART"))
    assert len({each.contract.strike for each in many if each.contract}) > 20
    seen = errors_of(ib)
    ib.reqMktData(Option("SPY", "202604", 0.0, "C", "SMART", currency="USD"))
    await until(lambda: 200 in [code for _, code in seen])


@pytest.mark.parametrize("name", QUOTED)
async def test_an_instrument_of_every_kind_is_quoted_has_bars_and_trades(world: World, name: str) -> None:
    ib = await world.connect()
    asked = KINDS[name][0]
    details = (await ib.reqContractDetailsAsync(asked))[0]
    contract = details.contract
    assert contract is not None
    ticker = ib.reqMktData(contract)
    world.wait(60)
    await until(lambda: ticker.bid > 0 and ticker.ask > ticker.bid)
    what = "MIDPOINT" if contract.secType == "CASH" else "TRADES"
    bars = await ib.reqHistoricalDataAsync(contract, "", "1 D", "5 mins", what, True)
    assert len(bars) >= 6
    assert 0.5 < bars[-1].close / ticker.bid < 2.0
    quantity = 0.01 if contract.secType == "CRYPTO" else 20_000 if contract.secType == "CASH" else 1
    await world.fill(ib, contract, MarketOrder("BUY", quantity))
    assert [row.contract.secType for row in await ib.reqPositionsAsync()] == [contract.secType]


async def test_an_index_has_prints_and_bars_but_cannot_be_traded(world: World) -> None:
    ib = await world.connect()
    [contract] = await ib.qualifyContractsAsync(Index("SPX", "CBOE", "USD"))
    ticker = ib.reqMktData(contract)
    world.wait(60)
    await until(lambda: ticker.last > 0)
    assert await ib.reqHistoricalDataAsync(contract, "", "1 D", "5 mins", "TRADES", True)
    seen = errors_of(ib)
    ib.placeOrder(contract, MarketOrder("BUY", 1))
    await until(lambda: {201, 200, 387} & {code for _, code in seen})


async def test_a_continuous_future_is_not_listed_here_and_says_so(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    assert await ib.reqContractDetailsAsync(ContFuture("ES", "CME")) == []
    assert seen[-1][1] == 200
