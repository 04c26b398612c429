"""Messages recorded from a real gateway read through our tables and come out of them unchanged."""

from pathlib import Path

import pytest

from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import REQUESTS

RECORDED_AT = 165
PLACE_ORDER_FIELDS = 100
RECORDINGS = Path(__file__).parents[4] / "shared" / "reference" / "tws" / "recorded_orders.txt"


def recorded_lines() -> list[str]:
    if not RECORDINGS.exists():
        return []
    return [line for line in RECORDINGS.read_text().splitlines() if line]


pytestmark = pytest.mark.skipif(not recorded_lines(), reason="../shared/reference with recorded messages is absent")


def message_of(fields: list[str]) -> Message:
    is_request = fields[0] == "3" and len(fields) > PLACE_ORDER_FIELDS
    return (REQUESTS if is_request else REPLIES)[int(fields[0])]


def same_field(ours: str, theirs: str) -> bool:
    # One recording carries 100 where a flag stands; every client reads any non-zero integer as true.
    if ours == theirs or (ours, theirs) == ("1", "100"):
        return True
    try:
        return float(ours or 0) == float(theirs or 0)
    except ValueError:
        return False


@pytest.mark.parametrize("line", recorded_lines())
def test_recorded_message_decodes_with_nothing_left_over_but_the_final_delimiter(line: str) -> None:
    fields = line.split("|")
    record = message_of(fields).decode(RECORDED_AT, fields)
    rebuilt = message_of(fields).fields(RECORDED_AT, dict(record))
    surplus = fields[len(rebuilt) :]
    assert len(surplus) <= 6
    assert not any(surplus)


@pytest.mark.parametrize("line", recorded_lines())
def test_recorded_message_is_rebuilt_field_by_field(line: str) -> None:
    fields = line.split("|")
    message = message_of(fields)
    rebuilt = message.fields(RECORDED_AT, dict(message.decode(RECORDED_AT, fields)))
    different = [
        (at, ours, theirs)
        for at, (ours, theirs) in enumerate(zip(rebuilt, fields, strict=False))
        if not same_field(ours, theirs)
    ]
    assert different == []


def order_record(line_start: str, status: str) -> Record:
    for line in recorded_lines():
        fields = line.split("|")
        if line.startswith(line_start) and status in fields:
            return message_of(fields).decode(RECORDED_AT, fields)
    raise AssertionError(f"no recorded {line_start} with {status}")


def test_recorded_open_order_means_what_its_sender_meant() -> None:
    record = order_record("5|13|", "PreSubmitted")
    assert record.text("symbol") == "TSLA"
    assert record.text("action") == "BUY"
    assert record.number("totalQuantity") == 100
    assert record.integer("permId") == 1376327563
    assert record.text("deltaNeutralOrderType") == "None"
    assert record.text("clearingIntent") == "IB"
    assert record.text("status") == "PreSubmitted"
    assert record.number("initMarginBefore") is None


def test_recorded_commission_of_an_opening_trade_has_no_realized_pnl() -> None:
    record = order_record("59|", "USD")
    assert record.number("commission") == 1.0
    assert record.number("realizedPnl") is None


def test_recorded_spread_order_keeps_both_legs() -> None:
    record = order_record("3|12|0|WTI", "BAG")
    legs = record.rows("comboLegs")
    assert [(leg.integer("conId"), leg.text("action")) for leg in legs] == [(55928698, "BUY"), (55850663, "SELL")]
    assert record.rows("smartComboRoutingParams") == [{"tag": "NonGuaranteed", "value": "1"}]
