"""Requests about options: which are listed, what a price or a volatility means, and exercise.

Invariant: a listed option is one that can be asked for, quoted and traded here.
"""

from __future__ import annotations

from typing import Final

from tradetui.gateway.market.greeks import Greeks, greeks, implied
from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.option_ticks import ASKED_GREEKS, Quoted, figures, quoted
from tradetui.gateway.session.orders import is_read_only
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import template
from tradetui.gateway.wire.record import Record, Value


def option_chain(client: ClientSession, request: Record) -> None:
    """Expiries and strikes of the options on a share, once for each exchange that trades them."""
    identity = request_id(request)
    hub = client.hub
    wanted = Contract.numbered(request.integer("conId") or 0)
    found = hub.market.contract_details(wanted, hub.now_ns()) if wanted.con_id else []
    if len(found) != 1 or found[0].contract.symbol != request.text("symbol"):
        client.error(identity, codes.VALIDATING, codes.invalid("Invalid contract id"))
        return
    chain = hub.market.option_chain(request.text("symbol"), hub.now_ns())
    if chain is not None and found[0].contract.sec_type == "STK" and not request.text("futFopExchange"):
        expirations: Value = [Record(date=day) for day in chain.expiries]
        strikes: Value = [Record(strike=strike) for strike in chain.strikes]
        for exchange in chain.exchanges:
            client.send(
                reply.OPTION_CHAIN,
                reqId=identity,
                exchange=exchange,
                underConId=chain.under_con_id,
                tradingClass=chain.symbol,
                multiplier=chain.multiplier,
                expirations=expirations,
                strikes=strikes,
            )
    client.send(reply.OPTION_CHAIN_END, reqId=identity)


def implied_volatility(client: ClientSession, request: Record) -> None:
    """The volatility at which an option is worth a price while its share is at another."""
    option = _option(client, request)
    if option is None:
        return
    price, spot = request.number("optionPrice") or 0.0, request.number("underPrice") or 0.0
    _tell(client, request, implied(option.terms, spot, price, client.hub.now_ns()), price, spot)


def option_price(client: ClientSession, request: Record) -> None:
    """What an option is worth at a volatility while its share is at a price."""
    option = _option(client, request)
    if option is None:
        return
    spot = request.number("underPrice") or 0.0
    found = greeks(option.terms, spot, request.number("volatility") or 0.0, client.hub.now_ns())
    _tell(client, request, found, None if found is None else found.value, spot)


def _option(client: ClientSession, request: Record) -> Quoted | None:
    identity = request_id(request)
    details = resolve(client, identity, contract_query(request))
    option = None if details is None else quoted(details)
    if details is not None and option is None:
        client.error(identity, codes.VALIDATING, codes.invalid("Only options can be computed"))
    return option


def _tell(client: ClientSession, request: Record, found: Greeks | None, price: float | None, spot: float) -> None:
    values = (request_id(request), ASKED_GREEKS, *figures(found, price, spot))
    client.emit(reply.TICK_OPTION, template(reply.TICK_OPTION, client.version)(*values))


def nothing_to_cancel(_client: ClientSession, _request: Record) -> None:
    """A computation is answered at once."""


def exercise(client: ClientSession, request: Record) -> None:
    """Exercise a long option, or let it lapse on its last day."""
    identity = request_id(request)
    if is_read_only(client, identity):
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    hub = client.hub
    account = request.text("account") or hub.account
    if account not in hub.venue.accounts:
        client.error(identity, codes.VALIDATING, codes.invalid(f"Invalid account code '{account}'"))
        return
    events = hub.venue.exercise(
        client.id,
        identity,
        account,
        details.contract,
        action=request.integer("exerciseAction") or 0,
        quantity=request.integer("exerciseQuantity") or 0,
        override=bool(request.integer("override")),
        now_ns=hub.now_ns(),
    )
    hub.deliver(events)


HANDLERS: Final[HandlerTable] = {
    ask.REQ_OPTION_CHAIN: option_chain,
    ask.REQ_IMPLIED_VOLATILITY: implied_volatility,
    ask.CANCEL_IMPLIED_VOLATILITY: nothing_to_cancel,
    ask.REQ_OPTION_PRICE: option_price,
    ask.CANCEL_OPTION_PRICE: nothing_to_cancel,
    ask.EXERCISE_OPTIONS: exercise,
}
