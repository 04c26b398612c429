"""Our symbols and IB's contracts are never mistaken for one another."""

from __future__ import annotations

from typing import cast

import pytest

from tests.broker.test_cleaning import made
from tradetui.broker.ib.contracts import ContractBook, contract_of
from tradetui.broker.ib.library import ContractDetails, new_contract
from tradetui.broker.ib.qualify import qualified
from tradetui.domain.errors import BrokerRefused
from tradetui.domain.instrument import Instrument, SecType

SPY = Instrument(symbol="SPY", con_id=756733)


def details(con_id: int, symbol: str = "SPY", primary: str = "ARCA", **values: object) -> ContractDetails:
    contract = new_contract(conId=con_id, symbol=symbol, secType="STK", currency="USD", primaryExchange=primary)
    return cast(ContractDetails, made("ContractDetails", contract=contract, minTick=0.01, **values))


def test_the_contract_id_decides_whatever_the_symbol_says() -> None:
    book = ContractBook([SPY])
    assert book.symbol_of(new_contract(conId=756733, symbol="SPX", secType="STK", currency="USD")) == "SPY"


def test_another_contract_of_the_same_name_does_not_get_our_symbol() -> None:
    book = ContractBook([SPY])
    assert book.symbol_of(new_contract(conId=99, symbol="SPY", secType="STK", currency="GBP")) == "SPY#99"


def test_a_contract_not_yet_qualified_is_known_by_its_fields() -> None:
    book = ContractBook([Instrument(symbol="QQQ")])
    assert book.symbol_of(new_contract(conId=5, symbol="QQQ", secType="STK", currency="USD")) == "QQQ"
    assert book.symbol_of(new_contract(conId=5, symbol="QQQ", secType="STK", currency="EUR")) == "QQQ#5"


def test_qualifying_wins_over_a_later_unqualified_entry() -> None:
    book = ContractBook([SPY])
    book.register(Instrument(symbol="SPY"))
    assert book.instrument("SPY") is SPY


def test_a_held_foreign_contract_can_be_traded_by_its_id() -> None:
    book = ContractBook([SPY])
    held = new_contract(conId=265598, symbol="AAPL", secType="STK", exchange="NASDAQ", currency="USD")
    assert book.symbol_of(held) == "AAPL"
    sent = book.contract("AAPL")
    assert sent is not None
    assert (sent.conId, sent.exchange) == (265598, "SMART")
    assert book.contract("TSLA") is None


def test_foreign_names_are_readable_and_cleaned() -> None:
    book = ContractBook()
    future = new_contract(conId=7, symbol="ES", secType="FUT", localSymbol="ESZ6[b]", currency="USD")
    assert book.symbol_of(future) == "ESZ6(b)"
    bare = new_contract(conId=8, symbol="ES", secType="FUT", lastTradeDateOrContractMonth="202612")
    assert book.symbol_of(bare) == "ES 202612"


@pytest.mark.parametrize("symbol", ["EURUSD", "EUR.USD", "EUR/USD"])
def test_forex_pairs_trade_as_a_symbol_in_a_currency(symbol: str) -> None:
    contract = contract_of(Instrument(symbol=symbol, sec_type=SecType.FOREX, exchange="IDEALPRO"))
    assert (contract.symbol, contract.currency, contract.secType) == ("EUR", "USD", "CASH")


def test_one_match_qualifies_with_tick_and_multiplier() -> None:
    answer = details(756733)
    answer.contract.multiplier = "50"
    found = qualified(Instrument(symbol="SPY", min_tick=0.05), [answer, answer])
    assert (found.con_id, found.min_tick, found.multiplier, found.primary_exchange) == (756733, 0.01, 50.0, "ARCA")


def test_none_several_or_another_than_the_pinned_contract_are_refused() -> None:
    with pytest.raises(BrokerRefused, match="knows no such contract; correct the symbol"):
        qualified(SPY, [])
    with pytest.raises(BrokerRefused, match=r"matches 2 contracts \(SPY ARCA USD, SPY LSE USD\); set primary_exchange"):
        qualified(Instrument(symbol="SPY"), [details(1), details(2, primary="LSE")])
    with pytest.raises(BrokerRefused, match="is now contract 1, pinned is 756733"):
        qualified(SPY, [details(1)])
