"""Contract details to a qualified instrument: one contract, the pinned one, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tradetui.broker.ib.library import ContractDetails
from tradetui.broker.ib.text import clean_text
from tradetui.broker.ib.translate import numeric_text
from tradetui.domain.errors import BrokerRefused
from tradetui.domain.instrument import Instrument

NO_CONTRACT = 200


def qualified(instrument: Instrument, answers: Sequence[ContractDetails]) -> Instrument:
    """Return `instrument` with contract id, tick size and multiplier of the one contract that matches.

    Raises:
        BrokerRefused: none matches, several do, or it is not the contract id the instrument is pinned to.
    """
    by_id = {details.contract.conId: details for details in answers}
    if not by_id:
        raise BrokerRefused(NO_CONTRACT, f"{instrument.symbol}: the broker knows no such contract; correct the symbol")
    if len(by_id) > 1:
        names = ", ".join(sorted(_name(details) for details in by_id.values())[:5])
        raise BrokerRefused(
            NO_CONTRACT,
            f"{instrument.symbol} matches {len(by_id)} contracts ({names}); "
            "set primary_exchange, currency or expiry so that one remains",
        )
    (con_id, details), *_ = by_id.items()
    if instrument.con_id is not None and instrument.con_id != con_id:
        raise BrokerRefused(NO_CONTRACT, f"{instrument.symbol} is now contract {con_id}, pinned is {instrument.con_id}")
    contract = details.contract
    return replace(
        instrument,
        con_id=con_id,
        min_tick=details.minTick if details.minTick > 0 else instrument.min_tick,
        multiplier=numeric_text(contract.multiplier) or instrument.multiplier,
        primary_exchange=clean_text(contract.primaryExchange) or instrument.primary_exchange,
    )


def _name(details: ContractDetails) -> str:
    contract = details.contract
    parts = (contract.symbol, contract.primaryExchange, contract.currency, contract.lastTradeDateOrContractMonth)
    return clean_text(" ".join(part for part in parts if part))
