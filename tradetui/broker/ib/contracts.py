"""Our instruments and IB's contracts: which is which, in both directions.

Invariant: a message about a contract that is not one of our instruments never gets one of our symbols.
"""

from __future__ import annotations

from collections.abc import Iterable

from tradetui.broker.ib.library import Contract, new_contract
from tradetui.broker.ib.text import clean_text
from tradetui.domain.instrument import Instrument, SecType


class ContractBook:
    """Instruments by symbol, and what the broker's own messages taught about held contracts."""

    def __init__(self, instruments: Iterable[Instrument] = ()) -> None:
        self._instruments: dict[str, Instrument] = {}
        self._symbols: dict[int, str] = {}
        self._held: dict[str, Contract] = {}
        for instrument in instruments:
            self.register(instrument)

    def register(self, instrument: Instrument) -> None:
        """Make `instrument` known under its symbol; a qualified one replaces what was known."""
        known = self._instruments.get(instrument.symbol)
        if known is not None and known.con_id is not None and instrument.con_id is None:
            return
        self._instruments[instrument.symbol] = instrument
        if instrument.con_id is not None:
            self._symbols[instrument.con_id] = instrument.symbol

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument of `symbol`, None when it was never registered."""
        return self._instruments.get(symbol)

    def contract(self, symbol: str) -> Contract | None:
        """Return the contract to send for `symbol`: the instrument's, else that of a held position, else None."""
        instrument = self._instruments.get(symbol)
        return contract_of(instrument) if instrument is not None else self._held.get(symbol)

    def symbol_of(self, contract: Contract) -> str:
        """Return our symbol of a contract in a broker message, else a name that cannot be taken for one of ours."""
        known = self._symbols.get(contract.conId)
        if known is not None:
            return known
        for instrument in self._instruments.values():
            if instrument.con_id is None and _same(instrument, contract):
                return instrument.symbol
        name = clean_text(_foreign_name(contract))
        if name in self._instruments:
            name = f"{name}#{contract.conId}"
        if contract.conId:
            self._held[name] = _sendable(contract)
        return name


def contract_of(instrument: Instrument) -> Contract:
    """Return the library contract of `instrument`."""
    symbol = instrument.symbol
    if instrument.sec_type is SecType.FOREX:
        # EURUSD, EUR.USD and EUR/USD all trade as symbol EUR in currency USD.
        symbol = symbol.removesuffix(instrument.currency).rstrip("./") or symbol
    return new_contract(
        conId=instrument.con_id or 0,
        symbol=symbol,
        secType=instrument.sec_type.value,
        lastTradeDateOrContractMonth=instrument.expiry,
        multiplier="" if instrument.multiplier == 1.0 else f"{instrument.multiplier:g}",
        exchange=instrument.exchange,
        primaryExchange=instrument.primary_exchange,
        currency=instrument.currency,
    )


def _same(instrument: Instrument, contract: Contract) -> bool:
    ours = contract_of(instrument)
    expiry = instrument.expiry
    return (
        ours.symbol == contract.symbol
        and ours.secType == contract.secType
        and ours.currency == contract.currency
        and contract.lastTradeDateOrContractMonth.startswith(expiry)
    )


def _foreign_name(contract: Contract) -> str:
    if contract.secType == SecType.STOCK:
        return contract.symbol or f"#{contract.conId}"
    return contract.localSymbol or f"{contract.symbol} {contract.lastTradeDateOrContractMonth}".strip()


def _sendable(contract: Contract) -> Contract:
    # Positions name the listing exchange or none; orders need a route.
    return new_contract(
        conId=contract.conId,
        symbol=contract.symbol,
        secType=contract.secType,
        lastTradeDateOrContractMonth=contract.lastTradeDateOrContractMonth,
        exchange="SMART" if contract.secType == SecType.STOCK else contract.exchange,
        currency=contract.currency,
    )
