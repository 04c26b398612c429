"""Faults of bars and reference data (M7 to M11): revised, broken and dead bars, bad history, bad contracts.

Invariant: only what clients are told is wrong; the same question asked after the fault gets the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.general import refuse
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.muting import symbol_of
from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.framing import frame as framed
from tradetui.gateway.wire.framing import split_fields
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_market import CONTRACT_DETAILS, HISTORY, HISTORY_UPDATE

BUST_TEXT: Final = (
    "Bust event occurred, current subscription is deactivated. Please resubscribe real-time bars immediately."
)
_PRICES: Final = ("open", "high", "low", "close", "wap")


def bar_revision(fault: Injection) -> None:
    """A bar that was final is sent again, or corrected afterwards."""
    correct = fault.choice("wrong", ("again", "corrected")) == "corrected"
    before: dict[tuple[ClientSession, int], Record] = {}

    def change(client: ClientSession, bar: Record) -> Iterable[Record] | None:
        request = bar.integer("reqId") or 0
        last = before.get((client, request))
        before[client, request] = Record(bar)
        if last is None or last.text("date") == bar.text("date"):
            return None
        if not fault.acts(client, symbol_of(fault.hub, client, request)):
            return None
        if correct:
            last["close"] = round((last.number("close") or 0.0) * 1.001, 2)
            last["high"] = max(last.number("high") or 0.0, last.number("close") or 0.0)
        return (bar, last)

    fault.on_reply(HISTORY_UPDATE, change)


def bars_stop(fault: Injection) -> None:
    """Bars kept up to date end without a word."""
    for client in fault.clients():
        for line in fault.hub.bars.lines(client):
            if fault.acts(client, symbol_of(fault.hub, client, line.request_id)):
                fault.hub.bars.unsubscribe(client, line.request_id)
    fault.end()


def bars_bust(fault: Injection) -> None:
    """A bust event ends a subscription of bars."""
    for client in fault.clients():
        for line in fault.hub.bars.lines(client):
            if fault.acts(client, symbol_of(fault.hub, client, line.request_id)):
                fault.hub.bars.unsubscribe(client, line.request_id)
                client.error(line.request_id, 10225, BUST_TEXT)
    fault.end()


def _with_gap(bars: list[Record]) -> list[Record]:
    third = len(bars) // 3
    return bars[:third] + bars[2 * third :]


def _with_twin(bars: list[Record]) -> list[Record]:
    middle = len(bars) // 2
    return bars[:middle] + bars[middle : middle + 1] + bars[middle:]


def _unadjusted(bars: list[Record]) -> list[Record]:
    for bar in bars[: len(bars) // 2]:
        for name in _PRICES:
            price = bar.number(name)
            bar[name] = None if price is None else price * 4
        bar["volume"] = (bar.number("volume") or 0.0) // 4
    return bars


def _strange_dates(bars: list[Record]) -> list[Record]:
    for bar in bars:
        bar["date"] = bar.text("date").replace("US/Eastern", "Mars/Olympus")
    return bars


def _without_end(bars: list[Record]) -> list[Record]:
    return bars[: max(len(bars) // 2, 1)]


def _backwards(bars: list[Record]) -> list[Record]:
    return bars[::-1]


_WRONG: Final[dict[str, Callable[[list[Record]], list[Record]]]] = {
    "gap": _with_gap,
    "twin": _with_twin,
    "split": _unadjusted,
    "zone": _strange_dates,
    "half_day": _without_end,
    "backwards": _backwards,
}


def bad_history(fault: Injection) -> None:
    """Historical bars that cannot be trusted."""
    wrong = fault.choice("wrong", (*_WRONG, "count"))
    if wrong == "count":
        fault.on_frames(lambda client, _, frame: _miscounted(frame) if fault.acts(client) else None, HISTORY)
        return

    def change(client: ClientSession, history: Record) -> Iterable[Record] | None:
        if not fault.acts(client):
            return None
        history["bars"] = _WRONG[wrong](history.rows("bars"))
        return (history,)

    fault.on_reply(HISTORY, change)


def _miscounted(frame: bytes) -> Sequence[bytes]:
    fields = split_fields(frame[4:])
    fields[4] = str(int(fields[4]) + 1)
    return (framed("".join(f"{field}\0" for field in fields).encode()),)


def contract_answer(fault: Injection) -> None:
    """A contract is unknown, ambiguous, or another one than before."""
    wrong = fault.choice("wrong", ("none", "ambiguous", "changed"))
    if wrong == "none":
        refuse(fault, ask.REQ_CONTRACT_DETAILS, codes.NO_DEFINITION, codes.NO_DEFINITION_TEXT)
        return

    def change(client: ClientSession, details: Record) -> Iterable[Record] | None:
        if not fault.acts(client, details.text("symbol")):
            return None
        other = Record(details)
        other["conId"] = (details.integer("conId") or 0) + 1
        other["primaryExchange"] = "VENTURE"
        other["currency"] = "CAD"
        return (details, other) if wrong == "ambiguous" else (other,)

    fault.on_reply(CONTRACT_DETAILS, change)


def price_rule(fault: Injection) -> None:
    """The tick is another one than the client thinks."""
    text = "The price does not conform to the minimum price variation for this contract."
    refuse(fault, PLACE_ORDER, 110, text)


def _kinds(names: Iterable[str]) -> str:
    return ", ".join(names)


BARS_AND_CONTRACTS: Final = (
    Fault(
        "M7b",
        "bar_revision",
        "a finished bar kept up to date is sent again, or corrected",
        bar_revision,
        (Parameter("wrong", "again", "again or corrected"),),
    ),
    Fault("M7c", "bars_stop", "bars kept up to date end without a word", bars_stop),
    Fault("M8", "bars_bust", "10225: a bust event ends a subscription of bars", bars_bust),
    Fault(
        "M9",
        "bad_history",
        "historical bars are wrong",
        bad_history,
        (Parameter("wrong", "gap", _kinds([*_WRONG, "count"])),),
        1,
    ),
    Fault(
        "M10",
        "contract_answer",
        "a contract is unknown (200), ambiguous, or has another id than before",
        contract_answer,
        (Parameter("wrong", "none", "none, ambiguous or changed"),),
        1,
    ),
    Fault("M11", "price_rule", "110: the price is off the tick", price_rule, (), 1),
)
