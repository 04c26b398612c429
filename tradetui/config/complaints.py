"""Pydantic's errors in the operator's words, each with the place of the value that caused it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tradetui.config.layers import Layer
from tradetui.config.problems import Problem, near
from tradetui.config.schema import fields_at, sections_with
from tradetui.config.toml_lines import KeyPath
from tradetui.config.values import FORMS

_SECRET_WORDS = ("token", "secret", "password", "api_key", "account_sid")
_MOMENT = "a date and time without quotes, with its offset from UTC, such as 2025-06-02T09:30:00-04:00"
_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "tuple_type": "a list",
    "model_type": "a table",
    "dict_type": "a table",
    "datetime_type": _MOMENT,
    "timezone_aware": _MOMENT,
}
_OTHER = {
    "finite_number": "must be a finite number",
    "too_short": "must not be an empty list",
    "string_too_short": "must not be empty",
}
_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def complaints(error: ValidationError, layers: Sequence[Layer]) -> list[Problem]:
    """Return one problem for each wrong key, with the place that set it; `layers` in falling priority."""
    found: dict[KeyPath, Problem] = {}
    for detail in error.errors(include_url=False):
        path = _path(detail)
        place = next((layer.place_of(path) for layer in layers if layer.holds(path)), None)
        found.setdefault(path, Problem(place or "config.toml", ".".join(path), _reason(detail, path)))
    return list(found.values())


def _path(detail: ErrorDetails) -> KeyPath:
    path: list[str] = []
    for part in detail["loc"]:
        if not isinstance(part, str) or part == "[key]":
            break
        path.append(part)
    # Below params a union of plain kinds follows; its members are not keys.
    return tuple(path[:4]) if path[0] == "strategies" and path[2:3] == ["params"] else tuple(path)


def _reason(detail: ErrorDetails, path: KeyPath) -> str:
    kind, value = detail["type"], detail["input"]
    # A credential pasted under a wrong key of this section must not end on the screen.
    got = "" if path[0] == "alerts" else f", got {_short(value)}"
    if kind == "extra_forbidden":
        return _unknown(path)
    if path[2:3] == ("params",) and len(path) > 3:
        return f"must be a number, text, true or false{got}"
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}{got}{_number_hint(kind, value)}"
    context = detail.get("ctx", {})
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"must be {words} {context[key]:g}{got}"
    if kind == "string_pattern_mismatch":
        return f"must be {FORMS[context['pattern']]}{got}"
    if kind in ("literal_error", "enum"):
        expected = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"must be one of {expected}{got}{near(str(value), expected.split(', '))}"
    return _OTHER.get(kind, detail["msg"]) + got


def _unknown(path: KeyPath) -> str:
    name = path[-1]
    if any(word in name.lower() for word in _SECRET_WORDS):
        return (
            "secrets are never read from here; set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN in the environment,"
            " or their _FILE forms to name files of mode 0600"
        )
    elsewhere = sections_with(name)
    if elsewhere:
        return f"unknown key; did you mean {elsewhere[0]}.{name}?"
    return f"unknown key{near(name, fields_at(path[:-1]))}"


def _number_hint(kind: str, value: object) -> str:
    if kind not in ("int_type", "float_type") or not isinstance(value, str):
        return ""
    bare = value.replace(",", "").replace("_", "").strip()
    try:
        float(bare)
    except ValueError:
        return ""
    return f"; write {bare} without quotes or commas"


def _short(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
