"""Domain values as plain JSON values and back, by their annotations.

Used for recorded inputs and for the pipe to strategy hosts. Invariant: `from_plain(kind, to_plain(value)) == value` for
every dataclass of the domain; unknown fields and wrong types raise, they are never guessed at.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
T = TypeVar("T")
Decoder = Callable[[Plain], object]


class NotPlain(ValueError):
    """A plain value stands for no value of the wanted kind: nothing was made of it."""


def to_plain(value: object) -> Plain:
    """Return `value` as plain JSON values.

    A dataclass or named tuple becomes an object, another tuple a list, an enum its value.
    """
    if isinstance(value, Enum):
        return cast(Plain, value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    kind = cast(Hashable, type(value))
    if _is_record(kind):
        return {name: to_plain(getattr(value, name)) for name in _names(kind)}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} has no plain form")


def from_plain(kind: type[T], plain: Plain) -> T:
    """Return the `kind` that `plain` stands for.

    Raises:
        NotPlain: it stands for no such thing.
    """
    decode: Decoder = _decoder(cast(Hashable, kind))
    return cast(T, decode(plain))


def to_tagged(value: object) -> Plain:
    """Return a dataclass with its class name in front, for values of a union."""
    return [type(value).__name__, to_plain(value)]


def from_tagged(union: object, plain: Plain) -> object:
    """Return the member of `union` that a `to_tagged` value stands for.

    Raises:
        NotPlain: it names no member of the union.
    """
    if not isinstance(plain, list) or len(plain) != 2:
        raise NotPlain("a tagged value is a list of a class name and its fields")
    kinds = {kind.__name__: kind for kind in get_args(union)}
    kind = kinds.get(str(plain[0]))
    if kind is None:
        raise NotPlain(f"{plain[0]!r} is no kind that is known here")
    return from_plain(kind, plain[1])


@cache
def _is_record(kind: Hashable) -> bool:
    if not isinstance(kind, type):
        return False
    return is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    if is_dataclass(kind):
        return tuple(item.name for item in fields(kind))
    return tuple(getattr(kind, "_fields", ()))


@cache
def _decoder(hint: Hashable) -> Decoder:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _optional(hint)
    if origin is tuple:
        return _sequence(hint)
    if isinstance(hint, type) and _is_record(hint):
        return _object(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and issubclass(hint, bool | int | float | str):
        return _scalar(hint)
    raise TypeError(f"no plain form for {hint!r}")


def _optional(hint: object) -> Decoder:
    inner = [arg for arg in get_args(hint) if arg is not type(None)]
    if len(inner) != 1:
        raise TypeError(f"{hint!r}: only a type or None has a plain form")
    decode = _decoder(inner[0])
    return lambda plain: None if plain is None else decode(plain)


def _sequence(hint: object) -> Decoder:
    item, *rest = get_args(hint)
    if rest != [...]:
        raise TypeError(f"{hint!r}: only tuples of one type have a plain form")
    decode = _decoder(item)

    def read(plain: Plain) -> object:
        if not isinstance(plain, Sequence) or isinstance(plain, str):
            raise NotPlain(f"{plain!r} is no list")
        return tuple(decode(one) for one in plain)

    return read


def _object(kind: type) -> Decoder:
    hints = get_type_hints(kind)
    decoders = {name: _decoder(hints[name]) for name in _names(kind)}

    def read(plain: Plain) -> object:
        if not isinstance(plain, dict):
            raise NotPlain(f"{kind.__name__} is an object, not {plain!r}")
        unknown = plain.keys() - decoders.keys()
        if unknown:
            raise NotPlain(f"{kind.__name__} has no field {min(unknown)!r}")
        try:
            return kind(**{name: decoders[name](value) for name, value in plain.items()})
        except TypeError as error:
            raise NotPlain(f"{kind.__name__}: {error}") from None

    return read


def _scalar(kind: type) -> Decoder:
    def read(plain: Plain) -> object:
        if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
            return float(plain)
        if type(plain) is not kind:
            raise NotPlain(f"{plain!r} is no {kind.__name__}")
        return plain

    return read
