"""Contract details to a qualified instrument: one contract, the pinned one, or a refusal; and its price increments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from tradetui.broker.ib.library import ContractDetails, PriceIncrement
from tradetui.broker.ib.requests import Singleton
from tradetui.broker.ib.session import Session
from tradetui.broker.ib.text import clean_text
from tradetui.broker.ib.translate import numeric_text
from tradetui.domain.errors import BrokerRefused
from tradetui.domain.instrument import Instrument, PriceStep

NO_CONTRACT = 200

#: Market rules by number, as the broker told them.
Rules = dict[int, tuple[PriceStep, ...]]


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


def rule_of(instrument: Instrument, details: ContractDetails) -> int | None:
    """Return the number of the market rule that holds where the instrument is routed to, None when none is named.

    `marketRuleIds` has one number for each of `validExchanges`, in their order. Source: IB's ContractDetails class.
    """
    exchanges, rules = details.validExchanges.split(","), details.marketRuleIds.split(",")
    named = dict(zip(exchanges, rules, strict=False)).get(instrument.exchange, rules[0])
    return int(named) if named.strip().isdigit() else None


async def price_steps(session: Session, rules: Rules, rule_id: int, timeout_s: float) -> tuple[PriceStep, ...]:
    """Return the price increments of a market rule, asked for once and kept in `rules`.

    Raises:
        BrokerTimeout, NotConnected: there is no answer.
    """
    if rule_id not in rules:
        await session.data_slot()
        answers = await session.requests.ask(
            Singleton.MARKET_RULE, lambda: session.client.reqMarketRule(rule_id), timeout_s
        )
        for told_id, increments in cast(list[tuple[int, Sequence[PriceIncrement]]], answers):
            steps = [PriceStep(row.lowEdge, row.increment) for row in increments if row.increment > 0]
            rules[told_id] = tuple(sorted(steps, key=lambda step: step.low_edge))
    return rules.get(rule_id, ())


def _name(details: ContractDetails) -> str:
    contract = details.contract
    parts = (contract.symbol, contract.primaryExchange, contract.currency, contract.lastTradeDateOrContractMonth)
    return clean_text(" ".join(part for part in parts if part))
