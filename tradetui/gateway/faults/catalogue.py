"""Every fault there is, in the order of the catalogue, and its documentation.

Invariant: ids and names are unique, so that either names a fault for ever.
"""

from __future__ import annotations

from typing import Final

from tradetui.gateway.faults.accounts import ACCOUNTS
from tradetui.gateway.faults.bars import BARS_AND_CONTRACTS
from tradetui.gateway.faults.fault import COMMON, TIMING, Fault, Parameter
from tradetui.gateway.faults.general import GENERAL
from tradetui.gateway.faults.interventions import INTERVENTIONS
from tradetui.gateway.faults.limits import LIMITS
from tradetui.gateway.faults.order_cancels import ORDER_CANCELS
from tradetui.gateway.faults.order_deeds import ORDER_DEEDS
from tradetui.gateway.faults.order_news import ORDER_NEWS
from tradetui.gateway.faults.prices import PRICES
from tradetui.gateway.faults.restarts import RESTARTS
from tradetui.gateway.faults.sessions import SESSIONS
from tradetui.gateway.faults.transport import TRANSPORT

GROUPS: Final[dict[str, tuple[Fault, ...]]] = {
    "Connection": TRANSPORT,
    "Session": (*RESTARTS, *SESSIONS),
    "Limits": LIMITS,
    "Market data": (*PRICES, *BARS_AND_CONTRACTS),
    "Orders": (*ORDER_NEWS, *ORDER_DEEDS, *ORDER_CANCELS, *INTERVENTIONS),
    "Account": ACCOUNTS,
    "Any message": GENERAL,
}
FAULTS: Final = tuple(fault for group in GROUPS.values() for fault in group)


def as_markdown() -> str:
    """The whole catalogue as tables."""
    lines: list[str] = []
    for title, group in GROUPS.items():
        lines += [f"### {title}", "", "| id | kind | what happens | parameters |", "|---|---|---|---|"]
        lines += [f"| {each.id} | `{each.name}` | {each.summary} | {_parameters(each.parameters)} |" for each in group]
        lines.append("")
    lines += ["### Parameters of every fault", "", "| parameter | default | meaning |", "|---|---|---|"]
    lines += [f"| `{each.name}` | {_shown(each)} | {each.meaning} |" for each in (*TIMING, *COMMON)]
    return "\n".join(lines) + "\n"


def _parameters(parameters: tuple[Parameter, ...]) -> str:
    return "; ".join(f"`{each.name}` ({_shown(each)}): {each.meaning}" for each in parameters)


def _shown(parameter: Parameter) -> str:
    match parameter.default:
        case None:
            return "required"
        case bool():
            return str(parameter.default).lower()
        case float() | int():
            return f"{parameter.default:g}"
        case text:
            return text or "none"
