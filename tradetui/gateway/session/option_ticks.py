"""Option computations as ticks: what the prices of an option imply about it.

Invariant: a figure that the prices do not determine leaves as IB's value for "not computed" (-1, -2), never as zero.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tradetui.gateway.market.greeks import Greeks, Terms, implied
from tradetui.gateway.market.market import Market
from tradetui.gateway.session.tape import Tape
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.wire.kinds import Scalar

BID_GREEKS, ASK_GREEKS, LAST_GREEKS, MODEL_GREEKS, ASKED_GREEKS = 10, 11, 12, 13, 53
DELAYED_GREEKS: Final = {BID_GREEKS: 80, ASK_GREEKS: 81, LAST_GREEKS: 82, MODEL_GREEKS: 83}
_PRICE_BASED: Final = 1
_NO_DIVIDENDS: Final = 0.0


@dataclass(frozen=True, slots=True)
class Quoted:
    """An option that somebody follows."""

    terms: Terms
    under_con_id: int


def quoted(details: ContractDetails) -> Quoted | None:
    """What computations need of an option; None for anything else."""
    contract = details.contract
    if contract.sec_type != "OPT" or details.expires_ns is None:
        return None
    right = 1 if contract.right.startswith("C") else -1
    return Quoted(Terms(contract.strike, right, details.expires_ns), details.under_con_id)


def figures(found: Greeks | None, price: float | None, spot: float | None) -> tuple[Scalar, ...]:
    """The fields of message 21 after the tick type."""
    unknown = -1.0 if price is None else price
    under = -1.0 if spot is None else spot
    if found is None:
        return (_PRICE_BASED, -1.0, -2.0, unknown, _NO_DIVIDENDS, -2.0, -2.0, -2.0, under)
    return (
        _PRICE_BASED,
        found.volatility,
        found.delta,
        unknown,
        _NO_DIVIDENDS,
        found.gamma,
        found.vega,
        found.theta,
        under,
    )


def computations(option: Quoted, tape: Tape, market: Market, now_ns: int) -> Iterator[tuple[int, tuple[Scalar, ...]]]:
    """(tick type, values) of what bid, ask, last price and their middle imply, as of now."""
    spot = market.price(option.under_con_id)
    if spot is None:
        return
    middle = None if tape.bid is None or tape.ask is None else (tape.bid + tape.ask) / 2
    prices = ((BID_GREEKS, tape.bid), (ASK_GREEKS, tape.ask), (LAST_GREEKS, tape.last), (MODEL_GREEKS, middle))
    for tick_type, price in prices:
        if price is not None:
            yield tick_type, figures(implied(option.terms, spot, price, now_ns), price, spot)
