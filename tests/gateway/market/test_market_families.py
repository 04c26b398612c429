"""Futures that roll, options that agree with their shares, a currency and a coin: all from the same seeded world."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from tests.gateway.market.worlds import CALENDAR, FRIDAY, SPY, bars_of, session_on, synthetic
from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.futures import third_friday
from tradetui.gateway.market.market import HistoryError
from tradetui.gateway.market.minutes import Minutes
from tradetui.gateway.market.options import black_scholes
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import Session

EUR, BTC, SPX = 12087792, 479624278, 416904
EXPIRY = session_on(2026, 12, 18)


def asked(**fields: object) -> Contract:
    return Contract(**{"con_id": 0, "symbol": "", "sec_type": "", "exchange": "", "currency": "", **fields})  # type: ignore[arg-type]


def find(market: SyntheticMarket, now_ns: int, **fields: object) -> list[ContractDetails]:
    return market.contract_details(asked(**fields), now_ns)


def one(market: SyntheticMarket, now_ns: int, **fields: object) -> ContractDetails:
    found = find(market, now_ns, **fields)
    assert len(found) == 1
    return found[0]


def minutes(market: SyntheticMarket, con_id: int, session: Session) -> Minutes:
    return market._source.minutes(con_id, session)


def of(events: Sequence[MarketEvent], con_id: int) -> list[MarketEvent]:
    return [event for event in events if event.con_id == con_id]


def test_futures_are_listed_by_quarter_and_end_at_the_open_of_the_third_friday() -> None:
    market = synthetic(FRIDAY.open_ns)
    listed = find(market, FRIDAY.open_ns, symbol="ES", sec_type="FUT", exchange="CME")
    assert [each.contract.local_symbol for each in listed][:3] == ["ESZ6", "ESH7", "ESM7"]
    assert [each.contract.last_trade_date for each in listed][:2] == ["20261218", "20270319"]
    assert len(listed) == 5  # the test calendar ends with 2027
    front = listed[0]
    assert (front.contract.multiplier, front.min_tick, front.contract_month) == ("50", 0.25, "202612")
    assert market.market_rule(int(front.market_rule_ids)) == [(0.0, 0.25)]
    assert front.expires_ns == EXPIRY.open_ns
    assert find(market, FRIDAY.open_ns, con_id=front.contract.con_id)[0].contract == front.contract
    assert one(market, FRIDAY.open_ns, local_symbol="ESH7").contract.last_trade_date == "20270319"
    assert one(market, FRIDAY.open_ns, symbol="MES", last_trade_date="202703").contract.multiplier == "5"
    after = find(market, EXPIRY.open_ns, symbol="ES", sec_type="FUT")
    assert after[0].contract.local_symbol == "ESH7"
    assert find(market, EXPIRY.open_ns, con_id=front.contract.con_id) == []


def test_a_holiday_on_the_third_friday_moves_the_end_to_the_day_before() -> None:
    assert third_friday(2026, 6) == date(2026, 6, 19)
    market = synthetic(session_on(2026, 5, 4).open_ns)
    june = one(market, market.start_ns, symbol="ES", last_trade_date="202606")
    assert june.contract.last_trade_date == "20260618"


def test_a_future_follows_the_index_above_it_and_meets_it_at_the_end() -> None:
    market = synthetic(FRIDAY.open_ns)
    es = one(market, FRIDAY.open_ns, local_symbol="ESZ6").contract.con_id
    later = one(market, FRIDAY.open_ns, local_symbol="ESH7").contract.con_id
    index, front, back = (minutes(market, con_id, FRIDAY) for con_id in (SPX, es, later))
    assert (front.close > index.close).all()
    assert (back.close > front.close).all()
    assert np.corrcoef(np.diff(front.close), np.diff(index.close))[0, 1] > 0.95
    assert (np.rint(front.high * 4) == front.high * 4).all()
    last = session_on(2026, 12, 17)
    gap = minutes(market, es, last).close - minutes(market, SPX, last).close
    assert np.abs(gap).max() < 1.0
    assert len(minutes(market, es, EXPIRY)) == 0


def test_trading_rolls_to_the_next_contract_a_week_before_the_end() -> None:
    market = synthetic(FRIDAY.open_ns)
    front, back = (one(market, FRIDAY.open_ns, local_symbol=name).contract.con_id for name in ("ESZ6", "ESH7"))

    def share(session: Session) -> float:
        one, two = (int(minutes(market, con_id, session).volume.sum()) for con_id in (front, back))
        return two / (one + two)

    days = [session_on(2026, 12, day) for day in (1, 9, 11, 16)]
    shares = [share(session) for session in days]
    assert shares == sorted(shares)
    assert shares[0] < 0.01
    assert shares[1] < 0.5 < shares[2]
    assert shares[3] > 0.99


def test_an_option_chain_lists_weeks_and_months_around_the_price() -> None:
    market = synthetic(FRIDAY.open_ns)
    chain = market.option_chain("SPY", FRIDAY.open_ns)
    assert chain is not None
    assert chain.expiries[:3] == ("20261120", "20261127", "20261204")
    assert "20261218" in chain.expiries
    spot = minutes(market, SPY, CALENDAR.session(FRIDAY.index - 1)).close[-1]
    assert chain.strikes[0] < spot * 0.81 < spot * 1.19 < chain.strikes[-1]
    assert market.option_chain("ES", FRIDAY.open_ns) is None
    strike = chain.strikes[len(chain.strikes) // 2]
    both = find(market, FRIDAY.open_ns, symbol="SPY", sec_type="OPT", last_trade_date="20261218", strike=strike)
    assert [each.contract.right for each in both] == ["C", "P"]
    call = both[0].contract
    assert call.local_symbol == f"SPY   261218C{int(strike) * 1000:08d}"
    assert (call.multiplier, both[0].under_con_id, both[0].expires_ns) == ("100", SPY, EXPIRY.close_ns)
    assert one(market, FRIDAY.open_ns, con_id=call.con_id).contract == call
    assert one(market, FRIDAY.open_ns, sec_type="OPT", local_symbol=call.local_symbol).contract == call
    whole = find(market, FRIDAY.open_ns, symbol="SPY", sec_type="OPT", exchange="SMART")
    assert len(whole) == 2 * len(chain.strikes) * len(chain.expiries)
    far = one(
        market, FRIDAY.open_ns, symbol="SPY", sec_type="OPT", last_trade_date="20261218", strike=123.0, right="PUT"
    )
    assert far.contract.right == "P"
    assert find(market, FRIDAY.open_ns, symbol="SPY", sec_type="OPT", strike=590.5) == []
    assert find(market, EXPIRY.close_ns, con_id=call.con_id) == []
    assert [each.contract.sec_type for each in find(market, FRIDAY.open_ns, symbol="SPY")] == ["STK"]


def test_calls_and_puts_agree_with_their_share_and_end_at_what_they_are_worth() -> None:
    market = synthetic(FRIDAY.open_ns)
    named = {"symbol": "SPY", "sec_type": "OPT", "last_trade_date": "20261120", "strike": 590.0}
    call, put = (one(market, FRIDAY.open_ns, **named, right=right).contract.con_id for right in ("C", "P"))
    share, calls, puts = (minutes(market, con_id, FRIDAY) for con_id in (SPY, call, put))
    parity = calls.close - puts.close - (share.close - 590.0)
    assert np.abs(parity).max() <= 0.011
    assert max(calls.close[-1], puts.close[-1]) == pytest.approx(abs(share.close[-1] - 590.0), abs=0.01)
    assert min(calls.close[-1], puts.close[-1]) == 0.01
    assert len(minutes(market, call, CALENDAR.session(FRIDAY.index + 1))) == 0


def test_an_option_value_is_black_and_scholes() -> None:
    # Hull, Options, Futures, and Other Derivatives: share 42, strike 40, interest 10 %, volatility 20 %, half a year.
    forward, discount = np.array([42.0 * math.exp(0.05)]), math.exp(-0.05)
    call, put = (float(black_scholes(forward, 40.0, np.array([0.5]), 0.2, right)[0]) * discount for right in (1, -1))
    assert (round(call, 2), round(put, 2)) == (4.76, 0.81)
    assert black_scholes(np.array([42.0, 38.0]), 40.0, np.array([0.0, 0.0]), 0.2, -1).tolist() == [0.0, 2.0]


@pytest.mark.parametrize("name", ["ESZ6", "EUR.USD", "BTC"])
def test_what_derives_or_has_another_tick_streams_ticks_that_add_up_to_its_minutes(name: str) -> None:
    market = synthetic(FRIDAY.open_ns)
    details = one(market, FRIDAY.open_ns, local_symbol=name)
    con_id = details.contract.con_id
    market.open(con_id)
    events = of(list(market.events_until(FRIDAY.open_ns + 30 * MINUTE_NS - 1)), con_id)
    quotes = [event for event in events if isinstance(event, Quote)]
    assert quotes
    for price in (price for quote in quotes for price in (quote.bid, quote.ask)):
        assert round(price / details.min_tick) * details.min_tick == pytest.approx(price, abs=1e-9)
    assert all(quote.bid < quote.ask for quote in quotes)
    wanted = minutes(market, con_id, FRIDAY).part(0, 30)
    bars = list(bars_of(events, con_id, 60).values())
    if details.contract.sec_type == "CASH":
        assert bars == []
        return
    columns = zip(wanted.open, wanted.high, wanted.low, wanted.close, wanted.volume, strict=True)
    assert bars == [[float(a), float(b), float(c), float(d), int(e)] for a, b, c, d, e in columns]


def test_an_instrument_that_joins_in_the_middle_streams_what_it_would_have_streamed_from_the_start() -> None:
    begin, join, end = FRIDAY.open_ns, FRIDAY.open_ns + 47 * MINUTE_NS + 123_456_789, FRIDAY.close_ns
    early, late = synthetic(begin), synthetic(begin)
    con_id = one(early, begin, local_symbol="ESZ6").contract.con_id
    early.open(con_id)
    whole = list(early.events_until(join))
    assert all(event.con_id != con_id for event in late.events_until(join))
    late.next_event_ns()
    late.open(con_id)
    late.open(con_id)
    assert (
        late.day_stats(con_id).volume
        == early.day_stats(con_id).volume
        == sum(event.size for event in of(whole, con_id) if isinstance(event, Trade))
    )
    assert late.day_stats(con_id) == early.day_stats(con_id)
    assert late.quote(con_id) == early.quote(con_id)
    assert list(late.events_until(end)) == list(early.events_until(end))


def test_an_instrument_may_join_while_events_are_being_read() -> None:
    early, late = synthetic(FRIDAY.open_ns), synthetic(FRIDAY.open_ns)
    con_id = one(early, FRIDAY.open_ns, symbol="BTC").contract.con_id
    early.open(con_id)
    moment = FRIDAY.open_ns + 3 * MINUTE_NS
    seen = []
    for event in late.events_until(moment):
        seen.append(event)
        if len(seen) == 20:
            late.open(con_id)
    joined = seen[19].time_ns
    expected = [event for event in early.events_until(moment) if event.con_id != con_id or event.time_ns > joined]
    assert seen == expected


def test_a_currency_has_no_prints_and_an_index_no_quotes() -> None:
    market = synthetic(FRIDAY.open_ns)
    market.open(EUR)
    market.open(SPX)
    events = list(market.events_until(FRIDAY.open_ns + 5 * MINUTE_NS))
    assert {type(event) for event in of(events, EUR)} == {Quote}
    assert {type(event) for event in of(events, SPX)} == {Trade}
    assert market.day_stats(EUR).last is None

    def bars(con_id: int, what: str) -> int:
        now = FRIDAY.close_ns
        return len(
            market.history(con_id, end_ns=now, duration="1 D", bar_size="1 hour", what=what, use_rth=True, now_ns=now)
        )

    assert bars(EUR, "MIDPOINT") == bars(SPX, "TRADES") == 7
    for con_id, what in ((EUR, "TRADES"), (SPX, "BID")):
        with pytest.raises(HistoryError, match="No data of type"):
            bars(con_id, what)


def test_an_index_a_currency_and_a_coin_are_found_under_ibs_numbers() -> None:
    market = synthetic(FRIDAY.open_ns)
    assert one(market, FRIDAY.open_ns, symbol="EUR", sec_type="CASH", currency="USD").contract.con_id == EUR
    assert one(market, FRIDAY.open_ns, symbol="SPX", sec_type="IND").contract.exchange == "CBOE"
    coin = one(market, FRIDAY.open_ns, symbol="BTC", sec_type="CRYPTO", exchange="PAXOS")
    assert (coin.contract.con_id, coin.size_increment) == (BTC, 0.0001)
    assert find(market, FRIDAY.open_ns, symbol="EUR", exchange="SMART") == []
    assert [contract.con_id for contract in market.matching_symbols("SPX")] == [SPX]
    assert BTC not in [contract.con_id for contract in market.contracts()]
