"""What history adds up to: the volume traded at each price, and the sessions of a span.

Invariant: a histogram's sizes add up to the volume of the same span's TRADES bars; a schedule names every session of
its span once, with the calendar's own times.
"""

import re
from collections import defaultdict
from datetime import timedelta
from typing import Final

from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.market import HistoryError
from tradetui.gateway.market.request import span, span_start
from tradetui.gateway.session import codes, times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.versions import SCHEDULES
from tradetui.marketdata.calendar import Session

_PERIOD: Final = re.compile(r"(\d{1,6}) ?(second|sec|minute|min|hour|day|week|month|year)s?", re.IGNORECASE)
#: A period's word as a duration of bars, and the bars that it is added up from.
_UNITS: Final = {
    "second": (1, "S", "1 secs"),
    "sec": (1, "S", "1 secs"),
    "minute": (60, "S", "1 min"),
    "min": (60, "S", "1 min"),
    "hour": (3600, "S", "1 min"),
    "day": (1, "D", "1 min"),
    "week": (1, "W", "1 min"),
    "month": (1, "M", "1 min"),
    "year": (1, "Y", "1 hour"),
}
_EXTENDED_BEFORE: Final = timedelta(hours=5, minutes=30)
_EXTENDED_AFTER: Final = timedelta(hours=4)


def histogram(client: ClientSession, request: Record) -> None:
    """How much was traded at each price in a period up to now."""
    identity = request_id(request)
    match = _PERIOD.fullmatch(request.text("period").strip())
    if match is None:
        client.error(identity, codes.VALIDATING, codes.invalid(f"Invalid time period {request.text('period')}"))
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    factor, unit, bar_size = _UNITS[match[2].lower()]
    now_ns = client.hub.now_ns()
    try:
        bars = client.hub.market.history(
            details.contract.con_id,
            end_ns=now_ns,
            duration=f"{int(match[1]) * factor} {unit}",
            bar_size=bar_size,
            what="TRADES",
            use_rth=request.flag("useRth"),
            now_ns=now_ns,
        )
    except HistoryError as error:
        client.error(identity, error.code, error.text)
        return
    client.send(reply.HISTOGRAM, reqId=identity, items=_by_price(bars, details.min_tick))


def _by_price(bars: list[HistoryBar], tick: float) -> list[Record]:
    """Each bar's volume counts at its average price."""
    sizes: dict[int, int] = defaultdict(int)
    for bar in bars:
        if bar.volume:
            sizes[round((bar.close if bar.wap is None else bar.wap) / tick)] += bar.volume
    return [Record(price=round(level * tick, 6), size=size) for level, size in sorted(sizes.items())]


def schedule(client: ClientSession, request: Record, details: ContractDetails) -> None:
    """The trading sessions of a span (reqHistoricalData for SCHEDULE). Raises HistoryError or ValueError."""
    identity = request_id(request)
    if client.version < SCHEDULES or request.text("barSize") != "1 day":
        raise HistoryError(codes.VALIDATING, codes.invalid("SCHEDULE needs bar size 1 day"))
    hub = client.hub
    end_ns = times.parse(request.text("end"))
    end_ns = hub.now_ns() + 1 if end_ns is None else end_ns
    calendar = hub.market.calendar
    start_ns = span_start(calendar, span(request.text("duration")), end_ns)
    whole = not request.flag("useRth")
    rows = [_session(session, whole) for session in calendar.sessions_between(start_ns, end_ns)]
    if not rows:
        raise HistoryError(codes.QUERY_FAILED, codes.no_data(details.contract.symbol, "SMART", "Schedule"))
    sessions: Value = rows
    client.send(
        reply.SCHEDULE,
        reqId=identity,
        start=rows[0].text("start"),
        end=rows[-1].text("end"),
        timeZone=times.ZONE_NAME,
        sessions=sessions,
    )


def _session(session: Session, whole: bool) -> Record:
    """One row: the regular session, or all hours in which orders may trade."""
    opens, closes = times.local(session.open_ns), times.local(session.close_ns)
    if whole:
        opens, closes = opens - _EXTENDED_BEFORE, closes + _EXTENDED_AFTER
    return Record(start=f"{opens:%Y%m%d-%H:%M:%S}", end=f"{closes:%Y%m%d-%H:%M:%S}", refDate=f"{session.date:%Y%m%d}")


def cancel_histogram(_client: ClientSession, _request: Record) -> None:
    """Nothing to end: the answer has left already."""


HANDLERS: Final[HandlerTable] = {
    ask.REQ_HISTOGRAM: histogram,
    ask.CANCEL_HISTOGRAM: cancel_histogram,
}
