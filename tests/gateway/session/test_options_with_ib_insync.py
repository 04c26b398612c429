"""Option chains, computations and exercise as ib_insync reads them, against the gateway's own figures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import numpy as np
import pytest
from ib_insync import IB, Contract, MarketOrder, Option, Stock
from ib_insync.objects import OptionComputation

from tests.gateway.session.desk import ACCOUNT, errors_of, until
from tests.gateway.session.world import START, World, start_world
from tradetui.domain.clock import to_ns
from tradetui.gateway.market.greeks import YEAR_NS, Terms, greeks, implied
from tradetui.gateway.market.options import black_scholes
from tradetui.gateway.session.hub import DataPermission, Settings

SPY = Stock("SPY", "SMART", "USD", conId=756733)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    running = await start_world()
    yield running
    await running.close()


async def near_the_money(ib: IB, world: World, right: str, offset: int = 0) -> Contract:
    """The option of the second expiry whose strike is next to the share's price (or `offset` USD from it)."""
    [chain] = [row for row in await ib.reqSecDefOptParamsAsync("SPY", "", "STK", SPY.conId) if row.exchange == "SMART"]
    spot = (world.market.price(SPY.conId) or 0.0) + offset
    strike = min(chain.strikes, key=lambda each: abs(each - spot))
    [option] = await ib.qualifyContractsAsync(Option("SPY", chain.expirations[1], strike, right, "SMART"))
    return option


async def test_every_listed_expiry_and_strike_is_an_option_that_can_be_asked_for(world: World) -> None:
    ib = await world.connect()
    chains = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", SPY.conId)
    assert {chain.exchange for chain in chains} >= {"SMART", "CBOE"}
    chain = chains[0]
    assert (chain.multiplier, chain.tradingClass, int(chain.underlyingConId)) == ("100", "SPY", SPY.conId)
    assert chain.expirations == sorted(chain.expirations)
    for expiry, strike in ((chain.expirations[0], chain.strikes[0]), (chain.expirations[-1], chain.strikes[-1])):
        [found] = await ib.reqContractDetailsAsync(Option("SPY", expiry, strike, "P", "SMART"))
        assert found.contract is not None
        assert (found.contract.lastTradeDateOrContractMonth, found.contract.strike) == (expiry, strike)
        assert found.underConId == SPY.conId


async def test_a_chain_of_nothing_is_empty_or_refused(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    assert await ib.reqSecDefOptParamsAsync("SPX", "", "IND", 416904) == []
    assert await ib.reqSecDefOptParamsAsync("SPY", "CME", "STK", SPY.conId) == []
    assert not [code for _, code in seen if code == 321]
    assert await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 1) == []
    assert seen[-1][1] == 321


async def test_an_options_ticks_carry_what_its_prices_imply(world: World) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "C")
    ticker = ib.reqMktData(option)
    world.wait(60)
    await until(lambda: ticker.modelGreeks and ticker.bidGreeks and ticker.askGreeks and ticker.lastGreeks)
    model = ticker.modelGreeks
    assert model is not None
    assert None not in (model.impliedVol, model.delta, model.gamma, model.theta, model.undPrice)
    assert 0.3 < (model.delta or 0) < 0.7
    assert (model.gamma or 0) > 0 > (model.theta or 0)
    assert 0.05 < (model.impliedVol or 0) < 0.6
    assert (ticker.bidGreeks or model).impliedVol < (ticker.askGreeks or model).impliedVol  # type: ignore[operator]
    assert model.undPrice == world.market.price(SPY.conId)


async def test_delayed_option_data_carry_computations_too() -> None:
    other = await start_world(settings=Settings(data=DataPermission.DELAYED))
    ib = await other.connect()
    ib.reqMarketDataType(3)
    option = await near_the_money(ib, other, "P")
    ticker = ib.reqMktData(option)
    other.wait(60)
    await until(lambda: ticker.modelGreeks)
    await other.close()
    assert -0.7 < (ticker.modelGreeks.delta if ticker.modelGreeks else 0) < -0.3  # type: ignore[operator]


async def test_price_and_volatility_are_each_others_answer(world: World) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "C")
    spot = 600.0
    priced = await ib.calculateOptionPriceAsync(option, 0.2, spot)
    assert priced is not None
    assert priced.optPrice is not None
    implied_by = await ib.calculateImpliedVolatilityAsync(option, priced.optPrice, spot)
    assert implied_by is not None
    assert implied_by.impliedVol == pytest.approx(0.2, abs=1e-5)
    assert implied_by.delta == pytest.approx(priced.delta, abs=1e-4)


async def test_a_price_that_no_volatility_gives_is_not_computed(world: World) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "C")
    answer = await ib.calculateImpliedVolatilityAsync(option, option.strike * 2, option.strike)
    assert isinstance(answer, OptionComputation)
    assert (answer.impliedVol, answer.delta) == (None, None)


async def test_only_options_can_be_computed(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    await ib.calculateOptionPriceAsync(SPY, 0.2, 600.0)
    assert seen[-1][1] == 321


# --- exercise -----------------------------------------------------------------------------------------------------
def held(world: World) -> dict[str, float]:
    return {row.contract.sec_type: row.quantity for row in world.gateway.hub.venue.positions()}


async def test_exercising_a_call_buys_the_shares_at_the_strike(world: World) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "C", offset=-20)
    await world.fill(ib, option, MarketOrder("BUY", 2))
    venue = world.gateway.hub.venue
    cash = venue.account_values(ACCOUNT).cash
    told: list[tuple[str, float]] = []
    ib.positionEvent += lambda row: told.append((row.contract.secType, row.position))
    ib.exerciseOptions(option, 1, 1, "", 0)
    await until(lambda: ("STK", 100) in told and ("OPT", 1) in told)
    assert held(world) == {"STK": 100, "OPT": 1}
    assert venue.account_values(ACCOUNT).cash == pytest.approx(cash - 100 * option.strike)


async def test_exercising_a_put_sells_them(world: World) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "P", offset=20)
    await world.fill(ib, option, MarketOrder("BUY", 1))
    ib.exerciseOptions(option, 1, 1, ACCOUNT, 0)
    await until(lambda: held(world) == {"STK": -100})


async def test_an_option_out_of_the_money_is_exercised_only_with_override(world: World) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "C", offset=10)
    await world.fill(ib, option, MarketOrder("BUY", 1))
    cash = world.gateway.hub.venue.account_values(ACCOUNT).cash
    seen = errors_of(ib)
    ib.exerciseOptions(option, 1, 1, ACCOUNT, 0)
    await until(lambda: 322 in [code for _, code in seen])
    assert held(world) == {"OPT": 1}
    ib.exerciseOptions(option, 1, 1, ACCOUNT, 1)
    await until(lambda: held(world) == {"STK": 100})
    assert world.gateway.hub.venue.account_values(ACCOUNT).cash == pytest.approx(cash - 100 * option.strike)


@pytest.mark.parametrize(
    ("action", "quantity", "account", "code"),
    [(1, 3, ACCOUNT, 322), (1, 0, ACCOUNT, 322), (7, 1, ACCOUNT, 322), (2, 1, ACCOUNT, 322), (1, 1, "DU9", 321)],
    ids=["more than held", "none", "no such action", "lapse before the last day", "no such account"],
)
async def test_an_exercise_that_cannot_be_is_refused_and_changes_nothing(
    world: World, action: int, quantity: int, account: str, code: int
) -> None:
    ib = await world.connect()
    option = await near_the_money(ib, world, "C", offset=-20)
    await world.fill(ib, option, MarketOrder("BUY", 2))
    seen = errors_of(ib)
    ib.exerciseOptions(option, action, quantity, account, 0)
    await until(lambda: code in [told for _, told in seen])
    assert held(world) == {"OPT": 2}


async def test_shares_cannot_be_exercised(world: World) -> None:
    ib = await world.connect()
    seen = errors_of(ib)
    ib.exerciseOptions(SPY, 1, 1, ACCOUNT, 0)
    await until(lambda: 200 in [code for _, code in seen])


async def test_a_lapsed_option_ends_worthless_on_its_last_day() -> None:
    world = await start_world(start=START + timedelta(days=4))
    ib = await world.connect()
    [chain] = [row for row in await ib.reqSecDefOptParamsAsync("SPY", "", "STK", SPY.conId) if row.exchange == "SMART"]
    assert chain.expirations[0] == "20260320"
    spot = world.market.price(SPY.conId) or 0.0
    strike = max(each for each in chain.strikes if each < spot)
    [option] = await ib.qualifyContractsAsync(Option("SPY", "20260320", strike, "C", "SMART"))
    await world.fill(ib, option, MarketOrder("BUY", 1))
    cash = world.gateway.hub.venue.account_values(ACCOUNT).cash
    ib.exerciseOptions(option, 2, 1, ACCOUNT, 0)
    await until(lambda: held(world) == {})
    assert world.gateway.hub.venue.account_values(ACCOUNT).cash == cash
    await world.close()


# --- the formulas -------------------------------------------------------------------------------------------------
NOW = to_ns(START)
MONTH = Terms(600.0, 1, NOW + YEAR_NS // 12)


def test_the_value_is_the_one_that_chains_are_priced_with() -> None:
    for right in (1, -1):
        terms = Terms(600.0, right, NOW + YEAR_NS // 12)
        found = greeks(terms, 610.0, 0.18, NOW)
        assert found is not None
        [expected] = black_scholes(np.array([610.0]), 600.0, np.array([1 / 12]), 0.18, right)
        assert found.value == pytest.approx(expected, abs=1e-6)


def test_sensitivities_are_the_slopes_of_the_value() -> None:
    at, up = greeks(MONTH, 610.0, 0.18, NOW), greeks(MONTH, 610.01, 0.18, NOW)
    wilder, later = greeks(MONTH, 610.0, 0.1801, NOW), greeks(MONTH, 610.0, 0.18, NOW + YEAR_NS // 36500)
    assert at is not None
    assert up is not None
    assert wilder is not None
    assert later is not None
    assert (up.value - at.value) / 0.01 == pytest.approx(at.delta, abs=1e-3)
    assert (up.delta - at.delta) / 0.01 == pytest.approx(at.gamma, abs=1e-4)
    assert (wilder.value - at.value) / 0.01 == pytest.approx(at.vega, abs=1e-3)
    assert (later.value - at.value) * 100 == pytest.approx(at.theta, abs=1e-3)


def test_nothing_is_implied_once_an_option_has_expired_or_below_its_intrinsic_value() -> None:
    assert implied(MONTH, 610.0, 12.0, MONTH.expires_ns) is None
    assert implied(MONTH, 610.0, 9.0, NOW) is None
    assert greeks(MONTH, 0.0, 0.2, NOW) is None
