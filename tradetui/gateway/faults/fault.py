"""One entry of the fault catalogue: its name, its parameters, and what starts it.

Invariant: documentation, checking of arguments and defaults all come from the same declaration.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradetui.gateway.faults.injection import Injection


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a fault. The type of `default` is the parameter's type; None: it must be given, as text."""

    name: str
    default: str | float | bool | None
    meaning: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of fault. `id` is its place in the catalogue, `name` what operators write; either names it.

    `count` is on how many occasions it acts before it ends by itself (0: until it is ended).
    """

    id: str
    name: str
    summary: str
    start: Callable[[Injection], None]
    parameters: tuple[Parameter, ...] = ()
    count: int = 0


#: Accepted by every fault that waits for occasions.
COMMON = (
    Parameter("count", 0.0, "act on so many occasions, then end (0: until ended)"),
    Parameter("skip", 0.0, "let so many occasions pass first"),
    Parameter("chance", 1.0, "act on an occasion with this probability"),
    Parameter("client", -1.0, "only for this client id (-1: any)"),
    Parameter("symbol", "", "only for this symbol"),
    Parameter("order_id", 0.0, "only for this order id (0: any)"),
)
#: Accepted by every fault: when it starts and ends.
TIMING = (
    Parameter("key", "", "the name to end it by (default: its kind)"),
    Parameter("at", "", "start at this market time: 15:30, 15:30:00, or ISO with zone"),
    Parameter("after", 0.0, "start after so many market seconds"),
    Parameter("on", "", "start when this message passes: a request's or reply's name"),
    Parameter("nth", 1.0, "with `on`: at the nth such message"),
    Parameter("every", 0.0, "start again and again, on average every so many market seconds"),
    Parameter("lasts", 0.0, "end after so many market seconds (0: when its count is used up, or when ended)"),
)
