"""A venue with one instrument of every kind of product, all quoted, for the tests about products."""

from __future__ import annotations

from tests.gateway.venue.floorplan import CALENDAR, DETAILS, FRIDAY, NOON, Desk
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.gateway.venue.venue import Venue

ES = Contract(
    con_id=501,
    symbol="ES",
    sec_type="FUT",
    last_trade_date="20261218",
    multiplier="50",
    exchange="CME",
    local_symbol="ESZ6",
)
EUR = Contract(con_id=502, symbol="EUR", sec_type="CASH", exchange="IDEALPRO", local_symbol="EUR.USD")
BTC = Contract(con_id=503, symbol="BTC", sec_type="CRYPTO", exchange="PAXOS", local_symbol="BTC")
SPX = Contract(con_id=504, symbol="SPX", sec_type="IND", exchange="CBOE", local_symbol="SPX")
CALL = Contract(
    con_id=505, symbol="SPY", sec_type="OPT", last_trade_date="20261120", strike=495.0, right="C", multiplier="100"
)
PUT = Contract(
    con_id=506, symbol="SPY", sec_type="OPT", last_trade_date="20261120", strike=495.0, right="P", multiplier="100"
)


def details(contract: Contract, **fields: object) -> ContractDetails:
    return ContractDetails(
        contract=contract,
        market_name=contract.symbol,
        long_name=contract.symbol,
        **fields,  # type: ignore[arg-type]
    )


PRODUCTS = [
    *DETAILS,
    details(ES, min_tick=0.25, expires_ns=FRIDAY.close_ns - 3_600_000_000_000),
    details(EUR, min_tick=0.00005),
    details(BTC, min_tick=0.25, size_increment=0.0001, min_size=0.0001),
    details(SPX),
    details(CALL, price_increments=((0.0, 0.01), (3.0, 0.05)), under_con_id=756733, expires_ns=FRIDAY.close_ns),
    details(PUT, under_con_id=756733, expires_ns=FRIDAY.close_ns),
]
QUOTES = {ES: (6000.0, 6000.25), EUR: (1.10, 1.10005), BTC: (90_000.0, 90_000.25), CALL: (6.0, 6.05), PUT: (0.5, 0.51)}


def product_desk(now_ns: int = NOON, **config: object) -> Desk:
    """Noon of a Friday: every product quoted, a thousand a side."""
    venue = Venue(config=VenueConfig(**config), calendar=CALENDAR, instruments=PRODUCTS)  # type: ignore[arg-type]
    desk = Desk(venue, now_ns)
    for contract, (bid, ask) in QUOTES.items():
        desk.quote(bid, ask, 1_000_000, 1_000_000, contract)
    return desk
