"""Identity. An intent id is derived from what was decided, so the same decision always has the same id.

It travels in IB's orderRef and comes back in openOrder, execDetails and completedOrder, also after a restart. IB's
permId is the broker's identity; orderId is only an address on one connection and never a key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

REF_PREFIX = "tt:"
MAX_REF_LENGTH = 40


def intent_id(strategy: str, symbol: str, bar_end_ns: int, leg: str, attempt: int = 0) -> str:
    """Return the id of the order decided by `strategy` on `symbol` at the bar that ended at `bar_end_ns`.

    `leg` separates several orders of one decision, `attempt` a new order that replaces a proved-dead one.
    """
    key = "\x1f".join((strategy, symbol, str(bar_end_ns), leg, str(attempt)))
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def order_ref(strategy: str, intent: str) -> str:
    """Return the orderRef `tt:<strategy>:<intent>`, the strategy cut so that it fits IB's field."""
    room = MAX_REF_LENGTH - len(REF_PREFIX) - 1 - len(intent)
    return f"{REF_PREFIX}{strategy[:room]}:{intent}"


def intent_of_ref(ref: str) -> str | None:
    """Return the intent id carried by `ref`, or None when the order is not ours."""
    if not ref.startswith(REF_PREFIX):
        return None
    return ref.rpartition(":")[2] or None


@dataclass(frozen=True, slots=True)
class ExecKey:
    """An execution id split at its last dot: corrections share `base` and raise `revision`.

    Source: IB's Execution class documentation; `0000e0d5.69dd7411.01.02` corrects `0000e0d5.69dd7411.01.01`.
    """

    base: str
    revision: int


def exec_key(exec_id: str) -> ExecKey:
    """Return the key of `exec_id`; an id without a numeric last part is its own base at revision 0."""
    base, dot, tail = exec_id.rpartition(".")
    if dot and tail.isdigit():
        return ExecKey(base, int(tail))
    return ExecKey(exec_id, 0)
