"""Requests for scans, and the subscriptions that hear of a new ranking.

Invariant: every message is a whole ranking as of its moment; a subscription is told again only when it has changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.market import Market
from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.ranking import Scan, ScanError, parameters, ranking, scan_of
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.wire import replies_research as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record, Value

EVERY_NS: Final = 30 * SECOND_NS
"""Market time between two looks at the rankings, about as at IB."""
MAX_SCANS: Final = 10
"""Scans that one client may have open."""


@dataclass(slots=True)
class ScanLine:
    """One subscription and the con ids it was told last."""

    client: ClientSession
    request_id: int
    scan: Scan
    told: tuple[int, ...] | None = None


class ScannerBoard:
    """All scanner subscriptions."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._lines: dict[tuple[ClientSession, int], ScanLine] = {}
        self._looked_ns = 0

    def has(self, client: ClientSession, request_id: int) -> bool:
        """Whether the client already uses this request id."""
        return (client, request_id) in self._lines

    def count(self, client: ClientSession) -> int:
        """Number of scans the client has open."""
        return sum(1 for owner, _ in self._lines if owner is client)

    def subscribe(self, line: ScanLine, now_ns: int) -> None:
        """Send the ranking as it is and follow it."""
        self._lines[line.client, line.request_id] = line
        self._tell(line, now_ns)

    def unsubscribe(self, client: ClientSession, request_id: int) -> bool:
        """End one subscription; False if there is none."""
        return self._lines.pop((client, request_id), None) is not None

    def drop(self, client: ClientSession) -> None:
        """End every subscription of a client."""
        for key in [key for key in self._lines if key[0] is client]:
            del self._lines[key]

    def refresh(self, now_ns: int) -> None:
        """Look at every ranking again when it is time."""
        if self._lines and now_ns - self._looked_ns >= EVERY_NS:
            self._looked_ns = now_ns
            for line in tuple(self._lines.values()):
                self._tell(line, now_ns)

    def _tell(self, line: ScanLine, now_ns: int) -> None:
        found = ranking(self._market, line.scan, now_ns)
        told = tuple(details.contract.con_id for details in found)
        if told == line.told:
            return
        line.told = told
        if not found:
            line.client.error(line.request_id, codes.NO_SCAN_ITEMS, codes.NO_SCAN_ITEMS_TEXT)
            return
        rows: Value = [_row(rank, details) for rank, details in enumerate(found)]
        line.client.send(reply.SCANNER_DATA, reqId=line.request_id, rows=rows)


def _row(rank: int, details: ContractDetails) -> Record:
    contract = details.contract
    return Record(
        rank=rank,
        conId=contract.con_id,
        symbol=contract.symbol,
        secType=contract.sec_type,
        exchange=contract.exchange,
        currency=contract.currency,
        localSymbol=contract.local_symbol,
        marketName=details.market_name,
        tradingClass=contract.trading_class,
    )


def scanner_parameters(client: ClientSession, _request: Record) -> None:
    """What can be scanned for, as XML."""
    client.send(reply.SCANNER_PARAMETERS, xml=parameters())


def scanner(client: ClientSession, request: Record) -> None:
    """A ranking, now and whenever it changes."""
    identity = request_id(request)
    board = client.hub.scanner
    if board.has(client, identity):
        client.error(identity, codes.DUPLICATE_TICKER, codes.DUPLICATE_TEXT)
        return
    if board.count(client) >= MAX_SCANS:
        client.error(identity, codes.QUERY_FAILED, f"{codes.HISTORY_PREFIX}Only {MAX_SCANS} scanner subscriptions")
        return
    try:
        scan = scan_of(request)
    except ScanError as error:
        client.error(identity, codes.QUERY_FAILED, f"{codes.HISTORY_PREFIX}{error}")
        return
    board.subscribe(ScanLine(client, identity, scan), client.hub.now_ns())


def cancel_scanner(client: ClientSession, request: Record) -> None:
    """End one scan; IB acknowledges that with an error of the historical service."""
    identity = request_id(request)
    if client.hub.scanner.unsubscribe(client, identity):
        text = f"{codes.HISTORY_PREFIX}API scanner subscription cancelled: {identity}"
    else:
        text = f"{codes.HISTORY_PREFIX}No scanner subscription found for ticker id:{identity}"
    client.error(identity, codes.QUERY_FAILED, text)


HANDLERS: Final[HandlerTable] = {
    ask.REQ_SCANNER_PARAMETERS: scanner_parameters,
    ask.REQ_SCANNER: scanner,
    ask.CANCEL_SCANNER: cancel_scanner,
}
