"""Every table of the protocol encodes and decodes the same record at every version, and refuses what it cannot read."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradetui.gateway.wire import kinds
from tradetui.gateway.wire.errors import FieldError
from tradetui.gateway.wire.framing import FrameReader, split_fields
from tradetui.gateway.wire.message import Message, template
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_account import COMMISSION, EXECUTION
from tradetui.gateway.wire.replies_market import TICK_PRICE, TICK_SIZE
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.reported_orders import OPEN_ORDER
from tradetui.gateway.wire.requests import REQUESTS
from tradetui.gateway.wire.schema import F, Node, Rows, When

VERSIONS = (157, 158, 160, 162, 163, 164, 166, 169, 170, 171, 173, 176, 177, 178, 182, 184, 187, 189, 190, 192, 193)
MESSAGES = [*REQUESTS.values(), *REPLIES.values()]
CHOICES = {
    "secType": ("STK", "BAG", "FUND", "FUT"),
    "orderType": ("LMT", "PEG BENCH", "PEG BEST", "PEG MID"),
    "exchange": ("SMART", "IBKRATS"),
    "deltaNeutralOrderType": ("", "None", "LMT"),
    "hedgeType": ("", "D"),
    "algoStrategy": ("", "Twap"),
    "type": (1, 3, 4, 5, 6, 7),
    "tickType": (1, 2, 3, 4),
}
TEXTUAL = (kinds.TEXT, kinds.LATIN)
WHOLE = (kinds.INT, kinds.INT_MAX, kinds.LONG_MAX)
text = st.text(st.characters(codec="ascii", exclude_characters="\0\\"), max_size=8)
whole = st.integers(-(2**31), 2**31 - 2)
real = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15)


def value_of(field: F, version: int) -> st.SearchStrategy[Value]:
    chosen = CHOICES.get(field.name)
    if chosen is not None and isinstance(chosen[0], str) == (field.kind in TEXTUAL):
        return st.sampled_from(chosen)
    if field.kind in TEXTUAL:
        return text
    if field.kind is kinds.FLAG:
        return st.booleans()
    if field.kind in WHOLE:
        return st.none() | whole
    if field.kind is kinds.SIZE and version < 163:
        return st.none() | st.integers(0, 10**9).map(float)
    if field.name == "competeAgainstBestOffset":
        return st.none() | real | st.just(math.inf)
    return st.none() | real


@st.composite
def record_of(draw: st.DrawFn, nodes: tuple[Node, ...], version: int) -> Record:
    record = Record()
    for node in nodes:
        if not node.active(version):
            continue
        if isinstance(node, F):
            record[node.name] = draw(value_of(node, version))
        elif isinstance(node, Rows):
            record[node.name] = draw(st.lists(record_of(node.nodes, version), max_size=2))
        elif isinstance(node, When) and node.condition.holds(record):
            record.update(draw(record_of(node.nodes, version)))
    return record


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.name)
@settings(max_examples=12, deadline=None)
@given(data=st.data(), version=st.sampled_from(VERSIONS))
def test_what_is_encoded_is_what_is_decoded(message: Message, data: st.DataObject, version: int) -> None:
    record = data.draw(record_of(message.nodes, version))
    [body] = FrameReader().feed(message.encode(version, dict(record)))
    fields = split_fields(body)
    # An empty last field is a field: the terminator after it was written.
    fields += [""] * (len(message.fields(version, dict(record))) - len(fields))
    assert message.decode(version, fields) == record


@pytest.mark.parametrize(
    ("message", "count_by_version"),
    [
        (PLACE_ORDER, {176: 115, 178: 114}),
        (OPEN_ORDER, {169: 131, 170: 136, 176: 136, 177: 135, 178: 135}),
        (EXECUTION, {157: 31, 177: 31, 178: 32}),
        (REPLIES[101], {169: 96, 170: 101, 176: 101, 177: 100}),
        (REPLIES[3], {157: 12, 178: 12}),
        (COMMISSION, {178: 8}),
        (REPLIES[61], {178: 16}),
        (REPLIES[71], {178: 18}),
        (REPLIES[7], {178: 20}),
        (REPLIES[6], {178: 6}),
        (REPLIES[63], {178: 7}),
        (TICK_PRICE, {178: 7}),
        (TICK_SIZE, {178: 5}),
        (REPLIES[10], {164: 40, 178: 40}),
        (REPLIES[94], {178: 5}),
        (REPLIES[95], {178: 7}),
        (REPLIES[50], {178: 11}),
        (REPLIES[4], {165: 5, 166: 6}),
    ],
    ids=lambda value: value.name if isinstance(value, Message) else "",
)
def test_a_plain_message_has_the_field_count_of_a_real_gateway(
    message: Message, count_by_version: dict[int, int]
) -> None:
    counts = {version: len(message.fields(version, {})) for version in count_by_version}
    assert counts == count_by_version


def test_a_truncated_order_names_the_field_that_is_missing() -> None:
    fields = PLACE_ORDER.fields(178, {"orderId": 7})[:20]
    with pytest.raises(FieldError) as caught:
        PLACE_ORDER.decode(178, fields)
    assert caught.value.field == "auxPrice"


def test_a_field_that_is_no_number_is_named_with_its_text() -> None:
    fields = PLACE_ORDER.fields(178, {"orderId": 7})
    fields[19] = "1o0"
    with pytest.raises(FieldError, match=r"lmtPrice.*1o0"):
        PLACE_ORDER.decode(178, fields)


def test_an_impossible_row_count_is_refused_without_reading_rows() -> None:
    fields = PLACE_ORDER.fields(178, {"orderId": 7})
    fields[89] = "2000000000"
    with pytest.raises(FieldError, match="impossible"):
        PLACE_ORDER.decode(178, fields)


@pytest.mark.parametrize("spelling", ["", "1.7976931348623157E308", "1.7976931348623157e+308"])
def test_every_spelling_of_an_unset_price_reads_as_unknown(spelling: str) -> None:
    assert kinds.REAL.decode(spelling) is None


@pytest.mark.parametrize("spelling", ["", "2147483647", "9223372036854775807"])
def test_every_spelling_of_an_unset_integer_reads_as_unknown(spelling: str) -> None:
    assert kinds.INT.decode(spelling) is None


@pytest.mark.parametrize("spelling", ["", "0", "false", "2147483647"])
def test_every_spelling_of_an_unset_or_false_flag_reads_as_false(spelling: str) -> None:
    assert kinds.FLAG.decode(spelling) is False


def test_unset_margins_are_spelled_as_max_double_never_empty() -> None:
    fields = OPEN_ORDER.fields(178, {"orderId": 1})
    assert fields.count("1.7976931348623157E308") == 15
    assert fields[1 + 60 : 1 + 70] == ["None", "", "0", "", "", "", "?", "0", "0", ""]


def test_a_fraction_of_a_share_is_floored_for_clients_that_read_sizes_as_integers() -> None:
    assert TICK_SIZE.fields(162, {"reqId": 1, "tickType": 8, "size": 10.7})[-1] == "10"
    assert TICK_SIZE.fields(163, {"reqId": 1, "tickType": 8, "size": 10.7})[-1] == "10.7"


def test_a_nul_inside_text_cannot_break_the_framing() -> None:
    fields = split_fields(REPLIES[4].encode(178, {"reqId": 1, "code": 200, "text": "a\0b", "advancedReject": "x"})[4:])
    assert fields == ["4", "2", "1", "200", "ab", "x"]


def test_a_fast_template_writes_the_bytes_of_its_table() -> None:
    slow: dict[str, Value] = {"reqId": 5, "tickType": 1, "price": 431.25, "size": 300.0, "attributes": 1}
    for version in (157, 178):
        assert template(TICK_PRICE, version)(5, 1, 431.25, 300.0, 1) == TICK_PRICE.encode(version, slow)


def test_a_message_with_groups_has_no_fast_template() -> None:
    with pytest.raises(TypeError):
        template(OPEN_ORDER, 178)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=130), st.sampled_from(sorted(REQUESTS)))
def test_any_fields_either_decode_or_name_a_field(fields: list[str], identity: int) -> None:
    named = "nothing wrong"
    try:
        REQUESTS[identity].decode(178, [str(identity), *fields])
    except FieldError as error:
        named = error.field
    assert named
