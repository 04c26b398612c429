"""The wire's tables as documentation: every message with its fields, kinds and versions.

Invariant: written from the nodes that encode and decode, so that it cannot say anything else than they do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import REQUESTS
from tradetui.gateway.wire.schema import C, Condition, F, Node, Rows, When
from tradetui.gateway.wire.versions import NEVER

INTRODUCTION = """\
# Messages of the paper gateway

Written by `tradetui gateway --list-messages` from the tables that decode and encode them. After its id a message has
these fields in this order, each ended by a NUL byte. `name: kind` is a field (after `/`: how an unset one is spelled),
`"1"` a constant, `(…) if x` fields that come only under a condition, `name[…]` a count followed by so many rows. `≥163`
and `<177` are the server versions that have the field; without them every version from 157 to 193 has it.
"""


def as_markdown() -> str:
    """Both catalogues."""
    return "\n".join([INTRODUCTION, *_catalogue("Requests", REQUESTS), *_catalogue("Replies", REPLIES)])


def _catalogue(title: str, messages: Mapping[int, Message]) -> list[str]:
    rows = [f"| {each.id} | `{each.name}` | {_fields(each.nodes)} |" for _, each in sorted(messages.items())]
    return [f"## {title}", "", "| id | message | fields |", "|---|---|---|", *rows, ""]


def _fields(nodes: Sequence[Node]) -> str:
    return ", ".join(_field(node) + _versions(node) for node in nodes) or "none"


def _field(node: Node) -> str:
    match node:
        case F():
            kind = node.kind.name.replace(", ", "/")
            return f"{node.name}: {kind}{' (may be left out)' if node.optional else ''}"
        case C():
            return f'"{node.text}"'
        case When():
            return f"({_fields(node.nodes)}) if {_condition(node.condition)}"
        case Rows():
            return f"{node.name}[{_fields(node.nodes)}]"
        case _:
            raise TypeError(f"no words for {node!r}")


def _condition(condition: Condition) -> str:
    if not condition.equals:
        return condition.name
    return f"{condition.name} is {' or '.join(str(value) for value in condition.equals)}"


def _versions(node: Node) -> str:
    since = f" ≥{node.since}" if node.since else ""
    until = f" <{node.until}" if node.until != NEVER else ""
    return since + until
