"""What travels on the control socket: JSON lines, at most MAX_LINE bytes each.

The core keeps one state of sections -> key -> row. A client that subscribes gets the whole state once (`snapshot`) and
then only changed rows (`delta`, a row of None was removed). Both carry `seq`, which rises by one per message to that
client; after a gap the client asks for a snapshot again. Rows are flat dictionaries of JSON values (their fields:
`control/row_fields.py`); None means unknown.
Times are UTC nanoseconds of market time unless the name says otherwise.

client -> core   hello, subscribe, snapshot, command, query
core -> client   hello, snapshot, delta, result, answer, error, bye
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

PROTOCOL = 1
#: Longest line either side accepts; a snapshot is split by section when it would be longer.
MAX_LINE = 1 << 20

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
Row = dict[str, JsonValue]
Section = dict[str, Row]
State = dict[str, Section]
Changes = dict[str, dict[str, Row | None]]

#: Sections of the state. `core`, `link`, `account` and `alerting` hold one row under their own name.
SECTIONS = (
    "core",
    "link",
    "account",
    "latches",
    "symbols",
    "positions",
    "orders",
    "fills",
    "risk",
    "limits",
    "strategies",
    "alerts",
    "alerting",
    "log",
    "review",
    "arming",
)


class ClientHello(TypedDict):
    """First message of a client."""

    t: Literal["hello"]
    protocol: int
    client: str
    version: str


class CoreHello(TypedDict):
    """First message of the core. `ui` holds the configuration's [ui]: the screen itself does not read config.toml."""

    t: Literal["hello"]
    protocol: int
    version: str
    profile: str
    mode: str
    account: str
    pid: int
    config_hash: str
    ui: NotRequired[Row]


class Subscribe(TypedDict):
    """Ask for a snapshot, then deltas at most `hz` times a second. `sections` empty or absent: all."""

    t: Literal["subscribe"]
    hz: float
    sections: NotRequired[list[str]]


class CommandMessage(TypedDict):
    """An operator's command. `kind` is a domain CommandKind; `id` makes it idempotent.

    `owner`, `qty` (signed units), `price` and `cash` (signed money) belong to the bookkeeping commands.
    """

    t: Literal["command"]
    id: str
    kind: str
    who: str
    symbols: list[str]
    target: str
    reason: str
    confirm: str
    owner: NotRequired[str]
    qty: NotRequired[float | None]
    price: NotRequired[float | None]
    cash: NotRequired[float | None]


class Query(TypedDict):
    """A question answered from the journal: what is orders|fills|refusals|why|explain|log|equity|alerts.

    `blocks` is answered by the running core alone: every reason against an entry now, control by control.
    """

    t: Literal["query"]
    id: str
    what: str
    args: dict[str, JsonValue]


class StateMessage(TypedDict):
    """`snapshot` (whole rows of the sections it names) or `delta`."""

    t: Literal["snapshot", "delta"]
    seq: int
    state: Changes
    last: NotRequired[bool]


class ResultMessage(TypedDict):
    """What became of a command: accepted, denied or done. More than one may come for one id, ending in denied|done."""

    t: Literal["result"]
    id: str
    status: str
    text: str


class AnswerMessage(TypedDict):
    """Rows that answer a query."""

    t: Literal["answer"]
    id: str
    rows: list[Row]
    error: NotRequired[str]
