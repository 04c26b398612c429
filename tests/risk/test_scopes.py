"""Limits of a strategy, a symbol, a sector: of all that hold, the tightest; none can loosen another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.risk.test_gate import LIMITS, codes, intent, view
from tradetui.domain.errors import OperatorError
from tradetui.domain.order import Intent, Side
from tradetui.risk.gate import Gate
from tradetui.risk.limits import StrategyLimits, SymbolLimits
from tradetui.risk.scopes import ScopedLimits
from tradetui.risk.view import Exposure, OrderCounts, RiskView


def gate(**changes: object) -> Gate:
    return Gate(replace(LIMITS, **changes))  # type: ignore[arg-type]


def of_strategy(**limits: object) -> Gate:
    return gate(strategy={"s": StrategyLimits(**limits)})  # type: ignore[arg-type]


def of_symbol(**limits: object) -> Gate:
    return gate(symbol={"SPY": SymbolLimits(**limits)})  # type: ignore[arg-type]


OTHER = intent(strategy="other")
REFUSED: list[tuple[str, Gate, Intent, RiskView]] = [
    ("ORDER_SIZE", of_strategy(max_order_qty=49), intent(), view()),
    ("ORDER_SIZE", of_symbol(max_order_notional=4_000), intent(), view()),
    ("POSITION_SIZE", of_symbol(max_position_notional=6_000), intent(), view(exposure=Exposure(held=20))),
    ("STRATEGY_SIZE", of_strategy(max_position_qty=60), intent(), view(strategy_exposure=Exposure(held=20))),
    ("STRATEGY_SIZE", of_strategy(max_position_notional=6_000), intent(), view(strategy_exposure=Exposure(buying=20))),
    ("STRATEGY_SIZE", of_strategy(max_gross_notional=6_000), intent(), view(strategy_gross_other=2_000.0)),
    ("STRATEGY_SIZE", of_strategy(max_gross_notional=6_000), intent(), view(strategy_gross_other=None)),
    ("STRATEGY_RATE", of_strategy(orders_per_minute=3), intent(), view(counts=OrderCounts(strategy_minute=3))),
    ("STRATEGY_RATE", of_strategy(orders_per_day=3), intent(), view(counts=OrderCounts(strategy_day=3, day=9))),
    ("SECTOR", gate(max_sector_pct=6.0, sectors={"us": frozenset({"SPY"})}), intent(), view(sector_other=2_000.0)),
    ("SECTOR", gate(max_sector_pct=6.0, sectors={"us": frozenset({"SPY"})}), intent(), view(sector_other=None)),
    ("CONCENTRATION", of_symbol(max_concentration_pct=4.0), intent(), view()),
    ("PRICE_COLLAR", of_symbol(max_spread_pct=0.01), intent(), view()),
]


@pytest.mark.parametrize(
    ("code", "judge", "order", "facts"), REFUSED, ids=[f"{i}-{r[0]}" for i, r in enumerate(REFUSED)]
)
def test_a_scoped_limit_refuses_what_the_accounts_would_let_pass(
    code: str, judge: Gate, order: Intent, facts: RiskView
) -> None:
    assert codes(order, facts, judge) == [code]
    assert codes(order, facts) == []


@pytest.mark.parametrize(
    ("judge", "facts"),
    [
        (of_strategy(max_order_qty=49), view()),
        (of_strategy(max_position_qty=60, orders_per_day=3), view(counts=OrderCounts(strategy_day=3))),
        (of_strategy(max_position_notional=100), view()),
    ],
)
def test_a_limit_of_one_strategy_does_not_bind_another(judge: Gate, facts: RiskView) -> None:
    assert codes(OTHER, facts, judge) == []


def test_a_strategy_with_limits_it_keeps_trades() -> None:
    judge = of_strategy(max_gross_notional=9_000, max_position_qty=60, orders_per_second=5)
    assert codes(intent(), view(strategy_gross_other=1_000.0), judge) == []


def test_without_a_price_a_strategys_size_is_not_judged_because_stale_data_refuses() -> None:
    judge = of_strategy(max_position_notional=6_000)
    assert "STRATEGY_SIZE" not in codes(intent(), view(quote=None), judge)
    assert "STALE_DATA" in codes(intent(), view(quote=None), judge)


def test_a_symbol_in_no_sector_is_bound_by_none() -> None:
    assert codes(intent(), view(), gate(max_sector_pct=0.001, sectors={"tech": frozenset({"QQQ"})})) == []


def test_an_order_that_brings_the_net_nearer_to_zero_passes_the_net_limit() -> None:
    judge = gate(long_only=False, max_net_notional=1_000)
    short = view(exposure=Exposure(held=-140), net_low_other=-20_000.0, net_high_other=-20_000.0)
    assert codes(intent(qty=100), short, judge) == []
    assert codes(intent(side=Side.SELL, qty=5), replace(short, exposure=Exposure()), judge) == ["NET_EXPOSURE"]


COUNTED = st.none() | st.integers(1, 400)
PRICED = st.none() | st.floats(1, 1e6)


@given(
    st.builds(StrategyLimits, max_order_qty=PRICED, max_order_notional=PRICED, max_round_trips=COUNTED,
              daily_loss_limit=PRICED, max_slippage_bps=PRICED, flat_minutes_before_close=st.none() | st.floats(0, 60)),
    st.builds(SymbolLimits, max_order_qty=PRICED, max_position_notional=PRICED, price_collar_pct=PRICED,
              max_round_trips=COUNTED, daily_loss_limit=PRICED),
)  # fmt: skip
def test_no_scope_loosens_a_limit_of_the_account(own: StrategyLimits, of: SymbolLimits) -> None:
    account = replace(LIMITS, strategy={"s": own}, symbol={"SPY": of})
    merged = ScopedLimits(account).of("s", "SPY")
    for name in (
        "max_order_qty", "max_order_notional", "max_position_notional", "price_collar_pct", "strategy_loss_limit",
        "symbol_loss_limit", "max_round_trips", "max_slippage_bps",
    ):  # fmt: skip
        assert getattr(merged, name) <= getattr(account, name), name
    assert merged.flat_minutes_before_close >= account.flat_minutes_before_close
    assert ScopedLimits(account).of("other", "QQQ") is account


def test_a_scoped_limit_that_is_no_limit_is_refused_by_its_whole_name() -> None:
    with pytest.raises(OperatorError, match=r"risk\.symbol\.SPY\.max_order_qty is 0"):
        gate(symbol={"SPY": SymbolLimits(max_order_qty=0)})
    with pytest.raises(OperatorError, match=r"risk\.strategy\.s\.daily_loss_limit is nan"):
        gate(strategy={"s": StrategyLimits(daily_loss_limit=float("nan"))})
