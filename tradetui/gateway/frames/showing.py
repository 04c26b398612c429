"""A frame log for people: market time, client, direction, message name, and every field that says something.

Invariant: names come from the wire's own tables; what they cannot read is shown raw, never left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tradetui.gateway.frames.row import Row, Way
from tradetui.gateway.session import times
from tradetui.gateway.wire.errors import FieldError
from tradetui.gateway.wire.framing import split_fields
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import REQUESTS

_ARROWS: Final = {Way.IN: "->", Way.OUT: "<-"}
_LONG: Final = 25
_EVENTS: Final = {Way.OPENED: "connected", Way.CLOSED: "gone"}


def describe(rows: Iterable[Row], *, whole: bool = False) -> Iterator[str]:
    """One line for each row; `whole` shows unused fields too."""
    versions: dict[int, int] = {}
    for row in rows:
        yield f"{_time(row.market_ns)} {_who(row)} {_what(row, versions, whole)}"


def message_of(row: Row) -> Message | None:
    """The message type of a frame past the handshake; None for an unknown one."""
    catalogue = REQUESTS if row.way is Way.IN else REPLIES
    try:
        return catalogue.get(int(row.fields[0]))
    except (IndexError, ValueError):
        return None


def decoded(message: Message, version: int, fields: list[str]) -> Record:
    """A frame's fields by name. Raises FieldError."""
    # An empty last field and the terminator of the one before it look the same.
    return message.decode(version, [*fields, ""] if fields and message.nodes else fields)


def _time(market_ns: int) -> str:
    return times.local(market_ns).strftime("%Y-%m-%d %H:%M:%S.%f") if market_ns else " " * 26


def _who(row: Row) -> str:
    name = f"#{row.link}" if row.client_id is None else f"client {row.client_id}"
    return f"{name if row.link else 'control':<10}"


def _what(row: Row, versions: dict[int, int], whole: bool) -> str:
    if row.way in _EVENTS:
        return _EVENTS[row.way]
    if row.way is Way.CONTROL:
        return row.fields[0] if row.fields else ""
    arrow = _ARROWS[row.way]
    version = versions.get(row.link)
    if version is None:
        return f"{arrow} {_handshake(row, versions)}"
    message = message_of(row)
    if message is None:
        return f"{arrow} unknown {_raw(row)}"
    try:
        record = decoded(message, version, row.fields)
    except FieldError as error:
        return f"{arrow} {message.name} unreadable, {error}: {_raw(row)}"
    return f"{arrow} {message.name}{''.join(_named(record, whole))}"


def _handshake(row: Row, versions: dict[int, int]) -> str:
    if row.way is Way.IN:
        return f"offers {row.body.decode('ascii', 'replace')}"
    fields = row.fields
    if fields and fields[0].isascii() and fields[0].isdigit():
        versions[row.link] = int(fields[0])
    return f"speaks version {' at '.join(fields)}"


def _named(record: Record, whole: bool) -> Iterator[str]:
    # In a long message a zero is a field not used; in a short one it may be the news.
    dull: tuple[Value, ...] = (None, "", 0) if len(record) > _LONG else (None, "")
    for name, value in record.items():
        if isinstance(value, list):
            if value or whole:
                rows = ", ".join("{" + "".join(_named(each, whole)).strip() + "}" for each in value)
                yield f" {name}=[{rows}]"
        elif whole or not (value in dull or value is False):
            yield f" {name}={_spelled(value)}"


def _spelled(value: Value) -> str:
    if isinstance(value, str):
        return value if value and value.isprintable() and " " not in value else repr(value)
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _raw(row: Row) -> str:
    return " ".join(repr(field) for field in split_fields(row.body))
