"""One market data line: tick messages to quotes and trades, without a wire."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.broker.ib.line import Line
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.instrument import SecType
from tradetui.domain.tick import Trade
from tradetui.marketdata.quality import TickRules

T0 = Now(1_800_000_000 * SECOND_NS, 10**12)


def line(sec_type: SecType = SecType.STOCK, patience_s: float = 5.0) -> Line:
    return Line("SPY", sec_type, patience_s, TickRules())


def later(seconds: float) -> Now:
    return Now(T0.market_ns + int(seconds * SECOND_NS), T0.mono_ns + int(seconds * SECOND_NS))


def test_a_trade_message_gives_time_price_and_size_of_the_trade() -> None:
    made = line().rt_volume("701.28;1.5;1348075471534;67854;701.46918464;true")
    assert made == Trade("SPY", 1_348_075_471_534_000_000, 701.28, 1.5)


def test_a_trade_message_without_a_price_and_a_repeated_one_are_no_trades() -> None:
    spy = line()
    assert spy.rt_volume(";0;1348075471534;67854;701.4;true") is None
    text = "701.28;1;1348075471534;67854;701.4;true"
    assert spy.rt_volume(text) is not None
    assert spy.rt_volume(text) is None
    spy.reset(5)
    assert spy.rt_volume(text) is None  # a new subscription repeats the last trade


def test_a_malformed_trade_message_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"unpack|float"):
        line().rt_volume("x;y")


def test_last_prices_make_trades_only_after_the_patience_and_only_without_trade_messages() -> None:
    spy = line()
    assert spy.price_tick(4, 10.0, 100, T0) is None
    assert spy.price_tick(4, 10.0, 100, later(4)) is None
    assert spy.price_tick(4, 10.1, 200, later(6)) == Trade("SPY", later(6).market_ns, 10.1, 200)
    spy.rt_volume("10.1;1;1348075471534;1;10.1;true")
    assert spy.price_tick(4, 10.2, 100, later(7)) is None


def test_the_repeated_size_of_a_last_price_is_no_second_trade_and_a_new_one_is() -> None:
    spy = line(patience_s=0.0)
    assert spy.price_tick(4, 10.0, 100, T0) is not None
    assert spy.size_tick(5, 100, T0) is None
    assert spy.size_tick(5, 100, later(1)) == Trade("SPY", later(1).market_ns, 10.0, 100)


def test_forex_trades_at_the_middle_of_its_book() -> None:
    euro = line(SecType.FOREX)
    assert euro.middle_trade(T0) is None
    euro.price_tick(1, 1.10, 1e6, T0)
    euro.price_tick(2, 1.12, 1e6, T0)
    made = euro.middle_trade(T0)
    assert made is not None
    assert (made.ts_ns, round(made.price, 9), made.size) == (T0.market_ns, 1.11, 0.0)
    assert line().middle_trade(T0) is None


def test_missing_numbers_are_none() -> None:
    spy = line()
    spy.price_tick(1, -1.0, 0, T0)
    spy.price_tick(2, 0.0, 0, T0)
    spy.price_tick(4, float("nan"), 0, T0)
    quote = spy.quote(T0)
    assert (quote.bid, quote.ask, quote.last, quote.mark) == (None, None, None, None)


def test_a_wild_last_price_does_not_become_the_mark() -> None:
    spy = line()
    spy.sieve.judge(Trade("SPY", T0.market_ns, 100.0, 1), T0.market_ns)
    spy.price_tick(4, 1000.0, 1, T0)
    assert spy.quote(T0).mark == 100.0


ticks = st.lists(st.tuples(st.integers(0, 90), st.floats(), st.floats()), max_size=40)


@given(ticks)
def test_no_sequence_of_ticks_makes_a_quote_that_cannot_be(messages: list[tuple[int, float, float]]) -> None:
    spy = line(patience_s=0.0)
    for tick, price, size in messages:
        spy.price_tick(tick, price, size, T0)
        spy.size_tick(tick, size, T0)
    quote = spy.quote(T0)
    prices = (quote.bid, quote.ask, quote.last, quote.open, quote.high, quote.low, quote.prior_close)
    assert all(price is None or 0 < price < float("inf") for price in prices)
    assert all(size is None or 0 <= size < float("inf") for size in (quote.bid_size, quote.ask_size, quote.volume))
    assert quote.bid is None or quote.ask is None or quote.bid <= quote.ask
