"""Rounding, identity, time and the small rules that everything else relies on."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.account import is_paper_account, mask_account
from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import to_datetime, to_ns
from tradetui.domain.errors import BrokerRefused, OperatorError
from tradetui.domain.ids import MAX_REF_LENGTH, exec_key, intent_id, intent_of_ref, order_ref
from tradetui.domain.instrument import Instrument, PriceStep, Rounding, round_money
from tradetui.domain.order import Intent, OrderRecord, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.domain.tick import Quote

SPY = Instrument(symbol="SPY")


@given(st.floats(0.01, 10_000), st.sampled_from([0.01, 0.05, 0.25, 0.0001]), st.sampled_from(Rounding))
def test_a_rounded_price_is_on_the_tick_and_at_most_one_tick_away(
    price: float, tick: float, rounding: Rounding
) -> None:
    instrument = Instrument(symbol="X", min_tick=tick)
    rounded = instrument.round_price(price, rounding)
    assert instrument.is_on_tick(rounded)
    assert instrument.round_price(rounded, rounding) == rounded
    slack = tick * (1e-5 + (0.5 if rounding is Rounding.NEAREST else 1.0))
    assert abs(rounded - price) <= slack
    if rounding is Rounding.DOWN:
        assert rounded <= price + tick * 1e-5
    if rounding is Rounding.UP:
        assert rounded >= price - tick * 1e-5


def test_a_price_that_is_a_tick_but_for_float_noise_stays_that_tick() -> None:
    assert SPY.round_price(0.1 + 0.2, Rounding.DOWN) == 0.3
    assert SPY.round_price(431.07, Rounding.DOWN) == 431.07


def test_quantities_are_cut_towards_zero_to_whole_lots() -> None:
    assert SPY.round_qty(10.9) == 10
    assert SPY.round_qty(-10.9) == -10
    assert SPY.round_qty(0.4) == 0
    assert Instrument(symbol="B", lot=0.1).round_qty(0.3) == 0.3
    assert round_money(1.239) == 1.24
    assert SPY.notional(-3, 10.0) == 30.0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_by_name(value: float) -> None:
    with pytest.raises(ValueError, match="SPY: price"):
        SPY.round_price(value)
    with pytest.raises(ValueError, match="SPY: quantity"):
        SPY.round_qty(value)
    assert not SPY.is_on_tick(value)


@given(st.text(max_size=60), st.text(max_size=8), st.integers(0, 2**62), st.text(max_size=8))
def test_an_intent_id_survives_its_journey_through_the_order_reference(
    strategy: str, symbol: str, end: int, leg: str
) -> None:
    key = intent_id(strategy, symbol, end, leg)
    ref = order_ref(strategy, key)
    assert len(ref) <= MAX_REF_LENGTH
    assert intent_of_ref(ref) == key
    assert key == intent_id(strategy, symbol, end, leg)
    assert key != intent_id(strategy, symbol, end, leg, attempt=1)
    assert key != intent_id(strategy, symbol, end + 1, leg)


def test_a_reference_that_is_not_ours_names_no_intent() -> None:
    assert intent_of_ref("") is None
    assert intent_of_ref("by hand") is None
    assert intent_of_ref("tt:") is None


def test_an_execution_id_is_known_by_its_part_before_the_last_dot() -> None:
    assert exec_key("0000e0d5.69dd7411.01.02") == exec_key("0000e0d5.69dd7411.01.2")
    assert exec_key("0000e0d5.69dd7411.01.02").revision == 2
    assert exec_key("manual").base == "manual"
    assert exec_key("a.b").base == "a.b"


@given(st.integers(0, 4_102_444_800_000_000))
def test_times_go_to_datetimes_and_back(micros: int) -> None:
    assert to_ns(to_datetime(micros * 1000)) == micros * 1000


def test_a_time_without_a_zone_is_refused_and_zones_are_honoured() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_ns(datetime(2026, 3, 2))  # noqa: DTZ001 - the missing zone is the point
    eastern = datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert to_ns(eastern) == to_ns(datetime(2026, 3, 2, 14, 30, tzinfo=UTC))


def test_bar_sizes_are_read_and_unknown_ones_refused_with_the_list() -> None:
    assert [size.seconds for size in (BarSize.S5, BarSize.M15, BarSize.H1, BarSize.D1)] == [5, 900, 3600, 86_400]
    assert BarSize.parse(" 1m ").nanos == 60_000_000_000
    with pytest.raises(OperatorError, match="use one of 5s"):
        BarSize.parse("7m")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, None),
        ({"close": float("nan")}, "a price is not a finite positive number"),
        ({"low": 0.0}, "a price is not a finite positive number"),
        ({"low": 11.0}, "open or close lies outside low..high"),
        ({"volume": -1.0}, "the volume is negative or not finite"),
    ],
)
def test_an_unsound_bar_says_why(changes: dict[str, float], fault: str | None) -> None:
    bar = Bar("SPY", to_ns(datetime(2026, 3, 2, 15, 0, tzinfo=UTC)), 10.0, 12.0, 9.0, 11.0, 5.0)
    assert bar._replace(**changes).fault() == fault  # type: ignore[arg-type]
    assert bar.end == datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def test_a_quote_values_by_last_then_mid_then_prior_close_and_a_crossed_one_has_no_mid() -> None:
    def quote(**fields: float) -> Quote:
        return Quote(symbol="SPY", ts_ns=0, mono_ns=0, **fields)  # type: ignore[arg-type]

    assert quote(last=5.0, bid=1.0, ask=2.0).mark == 5.0
    assert quote(bid=1.0, ask=2.0, prior_close=9.0).mark == 1.5
    assert quote(bid=3.0, ask=2.0, prior_close=9.0).mark == 9.0
    assert quote(bid=3.0).mid is None


def test_paper_accounts_are_known_by_their_prefix_and_shown_masked() -> None:
    assert is_paper_account("DU1234567")
    assert is_paper_account("df1")
    assert not is_paper_account("U1234567")
    assert mask_account("DU1234567") == "DU***567"
    assert mask_account("U123") == "U123"


def test_an_order_can_fill_only_while_it_may_be_live() -> None:
    intent = Intent(
        intent_id="i",
        strategy="s",
        symbol="SPY",
        side=Side.SELL,
        qty=10,
        purpose=Purpose.EXIT,
        order_type=OrderType.MARKET,
        tif=TimeInForce.DAY,
    )
    order = OrderRecord(intent=intent, state=OrderState.UNKNOWN, order_ref="r", filled=4)
    assert order.remaining == 6
    assert order.is_live
    assert OrderRecord(intent=intent, state=OrderState.CANCELLED, order_ref="r", filled=4).remaining == 0
    assert OrderRecord(intent=intent, state=OrderState.WORKING, order_ref="r", changed_qty=5.0).remaining == 5
    assert intent.signed_qty == -10
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_a_refusal_of_the_broker_carries_its_code() -> None:
    error = BrokerRefused(200, "no security definition")
    assert (error.code, str(error)) == (200, "200: no security definition")


CHEAP = Instrument(symbol="C", min_tick=0.0001, price_steps=(PriceStep(0.0, 0.0001), PriceStep(1.0, 0.01)))


@pytest.mark.parametrize(
    ("price", "sign", "expected"),
    [
        (0.12345, 1, 0.1234),
        (0.12341, -1, 0.1235),
        (1.005, 1, 1.0),
        (1.005, -1, 1.01),
        (0.99999, -1, 1.0),
        (1.0, 1, 1.0),
        (12.349, 1, 12.34),
    ],
)
def test_a_price_goes_to_the_grid_that_holds_at_it_and_never_to_the_worse_side(
    price: float, sign: int, expected: float
) -> None:
    assert CHEAP.order_price(price, sign) == expected
    assert CHEAP.is_on_tick(expected)


def test_a_price_on_the_finer_grid_of_lower_prices_is_off_the_grid_above() -> None:
    assert CHEAP.is_on_tick(0.9999)
    assert not CHEAP.is_on_tick(1.0001)
    assert Instrument(symbol="S").tick_at(500.0) == 0.01


def test_an_order_without_a_price_has_none_and_what_is_no_number_is_kept_for_the_gate_to_refuse() -> None:
    assert CHEAP.order_price(None, 1) is None
    assert math.isnan(CHEAP.order_price(math.nan, 1) or 0.0)
    assert math.isinf(CHEAP.order_qty(math.inf))
