"""Contracts between wire and venue, and the one way a request's contract is looked up.

Invariant: after `resolve` a contract carries its con id; a request that names none or several instruments is refused.
"""

from dataclasses import replace

from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.gateway.wire.record import Record, Value

_SMART = "SMART"


def contract_query(request: Record) -> Contract:
    """The contract as a client named it, incomplete as it may be."""
    return Contract(
        con_id=request.integer("conId") or 0,
        symbol=request.text("symbol"),
        sec_type=request.text("secType"),
        last_trade_date=request.text("expiry"),
        strike=request.number("strike") or 0.0,
        right="" if request.text("right") in ("?", "0") else request.text("right"),
        multiplier=request.text("multiplier"),
        exchange=request.text("exchange"),
        primary_exchange=request.text("primaryExchange"),
        currency=request.text("currency"),
        local_symbol=request.text("localSymbol"),
        trading_class=request.text("tradingClass"),
    )


def contract_values(contract: Contract) -> dict[str, Value]:
    """A contract's fields, named as in the tables."""
    return {
        "conId": contract.con_id,
        "symbol": contract.symbol,
        "secType": contract.sec_type,
        "expiry": contract.last_trade_date,
        "strike": contract.strike,
        "right": contract.right,
        "multiplier": contract.multiplier,
        "exchange": contract.exchange,
        "primaryExchange": contract.primary_exchange,
        "currency": contract.currency,
        "localSymbol": contract.local_symbol,
        "tradingClass": contract.trading_class,
    }


def resolve(client: ClientSession, request_id: int, query: Contract) -> ContractDetails | None:
    """The one instrument a request means; otherwise error 200 is sent and None returned.

    The result keeps the exchange the client asked for.
    """
    found = client.hub.market.contract_details(query, client.hub.now_ns())
    if len(found) != 1:
        text = codes.ambiguous(query.symbol) if found else codes.NO_DEFINITION_TEXT
        client.error(request_id, codes.NO_DEFINITION, text)
        return None
    details = found[0]
    if query.exchange and query.exchange != details.contract.exchange:
        return replace(details, contract=replace(details.contract, exchange=query.exchange))
    return details


def at_primary(contract: Contract) -> Contract:
    """The contract as positions name it: on its primary exchange."""
    return replace(contract, exchange=contract.primary_exchange or contract.exchange or _SMART)
