"""Faults of what the gateway says about itself (S7 to S12): farms, ids, accounts, read-only, its clock.

Invariant: each says something false or unwelcome for a time, and the truth again after its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.muting import BARS, TICKS, mute
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_account import MANAGED_ACCOUNTS, NEXT_VALID_ID

_FARMS: Final = {
    "data": (
        (2103, "Market data farm connection is broken:usfarm"),
        (2104, "Market data farm connection is OK:usfarm"),
    ),
    "history": ((2105, "HMDS data farm connection is broken:ushmds"), (2106, "HMDS data farm connection is OK:ushmds")),
    "secdef": (
        (2157, "Sec-def data farm connection is broken:secdefil"),
        (2158, "Sec-def data farm connection is OK:secdefil"),
    ),
}
_IDLE: Final = {
    "data": (2108, "Market data farm connection is inactive but should be available upon demand.usfarm"),
    "history": (2107, "HMDS data farm connection is inactive but should be available upon demand.ushmds"),
}
_HISTORY_DOWN: Final = (
    "Historical Market Data Service query message:HMDS server disconnect occurred. Attempting reconnection"
)


def farm_broken(fault: Injection) -> None:
    """A data farm is lost and comes back."""
    farm = fault.choice("farm", _FARMS)
    broken, restored = _FARMS[farm]
    _announce(fault, broken)
    if farm == "data":
        mute(fault, TICKS + BARS)
    elif farm == "history":
        fault.on_request(ask.REQ_HISTORY, _history_down)
        mute(fault, BARS)

    def over() -> None:
        if fault.is_over:
            return
        if fault.flag("bars_die"):
            for client in fault.clients():
                fault.hub.bars.drop(client)
        fault.end()
        _announce(fault, restored)

    fault.later(fault.number("seconds"), over)


def _history_down(client: ClientSession, request: Record) -> bool:
    client.error(request.integer("reqId"), 165, _HISTORY_DOWN)
    return True


def farm_idle(fault: Injection) -> None:
    """A notice that means nothing."""
    _announce(fault, _IDLE[fault.choice("farm", _IDLE)])
    fault.end()


def _announce(fault: Injection, notice: tuple[int, str]) -> None:
    for client in fault.clients():
        client.error(None, *notice)


def next_id(fault: Injection) -> None:
    """nextValidId goes backwards, or jumps."""

    def change(client: ClientSession, record: Record) -> Iterable[Record] | None:
        if not fault.acts(client):
            return None
        told = record.integer("orderId") or 1
        record["orderId"] = fault.integer("to") or max(told - fault.integer("lower_by"), 1)
        return (record,)

    fault.on_reply(NEXT_VALID_ID, change)


def accounts(fault: Injection) -> None:
    """Another account list."""

    def change(client: ClientSession, record: Record) -> Iterable[Record] | None:
        if not fault.acts(client):
            return None
        record["accounts"] = fault.text("accounts")
        return (record,)

    fault.on_reply(MANAGED_ACCOUNTS, change)


def greeting_swapped(fault: Injection) -> None:
    """nextValidId comes before managedAccounts."""
    held: dict[int, bytes] = {}

    def swap(client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
        if message is MANAGED_ACCOUNTS and client.id not in held:
            held[client.id] = frame
            return ()
        if message is NEXT_VALID_ID and client.id in held and fault.acts(client):
            return (frame, held.pop(client.id))
        return None

    fault.on_frames(swap, MANAGED_ACCOUNTS, NEXT_VALID_ID)


def read_only(fault: Injection) -> None:
    """The API is in read-only mode."""
    before = fault.hub.settings.read_only
    fault.hub.settings = replace(fault.hub.settings, read_only=True)
    fault.at_end(lambda: setattr(fault.hub, "settings", replace(fault.hub.settings, read_only=before)))


def clock_skew(fault: Injection) -> None:
    """The gateway's clock is wrong."""
    fault.hub.skew_ns = round(fault.number("seconds") * SECOND_NS)
    fault.at_end(lambda: setattr(fault.hub, "skew_ns", 0))


def time_ignored(fault: Injection) -> None:
    """A question for the time soon after another is ignored."""
    asked: dict[int, int] = {}

    def hook(client: ClientSession, _request: Record) -> bool:
        now_ns = fault.hub.clock.now_ns()
        before_ns = asked.get(client.id)
        asked[client.id] = now_ns
        soon = before_ns is not None and now_ns - before_ns < SECOND_NS
        return soon and fault.acts(client)

    fault.on_request(ask.REQ_CURRENT_TIME, hook)


SESSIONS: Final = (
    Fault(
        "S7",
        "farm_broken",
        "a data farm is broken, then OK again; its data stop meanwhile",
        farm_broken,
        (
            Parameter("farm", "data", "data (2103), history (2105) or secdef (2157)"),
            Parameter("seconds", 20.0, "market seconds until it is OK again"),
            Parameter("bars_die", True, "bars kept up to date never resume, without a word"),
        ),
    ),
    Fault(
        "S7b",
        "farm_idle",
        "2107 or 2108: a farm is inactive but available, which is normal",
        farm_idle,
        (Parameter("farm", "data", "data or history"),),
    ),
    Fault(
        "S8",
        "next_id",
        "nextValidId is lower than ids already used, or jumps",
        next_id,
        (
            Parameter("lower_by", 5.0, "how much lower"),
            Parameter("to", 0.0, "the id told instead (0: see lower_by)"),
        ),
        1,
    ),
    Fault(
        "S9",
        "accounts",
        "the account list is another one",
        accounts,
        (Parameter("accounts", "DU1234567,DU7654321", "the list"),),
        1,
    ),
    Fault("S9b", "greeting_swapped", "nextValidId comes before managedAccounts", greeting_swapped, (), 1),
    Fault(
        "S10",
        "account_type",
        "a live account where a paper account is expected",
        accounts,
        (Parameter("accounts", "U1234567", "the list"),),
        1,
    ),
    Fault(
        "S11", "read_only", "the API is read-only: orders and questions about orders are refused with 321", read_only
    ),
    Fault(
        "S12",
        "clock_skew",
        "the gateway's clock is wrong",
        clock_skew,
        (Parameter("seconds", 30.0, "how far ahead (negative: behind)"),),
    ),
    Fault("S12b", "time_ignored", "reqCurrentTime is not answered when repeated within a second", time_ignored),
)
