"""On an ex-date the synthetic price falls by what was split or paid, and history is told adjusted, as at IB."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from tests.gateway.market.worlds import CALENDAR, QQQ, SPY, session_on
from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.assembly import make_venue
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.events import Quote
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.corporate_action import CorporateAction, Dividend, Split
from tradetui.gateway.venue.model import OrderRequest

FRIDAY, MONDAY, TUESDAY = (session_on(2026, 11, day) for day in (20, 23, 24))
SPLIT = Split(symbol="SPY", ex_date=date(2026, 11, 23), new=4)
DIVIDEND = Dividend(symbol="SPY", ex_date=date(2026, 11, 24), amount=2.0)


def market(*actions: CorporateAction, start_ns: int = FRIDAY.open_ns) -> SyntheticMarket:
    return SyntheticMarket(
        seed=7, calendar=CALENDAR, start_ns=start_ns, symbols=("SPY", "QQQ"), trades_per_minute=4, actions=actions
    )


def days(world: SyntheticMarket, now_ns: int, what: str = "TRADES", con_id: int = SPY) -> list[HistoryBar]:
    return world.history(
        con_id, end_ns=now_ns, duration="3 D", bar_size="1 day", what=what, use_rth=True, now_ns=now_ns
    )


def closes(bars: Sequence[HistoryBar]) -> list[float]:
    return [bar.close for bar in bars]


def test_a_split_divides_the_price_from_its_ex_date_on_and_nothing_before() -> None:
    plain, split = market(), market(SPLIT)
    before, after = (world._source.minutes(SPY, FRIDAY) for world in (plain, split))
    assert (before.close == after.close).all()
    before, after = (world._source.minutes(SPY, MONDAY) for world in (plain, split))
    assert after.close == pytest.approx(before.close / 4, abs=0.006)
    assert after.volume == pytest.approx(before.volume * 4)
    assert (after.low <= after.close).all()
    assert (split._source.minutes(QQQ, MONDAY).close == plain._source.minutes(QQQ, MONDAY).close).all()


def test_a_dividend_takes_its_amount_from_the_price() -> None:
    plain, paid = market(), market(DIVIDEND)
    last = float(plain._source.minutes(SPY, MONDAY).close[-1])
    before, after = (float(world._source.minutes(SPY, TUESDAY).open[0]) for world in (plain, paid))
    assert after == pytest.approx(before * (1 - 2.0 / last), abs=0.006)


def test_history_is_told_in_the_shares_of_the_day_it_is_asked_on() -> None:
    world = market(SPLIT, DIVIDEND)
    raw = [float(world._source.minutes(SPY, session).close[-1]) for session in (FRIDAY, MONDAY, TUESDAY)]
    on_friday = days(world, FRIDAY.close_ns)
    assert on_friday[-1].close == raw[0]
    trades = days(world, TUESDAY.close_ns)
    assert closes(trades) == pytest.approx([raw[0] / 4, raw[1], raw[2]], abs=1e-6)
    assert trades[0].volume == 4 * (on_friday[-1].volume or 0)
    kept = 1 - 2.0 / raw[1]
    adjusted = days(world, TUESDAY.close_ns, "ADJUSTED_LAST")
    assert closes(adjusted) == pytest.approx([raw[0] / 4 * kept, raw[1] * kept, raw[2]], abs=1e-6)
    minutes = world.history(
        SPY,
        end_ns=TUESDAY.close_ns,
        duration="3 D",
        bar_size="30 mins",
        what="TRADES",
        use_rth=True,
        now_ns=TUESDAY.close_ns,
    )
    assert closes(minutes)[12] == pytest.approx(raw[0] / 4, abs=1e-6)
    weeks = world.history(
        SPY,
        end_ns=TUESDAY.close_ns,
        duration="2 W",
        bar_size="1 week",
        what="TRADES",
        use_rth=True,
        now_ns=TUESDAY.close_ns,
    )
    assert weeks[-2].close == pytest.approx(raw[0] / 4, abs=1e-6)


def test_the_previous_close_of_the_ex_date_is_in_its_new_shares() -> None:
    world = market(SPLIT)
    last = float(world._source.minutes(SPY, FRIDAY).close[-1])
    list(world.events_until(MONDAY.open_ns + MINUTE_NS))
    assert world.day_stats(SPY).previous_close == pytest.approx(last / 4, abs=1e-6)


def test_an_account_is_worth_the_same_after_the_night_of_a_split_and_a_dividend() -> None:
    actions = (SPLIT, Dividend(symbol="SPY", ex_date=SPLIT.ex_date, amount=1.5))
    worth: list[float] = []
    for used in ((), actions):
        world = market(*used)
        venue = make_venue(world, VenueConfig(corporate_actions=used))
        for event in world.events_until(MONDAY.open_ns + 30 * MINUTE_NS):
            if isinstance(event, Quote):
                venue.on_quote(event.con_id, event.bid, event.ask, event.bid_size, event.ask_size, event.time_ns)
            else:
                venue.on_trade(event.con_id, event.price, event.size, event.time_ns)
            if venue.next_order_id(1) == 1 and isinstance(event, Quote) and event.con_id == SPY:
                request = OrderRequest(contract=world.contracts()[0], action="BUY", quantity=100, order_type="MKT")
                venue.place(1, 1, request, event.time_ns)
        worth.append(venue.account_values("DU1234567").net_liquidation)
        assert venue.positions()[0].quantity == (400 if used else 100)
    # The split price is rounded to a cent on four times the shares, the dividend moves the price a little.
    assert worth[1] == pytest.approx(worth[0], abs=10.0)
