"""Spoils well-formed requests the way broken, hostile or foreign clients do.

Invariant: what comes out is a function of the random source alone, so a seed names a campaign.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tradetui.gateway.wire.framing import API_PREFIX

NASTY: Final = (
    *("", "0", "-1", "1", "-0.0", "nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e308", "5e-324"),
    *("1.7976931348623157E308", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9" * 400),
    *("9" * 5000, "0x10", "1_000", " 7 ", "+5", "\u0663", "\u00bd", "true", "None", "x" * 70_000, "\u00e9\u20ac"),
    *("\\u0000", "%s%n", "{}", "'\"", "\n", "\x1b[2J", "20260230", "99:99", "SPY", "LMT", "BAG", "DU1234567"),
)
Fields = list[str]
Spoil = Callable[[Random, Fields], None]


def _replace(rng: Random, fields: Fields) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        fields[rng.randrange(1, len(fields)) if len(fields) > 1 else 0] = rng.choice(NASTY)


def _truncate(rng: Random, fields: Fields) -> None:
    del fields[rng.randrange(len(fields)) :]


def _drop(rng: Random, fields: Fields) -> None:
    del fields[rng.randrange(len(fields))]


def _insert(rng: Random, fields: Fields) -> None:
    fields.insert(rng.randrange(len(fields) + 1), rng.choice(NASTY))


def _swap(rng: Random, fields: Fields) -> None:
    one, other = rng.randrange(len(fields)), rng.randrange(len(fields))
    fields[one], fields[other] = fields[other], fields[one]


def _rename(rng: Random, fields: Fields) -> None:
    fields[0] = str(rng.randrange(-2, 260)) if rng.random() < 0.9 else rng.choice(NASTY)


def _append(rng: Random, fields: Fields) -> None:
    fields += [rng.choice(NASTY) for _ in range(rng.randrange(1, 40))]


def _double(_rng: Random, fields: Fields) -> None:
    fields += fields


_SPOILS: Final[tuple[Spoil, ...]] = (
    _replace,
    _replace,
    _replace,
    _truncate,
    _drop,
    _insert,
    _swap,
    _rename,
    _append,
    _double,
)


def spoil(rng: Random, fields: Fields) -> None:
    """Change a request's fields in place."""
    rng.choice(_SPOILS)(rng, fields)


def body_of(fields: Fields) -> bytes:
    """The fields as a message body."""
    return ("\0".join(fields) + "\0").encode("utf-8", "surrogatepass")


def flip(rng: Random, body: bytes) -> bytes:
    """Some bytes of a body are others."""
    changed = bytearray(body)
    for _ in range(rng.choice((1, 1, 3, 8))):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def noise(rng: Random) -> bytes:
    """A body of random bytes."""
    return rng.randbytes(rng.choice((0, 1, 2, 7, 50, 300)))


def false_length(rng: Random, framed: bytes) -> bytes:
    """A frame that lies about its length: the stream behind it is cut wrongly, or ends."""
    length = rng.choice((0, 1, len(framed) // 2, len(framed) + 9, 0xFFFFFF, 0x1000000, 0x7FFFFFFF, 0xFFFFFFFF))
    return length.to_bytes(4, "big") + framed[4:]


def false_opening(rng: Random) -> bytes:
    """What may stand where the handshake belongs."""
    offers = (b"v157..178", b"v100..100", b"v300..400", b"v178", b"v", b"", b"v999999999..1", b"vx..y", b"\xff" * 40)
    offer = rng.choice(offers)
    opening = API_PREFIX + len(offer).to_bytes(4, "big") + offer
    return rng.choice(
        (opening, opening[: rng.randrange(len(opening) + 1)], rng.randbytes(20), b"GET / HTTP/1.1\r\n\r\n")
    )
