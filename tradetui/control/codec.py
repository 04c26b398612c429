"""Control messages to and from lines of JSON. Shared by the core, the UI and the command line.

The invariant: one message is one line of at most MAX_LINE bytes holding one JSON object with a text field `t`, and no
number in it is NaN or infinite; anything else raises CodecError and yields nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Literal, NoReturn, cast

from tradetui.control.messages import MAX_LINE, Changes, JsonValue, Row, StateMessage
from tradetui.domain.errors import TradetuiError

Message = dict[str, JsonValue]

#: Bytes kept free in a split state message for its envelope and section names.
_ENVELOPE = 4096


class CodecError(TradetuiError):
    """The other side sent, or was about to be sent, something that is no control message: drop the connection."""


def encode(message: Mapping[str, object]) -> bytes:
    """Return `message` as one line, the newline included.

    Raises:
        CodecError: it is longer than MAX_LINE, or holds NaN, infinity or a value JSON has no form for.
    """
    line = _dumps(message) + b"\n"
    if len(line) > MAX_LINE:
        raise CodecError(f"a {message.get('t')!r} message of {len(line)} bytes is over the limit of {MAX_LINE}")
    return line


def decode(line: bytes) -> Message:
    """Return the message in `line`, with or without its newline.

    Raises:
        CodecError: it is no control message.
    """
    if len(line) > MAX_LINE:
        raise CodecError(f"a line of {len(line)} bytes is over the limit of {MAX_LINE}")
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise CodecError(f"not a line of JSON: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("t"), str):
        raise CodecError("not a control message: no object with a text field 't'")
    return cast("Message", value)


def state_messages(kind: Literal["snapshot", "delta"], changes: Changes, seq: int) -> Iterator[StateMessage]:
    """Yield `changes` as one or more messages numbered from `seq`, none longer than MAX_LINE.

    A snapshot in several parts carries `last` False in all but the final one, so that it is taken as a whole. The parts
    of an oversized delta are taken one by one. At least one message is yielded.
    """
    parts = list(_split(changes))
    for number, part in enumerate(parts):
        message: StateMessage = {"t": kind, "seq": seq + number, "state": part}
        if kind == "snapshot":
            message["last"] = number == len(parts) - 1
        yield message


def _split(changes: Changes) -> Iterator[Changes]:
    part: Changes = {}
    room = MAX_LINE - _ENVELOPE
    for section, rows in changes.items():
        # An empty section is named too: it tells that the section is there and has no rows.
        part.setdefault(section, {})
        for key, row in rows.items():
            size = _row_size(key, row)
            if size > room and any(part.values()):
                yield part
                part, room = {}, MAX_LINE - _ENVELOPE
            part.setdefault(section, {})[key] = row
            room -= size
    yield part


def _row_size(key: str, row: Row | None) -> int:
    return len(_dumps(key)) + len(_dumps(row)) + 2


def _dumps(value: object) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise CodecError(f"cannot be sent as JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
