"""Dataclasses to JSON data and back, driven by their annotations.

Invariant: from_data(type, to_data(value)) equals value for every dataclass of ints, floats, strings, booleans, enums,
optionals, tuples, and dataclasses; data that does not fit is an error, never a half-filled object.
"""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_data(value: object) -> object:
    """`value` as dicts, lists and scalars that json can write."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_data(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [to_data(item) for item in value]
    return value


def from_data(kind: type[T], data: object) -> T:
    """The value of type `kind` that `data` describes.

    Raises ValueError or TypeError naming the type and field that does not fit.
    """
    return cast("T", _decode(kind, data))


@cache
def _hints(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _decode(kind: object, data: object) -> object:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _decode_optional(kind, data)
    if origin is tuple:
        return _decode_tuple(kind, data)
    if isinstance(kind, type):
        if is_dataclass(kind):
            return _decode_dataclass(kind, data)
        if issubclass(kind, Enum):
            return kind(data)
        if kind is float and type(data) is int:
            return float(data)
        if type(data) is kind:
            return data
    raise ValueError(f"{data!r} is not {kind}")


def _decode_optional(kind: object, data: object) -> object:
    inner = [each for each in get_args(kind) if each is not type(None)]
    return None if data is None else _decode(inner[0], data)


def _decode_tuple(kind: object, data: object) -> object:
    if not isinstance(data, list):
        raise TypeError(f"{data!r} is not a list")
    inner = get_args(kind)
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_decode(inner[0], item) for item in data)
    if len(inner) != len(data):
        raise ValueError(f"{len(data)} items do not fit {kind}")
    return tuple(_decode(each, item) for each, item in zip(inner, data, strict=True))


def _decode_dataclass(kind: type, data: object) -> object:
    if not isinstance(data, dict):
        raise TypeError(f"{data!r} is not a {kind.__name__}")
    hints = _hints(kind)
    if set(data) != set(hints):
        raise ValueError(f"fields of {kind.__name__} differ: {sorted(set(data) ^ set(hints))}")
    return kind(**{name: _decode(hints[name], item) for name, item in data.items()})
