"""Text and numbers from outside arrive harmless."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.broker.ib import library
from tradetui.broker.ib.contracts import ContractBook
from tradetui.broker.ib.library import UNSET_DOUBLE, UNSET_INTEGER, new_contract, new_order
from tradetui.broker.ib.text import MAX_LENGTH, clean_text
from tradetui.broker.ib.translate import broker_order, commission_of, fill_of, position_of, side_of
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Side

BOOK = ContractBook([Instrument(symbol="SPY", con_id=756733)])
SPY = new_contract(conId=756733, symbol="SPY", secType="STK", currency="USD")
wild = st.one_of(st.floats(), st.sampled_from([UNSET_DOUBLE, -1.0, 0.0]))


def made(name: str, **values: object) -> Any:
    """A message object of whichever library is installed."""
    return getattr(library._library, name)(**values)


def execution(**changes: object) -> Any:
    base: dict[str, object] = {
        "execId": "0000e0d5.69dd7411.01.01",
        "time": datetime(2026, 4, 13, 19, 27, 4, tzinfo=UTC),
        "acctNumber": "DU1234567",
        "side": "BOT",
        "shares": 100.0,
        "price": 257.95,
        "permId": 389211034,
        "clientId": 42,
        "orderId": 7,
        "orderRef": "tt:cross:0123456789abcdef",
    }
    return made("Execution", **{**base, **changes})


@given(st.text(max_size=2000))
def test_clean_text_is_one_short_printable_line_without_markup(text: str) -> None:
    clean = clean_text(text)
    assert len(clean) <= MAX_LENGTH
    assert clean.isprintable()
    assert not set(clean) & set("[]<>\\\x1b\n\r\t")
    assert clean_text(clean) == clean


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Order rejected - reason: margin <br>not enough", "Order rejected - reason: margin not enough"),
        ("\x1b[31mred\x1b[0m and \x1b]8;;http://x\x07link\x1b]8;;\x07", "red and link"),
        ("[link=x]go[/link]", "(link=x)go(/link)"),
        ("a\u202eb\u200bc", "a b c"),
        ("Übergröße, 5 € at Zürich", "Übergröße, 5 € at Zürich"),
        ("", ""),
    ],
)
def test_known_nuisances_are_taken_out(text: str, clean: str) -> None:
    assert clean_text(text) == clean


def floats_of(value: object) -> list[float]:
    return [v for f in fields(value) if isinstance(v := getattr(value, f.name), float)]  # type: ignore[arg-type]


@given(wild, wild, wild)
def test_no_sentinel_of_the_wire_passes_in_an_order(limit: float, stop: float, filled: float) -> None:
    order = new_order(action="BUY", totalQuantity=5.0, orderType="LMT", lmtPrice=limit, auxPrice=stop)
    order.filledQuantity = filled
    seen = broker_order(BOOK, SPY, order, made("OrderState", status="Submitted"))
    assert all(math.isfinite(value) and value < UNSET_DOUBLE for value in floats_of(seen))
    assert seen.limit_price != 0
    assert seen.symbol == "SPY"


@given(wild, wild)
def test_no_sentinel_of_the_wire_passes_in_a_commission(amount: float, pnl: float) -> None:
    seen = commission_of(made("CommissionReport", execId="a.01", commission=amount, currency="USD", realizedPNL=pnl))
    assert seen is None or all(math.isfinite(value) and abs(value) < UNSET_DOUBLE for value in floats_of(seen))
    assert (seen is None) == (not math.isfinite(amount) or abs(amount) >= UNSET_DOUBLE)


def test_an_execution_keeps_every_mark_of_its_origin() -> None:
    fill = fill_of(BOOK, SPY, execution(liquidation=1))
    assert (fill.exec_id, fill.side, fill.qty, fill.price) == ("0000e0d5.69dd7411.01.01", Side.BUY, 100.0, 257.95)
    assert (fill.order_ref, fill.perm_id, fill.client_id, fill.order_id) == (
        "tt:cross:0123456789abcdef",
        389211034,
        42,
        7,
    )
    assert fill.ts_ns == 1_776_108_424 * 10**9
    assert fill.liquidation


def test_the_unset_order_id_of_a_manual_trade_is_zero() -> None:
    assert fill_of(BOOK, SPY, execution(orderId=UNSET_INTEGER)).order_id == 0


@pytest.mark.parametrize("changes", [{"shares": math.nan}, {"price": math.inf}, {"side": "???"}])
def test_an_execution_that_cannot_be_booked_is_an_error_and_not_a_guess(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not"):
        fill_of(BOOK, SPY, execution(**changes))


@pytest.mark.parametrize(("word", "side"), [("BUY", Side.BUY), ("SLD", Side.SELL), ("SSHORT", Side.SELL)])
def test_each_word_for_a_side_is_known(word: str, side: Side) -> None:
    assert side_of(word) is side


def test_a_position_without_a_cost_is_still_a_position() -> None:
    assert position_of(BOOK, "DU1", SPY, -5.0, UNSET_DOUBLE).avg_cost == 0.0
    with pytest.raises(ValueError, match="not finite"):
        position_of(BOOK, "DU1", SPY, math.nan, 1.0)
