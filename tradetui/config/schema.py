"""What the configuration's types say about a key: does it exist, what is near it, how its text is read.

Environment values are text; the type of the key decides how they are read, so that an account number stays text and a
limit becomes a number, without a guess at either.
"""

from __future__ import annotations

import tomllib
import types
import typing
from collections.abc import Mapping
from enum import Enum
from typing import Any

from pydantic import BaseModel

from tradetui.config.toml_lines import KeyPath

#: Tables whose keys are symbols.
_BY_SYMBOL = (("market", "instruments"), ("risk", "symbol"))


def fields_at(path: KeyPath) -> tuple[str, ...]:
    """Return the names of the keys that may stand under `path`; empty where any name may, or none."""
    kind = _kind_at(path)
    return tuple(kind.model_fields) if _is_section(kind) else ()


def sections_with(name: str) -> tuple[str, ...]:
    """Return the names of the sections that have a key called `name`."""
    return tuple(section for section in fields_at(()) if name in fields_at((section,)))


def normal_path(path: KeyPath) -> KeyPath:
    """Return the path of an environment name with its table names as they are written: symbols in capitals."""
    return tuple(part.upper() if path[:index] in _BY_SYMBOL else part for index, part in enumerate(path))


def parse_text(path: KeyPath, text: str) -> object:
    """Return the value that `text` stands for at the key `path`; the text itself where it cannot be read so."""
    kind = _kind_at(path)
    if kind is str or (isinstance(kind, type) and issubclass(kind, Enum)):
        return text
    if typing.get_origin(kind) is typing.Literal:
        return text
    if typing.get_origin(kind) is tuple and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")]
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _kind_at(path: KeyPath) -> Any:
    # The type at a key with Annotated and None taken off; None where the key is unknown.
    from tradetui.config.model import Config

    kind: Any = Config
    for part in path:
        if _is_section(kind):
            field = kind.model_fields.get(part)
            kind = _bare(field.annotation) if field else None
        elif typing.get_origin(kind) is Mapping:
            kind = _bare(typing.get_args(kind)[1])
        else:
            return None
    return kind


def _bare(annotation: Any) -> Any:
    if typing.get_origin(annotation) is typing.Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        members = [member for member in typing.get_args(annotation) if member is not types.NoneType]
        return _bare(members[0]) if len(members) == 1 else annotation
    return annotation


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
