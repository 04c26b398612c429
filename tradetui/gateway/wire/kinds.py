"""The scalar types of the wire and how each is spelled, its unset value included.

Invariant: `None` is the only unset value inside; max-double, max-int and the empty string exist on the wire alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tradetui.gateway.wire.versions import FRACTIONAL_SIZES

Scalar = str | int | float | bool | None
Encoder = Callable[[Scalar], str]
Decoder = Callable[[str], Scalar]

UNSET_DOUBLE: Final = "1.7976931348623157E308"
UNSET_INT: Final = "2147483647"
_UNSET_DOUBLE_VALUE: Final = 1.7976931348623157e308
UNSET_LONG: Final = "9223372036854775807"
_UNSET_INTS: Final = (int(UNSET_INT), int(UNSET_LONG))
_TRUE: Final = frozenset({"1", "true", "True", "TRUE"})
_FALSE: Final = frozenset({"", "0", "false", "False", "FALSE", UNSET_INT, UNSET_LONG})
_INFINITE: Final = frozenset({"Infinity", "Infinite", "inf"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One scalar type: its documentation name, decoder, and encoder (`old` below version 163 where they differ)."""

    name: str
    encode: Encoder
    decode: Decoder
    encode_old: Encoder | None = None

    def encoder(self, version: int) -> Encoder:
        """The encoder that applies at a server version."""
        if self.encode_old is not None and version < FRACTIONAL_SIZES:
            return self.encode_old
        return self.encode


def _text_out(value: Scalar) -> str:
    if value is None:
        return ""
    return str(value).replace("\0", "")


def _latin_out(value: Scalar) -> str:
    # Clients read this text with unicode-escape: a backslash or a wide character would corrupt it.
    return _text_out(value).replace("\\", "/").encode("ascii", "replace").decode()


def _int_out(value: Scalar) -> str:
    return "" if value is None else str(int(value))


def _int_max_out(value: Scalar) -> str:
    return UNSET_INT if value is None else str(int(value))


def _long_max_out(value: Scalar) -> str:
    return UNSET_LONG if value is None else str(int(value))


def _int_in(text: str) -> Scalar:
    if not text:
        return None
    value = int(text)
    return None if value in _UNSET_INTS else value


def _real(value: Scalar) -> str:
    number = float(value or 0.0)
    if math.isnan(number):
        raise ValueError("is not a number")
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number)


def _real_out(value: Scalar) -> str:
    return "" if value is None else _real(value)


def _real_max_out(value: Scalar) -> str:
    return UNSET_DOUBLE if value is None else _real(value)


def _real_in(text: str) -> Scalar:
    if not text:
        return None
    if text in _INFINITE:
        return math.inf
    value = float(text)
    if math.isnan(value):
        raise ValueError("is not a number")
    return None if value >= _UNSET_DOUBLE_VALUE and math.isfinite(value) else value


def _size_out(value: Scalar) -> str:
    if value is None:
        return ""
    number = float(value)
    return str(int(number)) if number.is_integer() else _real(number)


def _whole_size_out(value: Scalar) -> str:
    # Clients below 163 read sizes with int(): a fraction would end their decoding.
    return "" if value is None else str(math.floor(float(value)))


def _flag_out(value: Scalar) -> str:
    return "1" if value else "0"


def _flag_in(text: str) -> Scalar:
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    # Real gateways and older clients spell a flag as any integer.
    return int(text) != 0


def _text_in(text: str) -> Scalar:
    return text


TEXT: Final = Kind(name="text", encode=_text_out, decode=_text_in)
LATIN: Final = Kind(name="ascii text", encode=_latin_out, decode=_text_in)
INT: Final = Kind(name="int, unset empty", encode=_int_out, decode=_int_in)
INT_MAX: Final = Kind(name="int, unset max-int", encode=_int_max_out, decode=_int_in)
LONG_MAX: Final = Kind(name="long, unset max-long", encode=_long_max_out, decode=_int_in)
REAL: Final = Kind(name="double, unset empty", encode=_real_out, decode=_real_in)
REAL_MAX: Final = Kind(name="double, unset max-double", encode=_real_max_out, decode=_real_in)
QTY: Final = Kind(name="decimal", encode=_size_out, decode=_real_in)
SIZE: Final = Kind(name="decimal, whole below 163", encode=_size_out, decode=_real_in, encode_old=_whole_size_out)
FLAG: Final = Kind(name="flag", encode=_flag_out, decode=_flag_in)
