"""The stream is cut into the same frames however TCP splits or joins it, and nonsense closes it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.gateway.wire.errors import FrameError
from tradetui.gateway.wire.framing import API_PREFIX, MAX_FRAME, FrameReader, frame, split_fields
from tradetui.gateway.wire.handshake import Offer, greeting, negotiate, parse_offer

bodies = st.lists(st.binary(max_size=40), max_size=8)


@given(bodies=bodies, cuts=st.lists(st.integers(0, 400), max_size=12), prefixed=st.booleans())
def test_frames_survive_any_split(bodies: list[bytes], cuts: list[int], prefixed: bool) -> None:
    stream = (API_PREFIX if prefixed else b"") + b"".join(frame(body) for body in bodies)
    edges = sorted({0, len(stream), *(min(cut, len(stream)) for cut in cuts)})
    reader = FrameReader(prefixed=prefixed)
    seen = [body for a, b in pairwise(edges) for body in reader.feed(stream[a:b])]
    assert seen == bodies
    assert reader.pending == 0


def test_a_length_above_the_limit_is_refused_before_its_body_arrives() -> None:
    reader = FrameReader(limit=1000)
    with pytest.raises(FrameError, match="1001"):
        reader.feed((1001).to_bytes(4, "big"))


def test_a_body_above_the_protocol_maximum_is_not_sent() -> None:
    with pytest.raises(FrameError):
        frame(bytes(MAX_FRAME + 1))


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n", b"APX", b"\x00\x00\x00\x09v157..178"])
def test_a_stream_that_does_not_open_with_the_api_prefix_is_refused(opening: bytes) -> None:
    with pytest.raises(FrameError):
        FrameReader(prefixed=True).feed(opening)


def test_a_prefix_may_arrive_byte_by_byte() -> None:
    reader = FrameReader(prefixed=True)
    seen = [body for byte in API_PREFIX + frame(b"v157..176") for body in reader.feed(bytes([byte]))]
    assert seen == [b"v157..176"]


def test_fields_are_read_with_or_without_the_last_terminator() -> None:
    assert split_fields(b"8\x001\x001\x00") == ["8", "1", "1"]
    assert split_fields(b"8\x001\x001") == ["8", "1", "1"]
    assert split_fields(b"7\x003\x00\x00\x00") == ["7", "3", "", ""]


@pytest.mark.parametrize(
    ("text", "lowest", "highest", "options"),
    [(b"v157..176", 157, 176, ""), (b"v100..193 +PACEAPI", 100, 193, "+PACEAPI"), (b"v178", 178, 178, "")],
)
def test_version_offers_of_real_clients_are_read(text: bytes, lowest: int, highest: int, options: str) -> None:
    assert parse_offer(text) == Offer(lowest=lowest, highest=highest, options=options)


@pytest.mark.parametrize(
    "text", [b"", b"157", b"v", b"v157..", b"vx..y", b"v1..2..3", b"\xff\xfe", b"v1234567..9999999"]
)
def test_other_offers_are_refused(text: bytes) -> None:
    with pytest.raises(FrameError):
        parse_offer(text)


@pytest.mark.parametrize(
    ("offer", "cap", "version"),
    [
        (b"v157..176", 178, 176),
        (b"v100..225", 178, 178),
        (b"v100..225", 163, 163),
        (b"v100..157", 178, 157),
        (b"v100..156", 178, None),
        (b"v179..225", 178, None),
    ],
)
def test_version_is_the_highest_that_both_sides_know(offer: bytes, cap: int, version: int | None) -> None:
    assert negotiate(parse_offer(offer), cap) == version


def test_greeting_is_exactly_two_fields() -> None:
    assert split_fields(greeting(178, "20250323 22:21:01 US/Eastern")) == ["178", "20250323 22:21:01 US/Eastern"]
