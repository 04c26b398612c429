"""The codec: a message survives the trip as it was, and nothing but a message gets through."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.control.codec import CodecError, decode, encode, state_messages
from tradetui.control.messages import MAX_LINE, Changes, JsonValue

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), json_values, max_size=6), st.text())
def test_a_message_comes_back_as_it_was_sent_and_stays_on_one_line(fields: dict[str, JsonValue], kind: str) -> None:
    message = {**fields, "t": kind}
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == message


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_is_never_sent(value: float) -> None:
    with pytest.raises(CodecError):
        encode({"t": "delta", "value": value})


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"{",
        b"[]",
        b"null",
        b'{"t": 1}',
        b'{"no": "t"}',
        b'{"t": "x", "v": NaN}',
        b'{"t": "x", "v": -Infinity}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_anything_that_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(CodecError):
        decode(line)


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_are_a_message(line: bytes) -> None:
    try:
        message = decode(line)
    except CodecError:
        return
    assert isinstance(message["t"], str)


def test_a_message_over_the_limit_is_refused_on_both_sides() -> None:
    with pytest.raises(CodecError, match="over the limit"):
        encode({"t": "x", "text": "a" * MAX_LINE})
    with pytest.raises(CodecError, match="over the limit"):
        decode(b'{"t": "' + b"a" * MAX_LINE + b'"}')


def test_a_small_snapshot_is_one_message_marked_as_the_last() -> None:
    changes: Changes = {"orders": {"a": {"qty": 1.0}}, "fills": {}}
    assert list(state_messages("snapshot", changes, 7)) == [{"t": "snapshot", "seq": 7, "state": changes, "last": True}]


def test_an_empty_delta_is_still_one_message() -> None:
    assert list(state_messages("delta", {}, 3)) == [{"t": "delta", "seq": 3, "state": {}}]


def test_a_long_snapshot_is_cut_into_lines_that_together_hold_every_row_once() -> None:
    changes: Changes = {
        "log": {str(n): {"text": "ü" * 4000} for n in range(600)},
        "core": {"core": {"state": "RUN"}},
        "alerts": {},
    }
    parts = [cast("dict[str, JsonValue]", json.loads(encode(part))) for part in state_messages("snapshot", changes, 1)]
    assert len(parts) > 1
    assert [part["seq"] for part in parts] == list(range(1, len(parts) + 1))
    assert [part["last"] for part in parts] == [False] * (len(parts) - 1) + [True]
    merged: dict[str, dict[str, JsonValue]] = {}
    for part in parts:
        for section, rows in cast("dict[str, dict[str, JsonValue]]", part["state"]).items():
            held = merged.setdefault(section, {})
            assert not held.keys() & rows.keys()
            held.update(rows)
    assert merged == changes
