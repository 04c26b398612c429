"""Requests for reference data: contracts, symbols, market rules, exchanges, the gateway's own time.

Invariant: a query that finds nothing answers with IB's code where IB has one, else with an empty list.
"""

from typing import Final

from tradetui.gateway.session import codes, times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, contract_values
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.wire import replies_account, replies_market
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record, Value

EXCHANGES: Final = ("ARCA", "BATS", "IEX", "NASDAQ", "NYSE")


def contract_details(client: ClientSession, request: Record) -> None:
    """Every instrument that fits a description."""
    identity = request_id(request)
    found = client.hub.market.contract_details(contract_query(request), client.hub.now_ns())
    if not found:
        client.error(identity, codes.NO_DEFINITION, codes.NO_DEFINITION_TEXT)
        return
    for details in found:
        client.send(replies_market.CONTRACT_DETAILS, reqId=identity, **details_values(details))
    client.send(replies_market.CONTRACT_DETAILS_END, reqId=identity)


def details_values(details: ContractDetails) -> dict[str, Value]:
    """Fields of contractDetails."""
    return {
        **contract_values(details.contract),
        "lastTradeDate": details.contract.last_trade_date,
        "marketName": details.market_name,
        "minTick": details.min_tick,
        "orderTypes": details.order_types,
        "validExchanges": details.valid_exchanges,
        "priceMagnifier": details.price_magnifier,
        "underConId": details.under_con_id,
        "longName": details.long_name,
        "contractMonth": details.contract_month,
        "industry": details.industry,
        "category": details.category,
        "subcategory": details.subcategory,
        "timeZoneId": details.time_zone_id,
        "tradingHours": details.trading_hours,
        "liquidHours": details.liquid_hours,
        "secIds": [Record(tag=tag, value=value) for tag, value in details.sec_ids],
        "aggGroup": details.agg_group,
        "marketRuleIds": details.market_rule_ids,
        "realExpirationDate": details.real_expiration_date,
        "stockType": details.stock_type,
        "minSize": details.min_size,
        "sizeIncrement": details.size_increment,
        "suggestedSizeIncrement": details.suggested_size_increment,
    }


def matching_symbols(client: ClientSession, request: Record) -> None:
    """Instruments whose symbol or name fits a pattern."""
    rows: list[Record] = []
    for contract in client.hub.market.matching_symbols(request.text("pattern")):
        row = Record(contract_values(contract))
        row["derivatives"] = []
        rows.append(row)
    client.send(replies_market.SYMBOL_SAMPLES, reqId=request_id(request), samples=rows)


def market_rule(client: ClientSession, request: Record) -> None:
    """The price increments of one rule."""
    rule_id = request.integer("ruleId") or 0
    rule = client.hub.market.market_rule(rule_id)
    if rule is None:
        client.error(-1, codes.VALIDATING, codes.invalid(f"Market rule {rule_id} does not exist"))
        return
    rows: Value = [Record(lowEdge=low, increment=increment) for low, increment in rule]
    client.send(replies_market.MARKET_RULE, ruleId=rule_id, increments=rows)


def current_time(client: ClientSession, _request: Record) -> None:
    """The market's time, in whole seconds."""
    client.send(replies_account.CURRENT_TIME, time=times.epoch(client.hub.clock.now_ns() + client.hub.skew_ns))


def smart_components(client: ClientSession, request: Record) -> None:
    """Which exchange each bit of a quote's mask means."""
    rows: Value = [Record(bit=bit, exchange=name, letter=chr(ord("A") + bit)) for bit, name in enumerate(EXCHANGES)]
    client.send(replies_market.SMART_COMPONENTS, reqId=request_id(request), components=rows)


def user_info(client: ClientSession, request: Record) -> None:
    """The white branding of the account: none."""
    client.send(
        replies_account.USER_INFO,
        reqId=request_id(request),
        whiteBrandingId=client.hub.settings.white_branding,
    )


def log_level(_client: ClientSession, _request: Record) -> None:
    """The gateway's log level is the operator's, not the client's."""


def family_codes(client: ClientSession, _request: Record) -> None:
    """Each account in a family of its own."""
    rows: Value = [Record(account=account, code="") for account in client.hub.venue.accounts]
    client.send(replies_account.FAMILY_CODES, codes=rows)


def soft_dollar_tiers(client: ClientSession, request: Record) -> None:
    """There are none."""
    client.send(replies_account.SOFT_DOLLAR_TIERS, reqId=request_id(request), tiers=[])


HANDLERS: Final[HandlerTable] = {
    ask.REQ_CONTRACT_DETAILS: contract_details,
    ask.REQ_MATCHING_SYMBOLS: matching_symbols,
    ask.REQ_MARKET_RULE: market_rule,
    ask.REQ_CURRENT_TIME: current_time,
    ask.REQ_SMART_COMPONENTS: smart_components,
    ask.REQ_USER_INFO: user_info,
    ask.SET_LOG_LEVEL: log_level,
    ask.REQ_FAMILY_CODES: family_codes,
    ask.REQ_SOFT_DOLLAR_TIERS: soft_dollar_tiers,
}
