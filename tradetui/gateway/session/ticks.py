"""Requests for L1 market data.

Invariant: a ticker id is one subscription; a refused one gets IB's code and leaves nothing behind.
"""

from typing import Final

from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.generic_ticks import generic_ticks
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.hub import DataPermission
from tradetui.gateway.session.news import send_latest
from tradetui.gateway.session.option_ticks import quoted
from tradetui.gateway.session.tick_board import DELAYED, DELAYED_FROZEN, FROZEN, GENERIC_TO_TICK, LIVE, Line
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import template
from tradetui.gateway.wire.record import Record

BBO_EXCHANGE: Final = "9c0001"
_ALL_PERMISSIONS: Final = 3
_GENERIC_DIGITS: Final = 4
_NEWS_TICK: Final = "292"


def market_data(client: ClientSession, request: Record) -> None:
    """Stream or snapshot of one instrument."""
    identity = request_id(request)
    refusal = _refusal(client, identity, request)
    if refusal is not None:
        client.error(identity, *refusal)
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    notice = _permission_notice(client)
    if notice is not None:
        client.error(identity, *notice)
        if notice[0] != codes.DELAYED_SHOWN:
            return
    trade_ticks = _trade_ticks(request.text("genericTicks"))
    line = Line(client, identity, details.contract.con_id, trade_ticks, quoted(details))
    line.change_data_type(_data_type(client))
    client.send(
        reply.TICK_PARAMS,
        reqId=identity,
        minTick=details.min_tick,
        bboExchange=BBO_EXCHANGE,
        snapshotPermissions=_ALL_PERMISSIONS,
    )
    wanted = {word.split(":")[0] for word in _words(request.text("genericTicks"))}
    _send_generic(line, wanted)
    if request.flag("snapshot") or request.flag("regulatorySnapshot"):
        client.hub.ticks.show(line)
        client.send(reply.SNAPSHOT_END, reqId=identity)
    else:
        client.hub.ticks.subscribe(line)
        if _NEWS_TICK in wanted:
            send_latest(client, identity, details.contract)


def _send_generic(line: Line, wanted: set[str]) -> None:
    client = line.client
    hub = client.hub
    for message, tick_type, values in generic_ticks(hub.market, hub.venue, line.con_id, wanted, hub.now_ns()):
        line.send(message, tick_type, template(message, client.version).rest(*values))


def _refusal(client: ClientSession, identity: int, request: Record) -> tuple[int, str] | None:
    board = client.hub.ticks
    if board.has(client, identity):
        return codes.DUPLICATE_TICKER, codes.DUPLICATE_TEXT
    if 0 < client.hub.settings.max_lines <= board.count(client) and not request.flag("snapshot"):
        return codes.MAX_TICKERS, codes.MAX_TICKERS_TEXT
    generic = request.text("genericTicks")
    if not all(_is_generic(word) for word in _words(generic)):
        return codes.VALIDATING, codes.invalid(f"Incorrect generic tick list of {generic}")
    if generic and (request.flag("snapshot") or request.flag("regulatorySnapshot")):
        return codes.VALIDATING, codes.invalid("Snapshot market data subscription is not applicable to generic ticks")
    return None


def _words(generic: str) -> list[str]:
    return [word.strip() for word in generic.split(",") if word.strip()]


def _is_generic(word: str) -> bool:
    # `mdoff` silences quotes; news sources follow their number after a colon.
    number = word.split(":")[0]
    # str.isdigit takes superscripts and int() neither those nor thousands of digits.
    return word == "mdoff" or (number.isascii() and number.isdigit() and len(number) <= _GENERIC_DIGITS)


def _trade_ticks(generic: str) -> frozenset[int]:
    wanted = set(_words(generic))
    return frozenset(tick for number, tick in GENERIC_TO_TICK.items() if str(number) in wanted)


def _permission_notice(client: ClientSession) -> tuple[int, str] | None:
    """What the account's data permission has to say; only 10167 lets (delayed) data flow."""
    permission = client.hub.settings.data
    if permission is DataPermission.LIVE:
        return None
    if permission is DataPermission.NONE:
        return codes.NO_DATA_AT_ALL, codes.NO_DATA_AT_ALL_TEXT
    if client.market_data_type in (DELAYED, DELAYED_FROZEN):
        return codes.DELAYED_SHOWN, codes.DELAYED_SHOWN_TEXT
    return codes.NO_SUBSCRIPTION, codes.NO_SUBSCRIPTION_TEXT


def _data_type(client: ClientSession) -> int:
    hub = client.hub
    is_open = hub.market.calendar.is_open(hub.now_ns())
    if hub.settings.data is not DataPermission.LIVE:
        return DELAYED_FROZEN if client.market_data_type == DELAYED_FROZEN and not is_open else DELAYED
    # Who may see live data gets them, also when asking for delayed ones.
    return FROZEN if client.market_data_type == FROZEN and not is_open else LIVE


def cancel_market_data(client: ClientSession, request: Record) -> None:
    """End one stream."""
    identity = request_id(request)
    if not client.hub.ticks.unsubscribe(client, identity):
        client.error(identity, codes.NO_TICKER, f"Can't find EId with tickerId:{identity}")


def market_data_type(client: ClientSession, request: Record) -> None:
    """Choose live, frozen, delayed or delayed frozen data; what comes depends on the account's permission too."""
    client.market_data_type = request.integer("marketDataType") or LIVE


HANDLERS: Final[HandlerTable] = {
    ask.REQ_MARKET_DATA: market_data,
    ask.CANCEL_MARKET_DATA: cancel_market_data,
    ask.REQ_MARKET_DATA_TYPE: market_data_type,
}
