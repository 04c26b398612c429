"""Requests for historical bars and for where history begins.

Invariant: a request is answered by exactly one historicalData or one error; only a successful one can stay up to date.
"""

from typing import Final

from tradetui.gateway.market.market import HistoryError
from tradetui.gateway.session import codes, times
from tradetui.gateway.session.bar_board import BarLine
from tradetui.gateway.session.bar_out import BarStyle, is_by_day, send_history
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.summaries import schedule
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record

MAX_OPEN: Final = 50
"""Historical requests that one client may have open (kept up to date) at the same time."""
_EPOCH: Final = 2
_REALTIME: Final = ("TRADES", "MIDPOINT", "BID", "ASK")


def historical_data(client: ClientSession, request: Record) -> None:
    """Bars up to a moment, and on from now if asked to keep them up to date."""
    identity = request_id(request)
    if client.hub.bars.has(client, identity):
        client.error(identity, codes.DUPLICATE_TICKER, codes.DUPLICATE_TEXT)
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    if client.hub.settings.history_pacing and not client.history_pace.admits(request, details.contract.con_id):
        client.error(identity, codes.QUERY_FAILED, codes.PACING_TEXT)
        return
    if len(client.hub.bars.lines(client)) >= MAX_OPEN:
        client.error(identity, codes.PROCESSING, codes.processing(codes.OPEN_HISTORY_CAUSE))
        return
    try:
        if request.text("what").upper() == "SCHEDULE":
            schedule(client, request, details)
        else:
            _answer(client, identity, request, details.contract)
    except HistoryError as error:
        client.error(identity, error.code, error.text)
    except ValueError:
        client.error(identity, codes.BAD_TIME, codes.BAD_TIME_TEXT)


def _answer(client: ClientSession, identity: int, request: Record, contract: Contract) -> None:
    hub = client.hub
    now_ns = hub.now_ns()
    keep = request.flag("keepUpToDate")
    end_ns = times.parse(request.text("end"))
    if keep and end_ns is not None:
        client.error(identity, codes.VALIDATING, codes.invalid("End Date/Time: not supported with keepUpToDate"))
        return
    bar_size, what, use_rth = request.text("barSize"), request.text("what").upper(), request.flag("useRth")
    bars = hub.market.history(
        contract.con_id,
        end_ns=now_ns if end_ns is None else end_ns,
        duration=request.text("duration"),
        bar_size=bar_size,
        what=what,
        use_rth=use_rth,
        now_ns=now_ns,
    )
    if not bars:
        client.error(identity, codes.QUERY_FAILED, codes.no_data(contract.symbol, contract.exchange, what))
        return
    style = BarStyle(date_format=request.integer("dateFormat") or 1, by_day=is_by_day(bar_size), version=client.version)
    send_history(client, identity, bars, style)
    if keep:
        hub.bars.subscribe(
            BarLine(
                client=client,
                request_id=identity,
                con_id=contract.con_id,
                bar_size=bar_size,
                what=what,
                use_rth=use_rth,
                style=style,
                told=bars[-1],
            )
        )


def realtime_bars(client: ClientSession, request: Record) -> None:
    """Five-second bars from now on."""
    identity = request_id(request)
    if client.hub.bars.has(client, identity):
        client.error(identity, codes.DUPLICATE_TICKER, codes.DUPLICATE_TEXT)
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    what = request.text("what").upper()
    if what not in _REALTIME:
        client.error(identity, codes.VALIDATING, codes.invalid(f"Invalid what to show {what}"))
        return
    client.hub.bars.subscribe(
        BarLine(
            client=client,
            request_id=identity,
            con_id=details.contract.con_id,
            bar_size="5 secs",
            what=what,
            use_rth=request.flag("useRth"),
            style=BarStyle(date_format=_EPOCH, by_day=False, version=client.version),
            whole_only=True,
        )
    )


def cancel_realtime_bars(client: ClientSession, request: Record) -> None:
    """End the five-second bars of one request."""
    identity = request_id(request)
    if not client.hub.bars.unsubscribe(client, identity):
        client.error(identity, codes.NO_TICKER, f"Can't find EId with tickerId:{identity}")


def cancel_history(client: ClientSession, request: Record) -> None:
    """End the updates of one request."""
    identity = request_id(request)
    if not client.hub.bars.unsubscribe(client, identity):
        client.error(identity, codes.NO_HISTORY_QUERY, f"No historical data query found for ticker id:{identity}")
        return
    client.error(identity, codes.QUERY_FAILED, f"{codes.HISTORY_PREFIX}API historical data query cancelled: {identity}")


def head_timestamp(client: ClientSession, request: Record) -> None:
    """The earliest moment there is data for."""
    identity = request_id(request)
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    what = request.text("what").upper()
    contract = details.contract
    head = client.hub.market.head_timestamp(contract.con_id, what, request.flag("useRth"))
    if head is None:
        client.error(identity, codes.QUERY_FAILED, codes.no_data(contract.symbol, contract.exchange, what))
        return
    text = str(times.epoch(head)) if request.integer("dateFormat") == _EPOCH else times.dashed(head)
    client.send(reply.HEAD_TIMESTAMP, reqId=identity, timestamp=text)


def cancel_head_timestamp(_client: ClientSession, _request: Record) -> None:
    """Nothing to end: the answer has left already."""


HANDLERS: Final[HandlerTable] = {
    ask.REQ_HISTORY: historical_data,
    ask.CANCEL_HISTORY: cancel_history,
    ask.REQ_REALTIME_BARS: realtime_bars,
    ask.CANCEL_REALTIME_BARS: cancel_realtime_bars,
    ask.REQ_HEAD_TIMESTAMP: head_timestamp,
    ask.CANCEL_HEAD_TIMESTAMP: cancel_head_timestamp,
}
