"""The gate refuses what a limit forbids, says what was measured, and never keeps an operator in a position."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.errors import OperatorError
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.tick import DataType, Quote
from tradetui.risk.gate import ENTRY_CONTROLS, ORDER_CONTROLS, Gate
from tradetui.risk.limits import Limits
from tradetui.risk.view import Exposure, OrderCounts, RiskView

NOW = Now(1_000 * SECOND_NS, 500 * SECOND_NS)
LIMITS = Limits(
    symbols=frozenset({"SPY"}),
    max_order_qty=100,
    max_order_notional=10_000,
    max_position_qty=150,
    max_position_notional=15_000,
    max_gross_notional=50_000,
    max_net_notional=50_000,
    max_leverage=1.0,
    max_positions=3,
    max_concentration_pct=1e6,
    max_sector_pct=1e6,
    daily_loss_limit=500,
    strategy_loss_limit=500,
    symbol_loss_limit=500,
    max_drawdown_pct=3,
    max_day_drawdown_pct=3,
    max_losing_streak=1000,
    max_round_trips=1000,
    max_denials=1000,
    max_rejects=1000,
    reject_window_s=60.0,
    max_slippage_bps=1e6,
    max_messages_per_minute=1_000_000,
    max_orders_per_fill=1e6,
    price_collar_pct=1,
    max_spread_pct=0.5,
    max_quote_age_s=10,
    orders_per_second=2,
    orders_per_minute=10,
    orders_per_day=100,
    duplicate_window_s=30,
    long_only=True,
    no_entry_first_minutes=1,
    no_entry_last_minutes=5,
)
GATE = Gate(LIMITS)
QUOTE = Quote(symbol="SPY", ts_ns=NOW.market_ns, mono_ns=NOW.mono_ns, bid=99.99, ask=100.01, last=100.0)


def intent(**changes: object) -> Intent:
    base = Intent(
        intent_id="i1",
        strategy="s",
        symbol="SPY",
        side=Side.BUY,
        qty=50,
        purpose=Purpose.ENTRY,
        order_type=OrderType.MARKET,
        tif=TimeInForce.DAY,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def view(**changes: object) -> RiskView:
    base = RiskView(
        now=NOW,
        instrument=Instrument(symbol="SPY"),
        since_open_s=3600.0,
        to_close_s=3600.0,
        quote=QUOTE,
        equity=100_000.0,
        available_funds=100_000.0,
        day_pnl=0.0,
        drawdown_pct=0.0,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def codes(order: Intent, facts: RiskView, gate: Gate = GATE) -> list[str]:
    return [refusal.code for refusal in gate.check(order, facts).refusals]


def test_a_sound_order_in_a_sound_world_passes() -> None:
    assert GATE.check(intent(), view()).allowed


def with_quote(**changes: object) -> RiskView:
    return view(quote=replace(QUOTE, **changes))  # type: ignore[arg-type]


LIMIT = {"order_type": OrderType.LIMIT}
REFUSED: list[tuple[str, Intent, RiskView]] = [
    ("FIELDS", intent(qty=float("nan")), view()),
    ("FIELDS", intent(qty=0), view()),
    ("FIELDS", intent(qty=1.5), view()),
    ("FIELDS", intent(**LIMIT), view()),
    ("FIELDS", intent(limit_price=100.0), view()),
    ("FIELDS", intent(**LIMIT, limit_price=float("inf")), view()),
    ("FIELDS", intent(**LIMIT, limit_price=-1.0), view()),
    ("FIELDS", intent(**LIMIT, limit_price=100.001), view()),
    ("FIELDS", intent(order_type=OrderType.STOP), view()),
    ("DUPLICATE_INTENT", intent(), view(known_intent=True)),
    ("LINK_NOT_READY", intent(), view(link_ready=False)),
    ("TRADING_STATE", intent(), view(state=TradingState.PAUSED)),
    ("TRADING_STATE", intent(), view(state=TradingState.HALTED, state_why="daily loss")),
    ("TRADING_STATE", intent(), view(state=TradingState.KILLED)),
    ("LONG_ONLY", intent(side=Side.SELL), view()),
    ("LONG_ONLY", intent(side=Side.SELL), view(exposure=Exposure(held=60, selling=20))),
    ("REDUCE_ONLY", intent(purpose=Purpose.EXIT), view()),
    ("SYMBOL", intent(), view()),
    ("UNRESOLVED", intent(), view(unresolved="order x is UNKNOWN")),
    ("HEALTH", intent(), view(unhealthy="the clock is 5 s off")),
    ("HEALTH", intent(), view(journal_ok=False)),
    ("MARKET_HOURS", intent(), view(session_open=False)),
    ("MARKET_HOURS", intent(), view(since_open_s=None)),
    ("MARKET_HOURS", intent(), view(since_open_s=30.0)),
    ("MARKET_HOURS", intent(), view(to_close_s=200.0)),
    ("STALE_DATA", intent(), view(quote=None)),
    ("STALE_DATA", intent(), with_quote(bid=None, ask=None, last=None)),
    ("STALE_DATA", intent(), with_quote(halted=True)),
    ("STALE_DATA", intent(), with_quote(data_type=DataType.DELAYED)),
    ("STALE_DATA", intent(), with_quote(mono_ns=NOW.mono_ns - 11 * SECOND_NS)),
    ("ORDER_WORKING", intent(), view(strategy_working=1)),
    ("SELF_TRADE", intent(), view(opposite_working=True)),
    ("REPEATED_ORDER", intent(), view(duplicate_age_s=29.0)),
    ("ORDER_RATE", intent(), view(counts=OrderCounts(second=2))),
    ("ORDER_RATE", intent(), view(counts=OrderCounts(strategy_minute=10))),
    ("ORDER_RATE", intent(), view(counts=OrderCounts(day=100))),
    ("ORDER_SIZE", intent(qty=101), view()),
    ("ORDER_SIZE", intent(qty=100), with_quote(last=150.0)),
    ("POSITION_SIZE", intent(), view(exposure=Exposure(held=60, buying=50))),
    ("POSITION_SIZE", intent(qty=99), with_quote(last=101.0, ask=152.0)),
    ("POSITION_COUNT", intent(), view(symbols_other=3)),
    ("GROSS_EXPOSURE", intent(), view(gross_other=46_000.0)),
    ("GROSS_EXPOSURE", intent(), view(gross_other=None)),
    ("LEVERAGE", intent(), view(equity=None)),
    ("LEVERAGE", intent(), view(equity=0.0)),
    ("LEVERAGE", intent(), view(equity=4_000.0)),
    ("NET_EXPOSURE", intent(), view(net_high_other=46_000.0)),
    ("NET_EXPOSURE", intent(), view(net_high_other=None)),
    ("CONCENTRATION", intent(qty=100), view(equity=0.5)),
    ("CONCENTRATION", intent(), view(equity=None)),
    ("FUNDS", intent(), view(available_funds=6_000.0, funds_reserved=1_100.0)),
    ("FUNDS", intent(), view(funds_reserved=None)),
    ("FUNDS", intent(), view(available_funds=None)),
    ("FUNDS", intent(), view(available_funds=4_000.0)),
    ("PRICE_COLLAR", intent(**LIMIT, limit_price=102.0), view()),
    ("PRICE_COLLAR", intent(order_type=OrderType.STOP, stop_price=98.0), view()),
    ("PRICE_COLLAR", intent(), with_quote(bid=99.0, ask=100.0)),
    ("PRICE_COLLAR", intent(), with_quote(bid=100.2, ask=100.0)),
    ("DAILY_LOSS", intent(), view(day_pnl=-500.0)),
    ("DAILY_LOSS", intent(), view(day_pnl=None)),
    ("DRAWDOWN", intent(), view(drawdown_pct=3.0)),
    ("DRAWDOWN", intent(), view(drawdown_pct=None)),
]


@pytest.mark.parametrize(("code", "order", "facts"), REFUSED, ids=[f"{i}-{row[0]}" for i, row in enumerate(REFUSED)])
def test_each_control_refuses_by_its_code_with_measure_limit_and_remedy(
    code: str, order: Intent, facts: RiskView
) -> None:
    gate = Gate(replace(LIMITS, symbols=frozenset({"QQQ"}))) if code == "SYMBOL" else GATE
    refusals = {refusal.code: refusal for refusal in gate.check(order, facts).refusals}
    assert code in refusals
    refusal = refusals[code]
    assert refusal.measured
    assert refusal.limit
    assert refusal.clears
    assert refusal.text.startswith(f"{code}: ")


JUST_INSIDE: list[tuple[Intent, RiskView]] = [
    (intent(qty=100), view(quote=replace(QUOTE, ask=100.0))),
    (intent(), view(exposure=Exposure(held=60, buying=39))),
    (intent(), view(symbols_other=2)),
    (intent(), view(symbols_other=3, exposure=Exposure(held=1))),
    (intent(), view(gross_other=44_990.0)),
    (intent(), view(day_pnl=-499.99)),
    (intent(), view(drawdown_pct=2.99)),
    (intent(), view(duplicate_age_s=30.0)),
    (intent(), view(counts=OrderCounts(strategy_second=1, minute=9, day=99))),
    (intent(**LIMIT, limit_price=101.0), view()),
    (intent(), with_quote(bid=None)),
    (intent(), view(since_open_s=60.0, to_close_s=300.0)),
]


@pytest.mark.parametrize(("order", "facts"), JUST_INSIDE)
def test_an_order_just_inside_every_limit_passes(order: Intent, facts: RiskView) -> None:
    assert GATE.check(order, facts).allowed


def test_every_reason_is_given_most_basic_first() -> None:
    assert codes(intent(qty=101), view(link_ready=False, day_pnl=-600.0)) == [
        "LINK_NOT_READY",
        "ORDER_SIZE",
        "DAILY_LOSS",
    ]


def test_delayed_data_may_be_allowed_on_purpose() -> None:
    assert codes(intent(), with_quote(data_type=DataType.DELAYED), Gate(replace(LIMITS, allow_delayed_data=True))) == []


def test_an_account_that_may_go_short_sells_what_it_does_not_hold_within_its_limits() -> None:
    gate = Gate(replace(LIMITS, long_only=False))
    assert codes(intent(side=Side.SELL), view(), gate) == []
    assert "POSITION_SIZE" in codes(intent(side=Side.SELL), view(exposure=Exposure(held=-120)), gate)


EXIT = intent(side=Side.SELL, purpose=Purpose.EXIT)
TROUBLES = {
    "unhealthy": "everything",
    "unresolved": "everything",
    "journal_ok": False,
    "session_open": False,
    "quote": None,
    "gross_other": None,
    "equity": None,
    "available_funds": None,
    "day_pnl": -1e6,
    "drawdown_pct": 99.0,
    "strategy_working": 5,
    "opposite_working": True,
    "duplicate_age_s": 0.0,
    "counts": OrderCounts(9, 99, 999, 9, 99, 999),
}


@given(st.sets(st.sampled_from(sorted(TROUBLES))), st.sampled_from([TradingState.PAUSED, TradingState.HALTED]))
def test_an_exit_is_never_refused_by_an_entry_limit(troubles: set[str], state: TradingState) -> None:
    facts = view(exposure=Exposure(held=50), state=state, **{name: TROUBLES[name] for name in troubles})
    assert GATE.check(EXIT, facts).allowed


@given(st.sets(st.sampled_from(sorted(TROUBLES))), st.sampled_from(TradingState))
def test_the_operators_flatten_passes_in_every_state(troubles: set[str], state: TradingState) -> None:
    facts = view(exposure=Exposure(held=50), state=state, **{name: TROUBLES[name] for name in troubles})
    assert GATE.check(replace(EXIT, purpose=Purpose.FLATTEN), facts).allowed
    assert (GATE.check(EXIT, facts).allowed) == (state is not TradingState.KILLED)


@given(
    st.floats(-1000, 1000).map(round),
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(1, 500),
    st.sampled_from(Side),
)
def test_an_allowed_exit_never_crosses_zero_whatever_else_fills(
    held: int, buying: int, selling: int, qty: int, side: Side
) -> None:
    facts = view(exposure=Exposure(held=held, buying=buying, selling=selling))
    if GATE.check(intent(side=side, qty=qty, purpose=Purpose.FLATTEN), facts).allowed:
        after = held + (qty + buying if side is Side.BUY else -qty - selling)
        assert after == 0 or (after > 0) == (held > 0)


def test_a_cover_of_a_short_position_is_an_exit() -> None:
    facts = view(exposure=Exposure(held=-50), day_pnl=-1e6)
    assert GATE.check(intent(purpose=Purpose.EXIT), facts).allowed


def test_control_codes_are_unique() -> None:
    all_codes = [control.code for control in (*ORDER_CONTROLS, *ENTRY_CONTROLS)]
    assert len(set(all_codes)) == len(all_codes)


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"max_order_qty": 0}, "risk.max_order_qty"),
        ({"daily_loss_limit": float("nan")}, "risk.daily_loss_limit"),
        ({"max_leverage": float("inf")}, "risk.max_leverage"),
        ({"orders_per_day": -1}, "risk.orders_per_day"),
        ({"no_entry_first_minutes": -1.0}, "risk.no_entry_first_minutes"),
        ({"max_order_notional": 20_000}, "risk.max_order_notional"),
        ({"max_position_notional": 60_000}, "risk.max_position_notional"),
    ],
)
def test_a_limit_that_is_no_limit_is_refused_by_name(changes: dict[str, float], names: str) -> None:
    with pytest.raises(OperatorError, match=names):
        replace(LIMITS, **changes)  # type: ignore[arg-type]
