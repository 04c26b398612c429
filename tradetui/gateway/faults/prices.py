"""Faults of live market data (M1 to M7): refused, competing, relabelled, bad, stale, halted, out of order.

Invariant: only what clients are told is wrong; the venue goes on matching against the true market.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.muting import BARS, TICKS, mute, request_of, symbol_of
from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.tick_board import ASK, BID, DELAYED, LAST, LIVE, Line
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_market import TICK_PRICE, TICK_SIZE

REFUSALS: Final = {
    354: codes.NO_SUBSCRIPTION_TEXT,
    10089: "Requested market data requires additional subscription for API. See link in 'Market Data Connections'"
    " dialog for more details.Delayed market data is available.",
    10090: "Part of requested market data is not subscribed. Subscription-independent ticks are still active.",
    10167: codes.DELAYED_SHOWN_TEXT,
    10168: codes.NO_DATA_AT_ALL_TEXT,
    10186: "Requested market data is not subscribed. Delayed market data is not enabled.",
}
#: Codes after which data flow nevertheless.
_FLOWING: Final = (10090, 10167)
COMPETING_TEXT: Final = "No market data during competing live session"
_PRICES: Final = (BID, ASK, LAST)


def no_market_data(fault: Injection) -> None:
    """A subscription is refused, or served with delayed data."""
    code = fault.integer("code")

    def hook(client: ClientSession, request: Record) -> bool:
        if not fault.acts(client, request.text("symbol")):
            return False
        identity = request.integer("reqId") or 0
        client.error(identity, code, REFUSALS.get(code, "Requested market data is not subscribed."))
        if code == 10167:
            fault.soon(lambda: _relabel(fault, client, identity))
        return code not in _FLOWING

    fault.on_request(ask.REQ_MARKET_DATA, hook)


def _relabel(fault: Injection, client: ClientSession, identity: int) -> None:
    for line in fault.hub.ticks.lines(client):
        if line.request_id == identity:
            line.change_data_type(DELAYED)


def _lines(fault: Injection) -> list[Line]:
    wanted = fault.text("symbol").upper()
    return [
        line
        for client in fault.clients()
        for line in fault.hub.ticks.lines(client)
        if not wanted or symbol_of(fault.hub, client, line.request_id) == wanted
    ]


def competing_session(fault: Injection) -> None:
    """Somebody logged in elsewhere: no data until they are gone."""
    for line in _lines(fault):
        line.client.error(line.request_id, 10197, COMPETING_TEXT)
    mute(fault, TICKS + BARS)
    _end_after(fault)


def _end_after(fault: Injection) -> None:
    seconds = fault.number("seconds")
    if seconds > 0:
        fault.later(seconds, fault.end)


def data_type(fault: Injection) -> None:
    """Data turn frozen, delayed or delayed frozen in mid-stream."""
    lines = _lines(fault)
    for line in lines:
        line.change_data_type(fault.integer("type"))
    for line in lines:
        fault.at_end(partial(line.change_data_type, LIVE))
    _end_after(fault)


def _tenfold(price: float) -> float:
    return round(price * 10, 6)


def _hundredth(price: float) -> float:
    return round(price / 100, 6)


def _constant(value: float | None) -> Callable[[float], float | None]:
    return lambda _: value


BAD_PRICES: Final[dict[str, Callable[[float], float | None]]] = {
    "minus_one": _constant(-1.0),
    "zero": _constant(0.0),
    "huge": _constant(1.7976931348623157e308),
    "empty": _constant(None),
    "tenfold": _tenfold,
    "hundredth": _hundredth,
    "negative": lambda price: -price,
}


def bad_tick(fault: Injection) -> None:
    """A price or size that cannot be."""
    kind = fault.choice("wrong", (*BAD_PRICES, "crossed", "size_zero", "size_negative"))
    if kind.startswith("size"):
        fault.on_reply(
            TICK_SIZE, lambda client, tick: _bad_size(fault, client, tick, 0.0 if kind == "size_zero" else -5.0)
        )
        return

    def change(client: ClientSession, tick: Record) -> Iterable[Record] | None:
        price, tick_type = tick.number("price"), tick.integer("tickType")
        crossing = kind == "crossed"
        if price is None or tick_type not in ((BID,) if crossing else _PRICES) or not _concerns(fault, client, tick):
            return None
        tick["price"] = round(price * 1.01, 2) if crossing else BAD_PRICES[kind](price)
        return (tick,)

    fault.on_reply(TICK_PRICE, change)


def _bad_size(fault: Injection, client: ClientSession, tick: Record, size: float) -> Iterable[Record] | None:
    if not _concerns(fault, client, tick):
        return None
    tick["size"] = size
    return (tick,)


def _concerns(fault: Injection, client: ClientSession, tick: Record) -> bool:
    return fault.acts(client, symbol_of(fault.hub, client, tick.integer("reqId") or 0))


def stale_feed(fault: Injection) -> None:
    """Nothing comes any more, and nothing says why."""
    mute(fault, TICKS + BARS)
    _end_after(fault)


def halt(fault: Injection) -> None:
    """Trading stops, with its tick, and resumes at the market's price."""
    con_id = fault.contract().con_id
    fault.gateway.pump.halt(con_id, fault.integer("value"))
    fault.at_end(lambda: fault.gateway.pump.halt(con_id, 0))
    _end_after(fault)


def gap(fault: Injection) -> None:
    """The price jumps: stops fill far through their trigger."""
    contract: Contract = fault.contract()
    tape = fault.hub.ticks.tape(contract.con_id)
    if tape.last is not None:
        fault.gateway.pump.show_price(contract.con_id, round(tape.last * (1 + fault.number("percent") / 100), 2))
        fault.gateway.pump.hold(contract.con_id, True)
        fault.at_end(lambda: fault.gateway.pump.hold(contract.con_id, False))
    _end_after(fault)


def tick_disorder(fault: Injection) -> None:
    """Ticks twice, or late and out of order."""
    kind = fault.choice("wrong", ("twice", "late"))

    def hook(client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
        if not fault.acts(client, symbol_of(fault.hub, client, request_of(message, frame))):
            return None
        if kind == "twice":
            return (frame, frame)
        fault.later(fault.rng.random() * fault.number("seconds"), partial(client.outbox.put, frame))
        return ()

    fault.on_frames(hook, TICK_PRICE, TICK_SIZE)


_SECONDS: Final = Parameter("seconds", 0.0, "market seconds (0: until ended)")
PRICES: Final = (
    Fault(
        "M1",
        "no_market_data",
        "a subscription is refused (354, 10089, 10168, 10186), or served after 10090 or 10167",
        no_market_data,
        (Parameter("code", 354.0, "the code"),),
        1,
    ),
    Fault(
        "M2",
        "competing_session",
        "10197: no market data while somebody else is logged in",
        competing_session,
        (_SECONDS,),
    ),
    Fault(
        "M3",
        "data_type",
        "data turn frozen (2), delayed (3) or delayed frozen (4) in mid-stream",
        data_type,
        (Parameter("type", 3.0, "the type"), _SECONDS),
    ),
    Fault(
        "M4",
        "bad_tick",
        "a price or size that cannot be",
        bad_tick,
        (
            Parameter(
                "wrong",
                "minus_one",
                "minus_one, zero, huge, empty, tenfold, hundredth, negative, crossed, size_zero, size_negative",
            ),
        ),
        1,
    ),
    Fault("M5", "stale_feed", "market data stop without a word", stale_feed, (_SECONDS,)),
    Fault(
        "M6",
        "halt",
        "trading in an instrument is halted, and resumes",
        halt,
        (Parameter("value", 1.0, "the halted tick: 1 by the exchange, 2 by its volatility"), _SECONDS),
    ),
    Fault(
        "M6b",
        "gap",
        "the price jumps and stays there: stops fill far through their trigger",
        gap,
        (Parameter("percent", -5.0, "how far"), _SECONDS),
    ),
    Fault(
        "M7",
        "tick_disorder",
        "ticks come twice, or late and out of order",
        tick_disorder,
        (
            Parameter("wrong", "twice", "twice or late"),
            Parameter("seconds", 2.0, "market seconds within which late ones come"),
        ),
    ),
)
