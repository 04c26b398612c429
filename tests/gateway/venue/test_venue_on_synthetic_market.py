"""The venue and the synthetic market together: days, rolls and expiries pass, restarts in between change nothing."""

from __future__ import annotations

import json
from datetime import date

import pytest

from tests.gateway.market.worlds import CALENDAR, session_on
from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.assembly import make_venue
from tradetui.gateway.market.events import Quote
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.gateway.venue.condition import Condition, ConditionKind
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import ErrorEvent, ExecutionEvent, VenueEvent
from tradetui.gateway.venue.model import Contract, ExecutionFilter, OrderRequest
from tradetui.gateway.venue.venue import Venue

THURSDAY = session_on(2026, 12, 17)
FRIDAY = session_on(2026, 12, 18)
CONFIG = VenueConfig(starting_cash={"DU1": 1_000_000.0})


class World:
    """A venue that follows its market, from half an hour before a session."""

    def __init__(self, start_ns: int = THURSDAY.open_ns - 30 * MINUTE_NS) -> None:
        self.market = SyntheticMarket(
            seed=4, calendar=CALENDAR, start_ns=start_ns, symbols=("SPY",), trades_per_minute=4
        )
        self.venue = make_venue(self.market, CONFIG)
        self.now_ns = start_ns
        self.events: list[VenueEvent] = []

    def play(self, until_ns: int) -> None:
        for event in self.market.events_until(until_ns):
            if isinstance(event, Quote):
                told = self.venue.on_quote(
                    event.con_id, event.bid, event.ask, event.bid_size, event.ask_size, event.time_ns
                )
            else:
                told = self.venue.on_trade(event.con_id, event.price, event.size, event.time_ns)
            self.events += told
        self.events += self.venue.advance(until_ns)
        self.now_ns = until_ns

    def restart(self, at_ns: int | None = None) -> None:
        state = json.loads(json.dumps(self.venue.to_state()))
        self.now_ns = at_ns or self.now_ns
        self.market = SyntheticMarket(
            seed=4, calendar=CALENDAR, start_ns=self.now_ns, symbols=("SPY",), trades_per_minute=4
        )
        self.venue = make_venue(self.market, CONFIG, state)

    def find(self, **fields: object) -> Contract:
        asked = Contract(**{"con_id": 0, "symbol": "", "sec_type": "", "exchange": "", "currency": "", **fields})  # type: ignore[arg-type]
        return self.market.contract_details(asked, self.now_ns)[0].contract

    def send(self, order_id: int, contract: Contract, action: str, quantity: float, **fields: object) -> None:
        request = OrderRequest(
            contract=contract,
            action=action,
            quantity=quantity,
            order_type="MKT",
            **fields,  # type: ignore[arg-type]
        )
        self.events += self.venue.place(1, order_id, request, self.now_ns)

    def fills(self) -> list[tuple[str, float]]:
        return [
            (event.execution.contract.local_symbol.split()[0], event.execution.shares)
            for event in self.events
            if isinstance(event, ExecutionEvent)
        ]

    def held(self) -> dict[str, float]:
        return {row.contract.local_symbol: row.quantity for row in self.venue.positions()}


@pytest.mark.parametrize("restarts", [False, True])
def test_a_position_is_rolled_from_one_future_to_the_next_and_the_rest_is_settled(restarts: bool) -> None:
    world = World()
    front, back = (world.find(local_symbol=name) for name in ("ESZ6", "ESH7"))
    world.send(1, front, "BUY", 3)
    world.play(THURSDAY.open_ns + 5 * MINUTE_NS)
    if restarts:
        world.restart()
    world.send(2, front, "SELL", 2)
    world.send(3, back, "BUY", 2)
    world.play(THURSDAY.close_ns - MINUTE_NS)
    assert world.held() == {"ESZ6": 1, "ESH7": 2}
    price = world.venue.portfolio("DU1")[0].market_price
    if restarts:
        world.restart()
    world.play(THURSDAY.close_ns)
    world.play(FRIDAY.open_ns + MINUTE_NS)
    assert world.held() == {"ESH7": 2}
    assert price is not None
    world.send(4, front, "BUY", 1)
    assert [event.code for event in world.events if isinstance(event, ErrorEvent)][-1] == 200


def test_a_venue_that_was_down_over_an_expiry_settles_what_it_held() -> None:
    world = World()
    world.send(1, world.find(local_symbol="ESZ6"), "BUY", 1)
    world.play(THURSDAY.close_ns)
    assert world.held() == {"ESZ6": 1}
    world.restart(session_on(2026, 12, 22).open_ns)
    world.play(world.now_ns + MINUTE_NS)
    assert world.held() == {}


def test_an_order_that_waits_for_a_future_it_does_not_hold_survives_a_restart() -> None:
    world = World()
    front = world.find(local_symbol="ESH7")
    world.play(THURSDAY.open_ns + MINUTE_NS)
    waits = Condition(kind=ConditionKind.PRICE, con_id=front.con_id, is_more=True, price=1.0)
    spy = world.find(symbol="SPY")
    world.send(
        1, spy, "BUY", 10, conditions=(Condition(kind=ConditionKind.PRICE, con_id=front.con_id, price=99_999.0), waits)
    )
    world.restart()
    world.play(THURSDAY.open_ns + 3 * MINUTE_NS)
    assert world.fills() == []
    changed = OrderRequest(contract=spy, action="BUY", quantity=10, order_type="MKT", conditions=(waits,))
    world.events += world.venue.place(1, 1, changed, world.now_ns)
    world.play(THURSDAY.open_ns + 5 * MINUTE_NS)
    assert world.fills() == [("SPY", 10)]


def test_an_option_in_the_money_becomes_shares_when_it_ends() -> None:
    world = World()
    chain = world.market.option_chain("SPY", world.now_ns)
    assert chain is not None
    named = {"symbol": "SPY", "sec_type": "OPT", "last_trade_date": "20261218", "right": "C"}
    deep, far = (world.find(**named, strike=strike) for strike in (chain.strikes[0], chain.strikes[-1]))
    world.send(1, deep, "BUY", 1)
    world.send(2, far, "BUY", 1)
    world.play(THURSDAY.open_ns + 2 * MINUTE_NS)
    assert sorted(world.held().values()) == [1, 1]
    world.play(FRIDAY.close_ns)
    assert world.held() == {"SPY": 100}


def test_a_week_of_daily_trading_is_the_same_every_time_and_over_restarts() -> None:
    def week(restarts: bool) -> tuple[list[tuple[str, float]], float]:
        world = World(session_on(2026, 11, 23).open_ns - MINUTE_NS)
        spy = world.find(symbol="SPY")
        sessions = [CALENDAR.session(session_on(2026, 11, 23).index + step) for step in range(4)]
        assert sessions[-1].date == date(2026, 11, 27)
        assert sessions[-1].is_early_close
        for number, session in enumerate(sessions):
            world.play(session.open_ns - MINUTE_NS)
            world.send(3 * number + 1, spy, "BUY", 100, tif="OPG")
            world.play(session.open_ns + MINUTE_NS)
            close = OrderRequest(contract=spy, action="SELL", quantity=100, order_type="MOC")
            world.events += world.venue.place(1, 3 * number + 2, close, world.now_ns)
            if restarts:
                world.restart()
            world.play(session.close_ns)
            assert world.held() == {}
        fills = [
            (f"{CALENDAR.local(event.execution.time_ns):%d %H:%M} {event.execution.side}", event.execution.price)
            for event in world.events
            if isinstance(event, ExecutionEvent)
        ]
        return fills, world.venue.account_values("DU1").cash

    once = week(restarts=False)
    assert [fill[0] for fill in once[0]] == [
        "23 09:30 BOT", "23 16:00 SLD", "24 09:30 BOT", "24 16:00 SLD",
        "25 09:30 BOT", "25 16:00 SLD", "27 09:30 BOT", "27 13:00 SLD",
    ]  # fmt: skip
    assert week(restarts=False) == once
    assert week(restarts=True) == once


def test_a_currency_that_nobody_prints_is_valued_at_the_middle_of_its_quote() -> None:
    world = World()
    euro = world.find(symbol="EUR", sec_type="CASH")
    world.send(1, euro, "BUY", 20_000)
    middle = 0.0
    for until in (THURSDAY.open_ns + MINUTE_NS, THURSDAY.close_ns - MINUTE_NS):
        world.play(until)
        quote = world.market.quote(euro.con_id)
        row = world.venue.position("DU1", euro.con_id)
        assert quote is not None
        assert row is not None
        middle = (quote.bid + quote.ask) / 2
        assert row.market_price == pytest.approx(middle, abs=1e-6)
    world.play(THURSDAY.close_ns + MINUTE_NS)
    world.restart()
    kept = world.venue.position("DU1", euro.con_id)
    assert kept is not None
    assert kept.market_price == pytest.approx(middle, abs=0.001)


@pytest.mark.parametrize("monday", [date(2026, 3, 9), date(2026, 11, 2)])
def test_sessions_and_days_keep_the_exchanges_hours_when_the_clocks_change(monday: date) -> None:
    after = session_on(monday.year, monday.month, monday.day)
    before = CALENDAR.session(after.index - 1)
    assert (after.open_ns - before.open_ns) % (24 * 60 * MINUTE_NS) != 0
    world = World(before.open_ns - MINUTE_NS)
    spy = world.find(symbol="SPY")
    for number, session in enumerate((before, after)):
        world.play(session.open_ns - MINUTE_NS)
        world.send(2 * number + 1, spy, "BUY", 100, tif="OPG")
        world.play(session.open_ns + MINUTE_NS)
        close = OrderRequest(contract=spy, action="SELL", quantity=100, order_type="MOC")
        world.events += world.venue.place(1, 2 * number + 2, close, world.now_ns)
        midnight = CALENDAR.midnight_after(session.close_ns)
        world.play(midnight - 1)
        assert len(world.venue.executions(ExecutionFilter())) == 2
        world.play(midnight)
        assert world.venue.executions(ExecutionFilter()) == []
    times = [event.execution.time_ns for event in world.events if isinstance(event, ExecutionEvent)]
    assert [f"{CALENDAR.local(ns):%H:%M}" for ns in times] == ["09:30", "16:00", "09:30", "16:00"]


def test_the_venue_without_a_lookup_still_restores_what_it_can() -> None:
    world = World()
    world.play(THURSDAY.open_ns + MINUTE_NS)
    world.send(1, world.find(symbol="SPY"), "BUY", 10)
    details = world.market.contract_details(world.find(symbol="SPY"), world.now_ns)
    venue = Venue(config=CONFIG, calendar=CALENDAR, instruments=details, state=world.venue.to_state())
    assert [row.quantity for row in venue.positions()] == [10]
