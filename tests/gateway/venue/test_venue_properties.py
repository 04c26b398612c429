"""Whatever clients and the market do, the venue's books conserve and no order gets what it did not ask for.

An independent bookkeeper in exact fractions follows the event stream alone and must agree with the venue; an auditor
checks every fill against the order, the quote and the tape it traded on.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import ACCOUNT, CALENDAR, DETAILS, NOON, QQQ, SPY, of_kind, order
from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.venue.condition import Condition, ConditionKind
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import (
    CommissionEvent,
    ErrorEvent,
    ExecutionEvent,
    OpenOrderEvent,
    OrderStatusEvent,
    VenueEvent,
)
from tradetui.gateway.venue.exposure import counts, own_price
from tradetui.gateway.venue.fees import CommissionSchedule
from tradetui.gateway.venue.model import Execution, ExecutionFilter, Liquidity, OrderRequest
from tradetui.gateway.venue.venue import Venue

CONTRACTS = (SPY, QQQ)
START_CASH = 1_000_000
PRICES = st.integers(9_900, 10_100).map(lambda cents: cents / 100)


@dataclass(frozen=True)
class Quoted:
    contract: int
    bid: float
    spread: int
    bid_size: int
    ask_size: int


@dataclass(frozen=True)
class Printed:
    contract: int
    price: float
    size: int


@dataclass(frozen=True)
class Placed:
    client: int
    request: OrderRequest
    child_of_latest: bool
    change_of: int | None


@dataclass(frozen=True)
class Cancelled:
    client: int
    back: int


@dataclass(frozen=True)
class Passed:
    seconds: int


Action = Quoted | Printed | Placed | Cancelled | Passed


KINDS = ["MKT", "LMT", "LMT", "STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT", "MOC", "LOC", "REL", "MIDPRICE"]
ANY_TIME = ["DAY", "GTC", "GTD"]


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    return Condition(
        kind=draw(st.sampled_from(ConditionKind)),
        and_next=draw(st.booleans()),
        is_more=draw(st.booleans()),
        con_id=draw(st.sampled_from(CONTRACTS)).con_id,
        price=draw(PRICES),
        trigger_method=draw(st.sampled_from([0, 1, 2, 3, 4, 7, 8])),
        time_ns=NOON + draw(st.integers(-100, 30_000)) * SECOND_NS,
        percent=draw(st.integers(-2, 100)),
        volume=draw(st.integers(0, 1000)),
        symbol="SPY",
    )


@st.composite
def requests(draw: st.DrawFn) -> OrderRequest:
    kind = draw(st.sampled_from(KINDS))
    tif = draw(
        st.sampled_from({"MKT": [*ANY_TIME, "IOC", "FOK", "OPG"], "MOC": ["DAY"], "LOC": ["DAY"]}.get(kind, ANY_TIME))
    )
    if kind == "LMT":
        tif = draw(st.sampled_from([*ANY_TIME, "IOC", "FOK", "OPG"]))
    return order(
        draw(st.sampled_from(["BUY", "SELL"])),
        draw(st.integers(1, 700)),
        kind,
        limit=draw(PRICES) if kind in ("LMT", "STP LMT", "LIT", "LOC", "REL", "MIDPRICE") else None,
        stop=draw(st.integers(1, 50)) / 100
        if kind in ("TRAIL", "TRAIL LIMIT", "REL")
        else draw(PRICES)
        if kind in ("STP", "STP LMT", "MIT", "LIT")
        else None,
        limit_offset=draw(st.integers(0, 50)) / 100 if kind == "TRAIL LIMIT" else None,
        trigger_method=draw(st.sampled_from([0, 0, 1, 2, 3, 4, 7, 8])),
        contract=draw(st.sampled_from(CONTRACTS)),
        tif=tif,
        good_till=NOON + draw(st.integers(1, 90_000)) * SECOND_NS if tif == "GTD" else None,
        oca_group=draw(st.sampled_from(["", "", "", "g1", "g2"])),
        oca_type=draw(st.integers(1, 3)),
        transmit=draw(st.sampled_from([True, True, True, False])),
        all_or_none=draw(st.sampled_from([False, False, False, True])),
        outside_rth=draw(st.booleans()),
        conditions=tuple(draw(st.lists(conditions(), max_size=2))) if draw(st.integers(0, 3)) == 0 else (),
        conditions_cancel=draw(st.booleans()),
        conditions_ignore_rth=draw(st.booleans()),
    )


ACTIONS = st.one_of(
    st.builds(
        Quoted,
        st.integers(0, 1),
        PRICES,
        st.integers(1, 5),
        st.integers(1, 4).map(lambda lots: lots * 100),
        st.integers(1, 4).map(lambda lots: lots * 100),
    ),
    st.builds(Printed, st.integers(0, 1), PRICES, st.integers(0, 300)),
    st.builds(Placed, st.integers(0, 2), requests(), st.booleans(), st.one_of(st.none(), st.integers(1, 3))),
    st.builds(Cancelled, st.integers(0, 2), st.integers(0, 4)),
    st.builds(Passed, st.sampled_from([1, 60, 7_200, 20_000, 90_000])),
)


@dataclass
class Books:
    """Position, average-cost basis, cash and realized profit in exact fractions, from executions and commissions."""

    cash: Fraction = Fraction(START_CASH)
    realized: Fraction = Fraction(0)
    quantity: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    basis: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def book(self, execution: Execution, commission: Fraction) -> None:
        sign = 1 if execution.side == "BOT" else -1
        price = Fraction(round(execution.price * 1_000_000), 1_000_000)
        shares = round(execution.shares)
        con_id = execution.contract.con_id
        self.cash -= sign * shares * price + commission
        per_share = commission / shares
        closing = min(shares, abs(self.quantity[con_id])) if sign * self.quantity[con_id] < 0 else 0
        if closing:
            average = self.basis[con_id] / self.quantity[con_id]
            self.realized += closing * (-sign) * (price - average) - closing * per_share
            self.basis[con_id] += sign * closing * average
        opening = shares - closing
        self.basis[con_id] += sign * opening * price + opening * per_share
        self.quantity[con_id] += sign * shares


class Run:
    """A venue under a list of actions, with everything it said."""

    def __init__(self) -> None:
        self.venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS)
        self.now_ns = NOON
        self.events: list[VenueEvent] = self.venue.advance(NOON)
        self.ids: dict[int, list[int]] = {client: [] for client in range(3)}

    def do(self, action: Action) -> list[VenueEvent]:
        events = self._do(action)
        self.events += events
        return events

    def _do(self, action: Action) -> list[VenueEvent]:
        match action:
            case Quoted():
                ask = round(action.bid + action.spread / 100, 2)
                con_id = CONTRACTS[action.contract].con_id
                return self.venue.on_quote(con_id, action.bid, ask, action.bid_size, action.ask_size, self.now_ns)
            case Printed():
                return self.venue.on_trade(CONTRACTS[action.contract].con_id, action.price, action.size, self.now_ns)
            case Placed():
                return self._place(action)
            case Cancelled():
                known = self.ids[action.client]
                order_id = known[-1 - action.back % len(known)] if known else 99
                return self.venue.cancel(action.client, order_id, self.now_ns)
            case Passed():
                self.now_ns += action.seconds * SECOND_NS
                return self.venue.advance(self.now_ns)

    def _place(self, action: Placed) -> list[VenueEvent]:
        known = self.ids[action.client]
        request = action.request
        if action.child_of_latest and known:
            request = replace(request, parent_id=known[-1])
        if action.change_of is not None and len(known) >= action.change_of:
            return self.venue.place(action.client, known[-action.change_of], request, self.now_ns)
        order_id = self.venue.next_order_id(action.client)
        known.append(order_id)
        return self.venue.place(action.client, order_id, request, self.now_ns)


# How fast a busy machine draws stories says nothing about the venue.
RUNS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STORIES = st.lists(ACTIONS, min_size=5, max_size=60)


@RUNS
@given(STORIES)
def test_cash_positions_profit_and_cost_agree_with_an_independent_bookkeeper(actions: list[Action]) -> None:
    run, books = Run(), Books()
    for action in actions:
        pending: Execution | None = None
        for event in run.do(action):
            if isinstance(event, ExecutionEvent):
                pending = event.execution
            elif isinstance(event, CommissionEvent) and pending is not None:
                before = books.realized
                books.book(pending, Fraction(round(event.report.commission * 1_000_000), 1_000_000))
                told = event.report.realized_pnl
                assert abs((told or 0.0) - float(books.realized - before)) < 1e-4
        values = run.venue.account_values(ACCOUNT)
        assert values.cash == float(books.cash)
        for row in run.venue.positions():
            assert row.quantity == books.quantity[row.contract.con_id]
            assert abs(row.avg_cost - float(books.basis[row.contract.con_id] / row.quantity)) < 1e-4
        assert {c for c, q in books.quantity.items() if q} == {row.contract.con_id for row in run.venue.positions()}
        assert values.net_liquidation == round(values.cash + values.stock_market_value, 6)


@RUNS
@given(STORIES)
def test_no_order_trades_through_its_limit_or_beyond_its_size(actions: list[Action]) -> None:
    run = Run()
    filled: dict[int, float] = defaultdict(float)
    for action in actions:
        latest: dict[int, OrderRequest] = {}
        for event in run.do(action):
            if isinstance(event, ExecutionEvent):
                filled[event.execution.perm_id] += event.execution.shares
                assert event.execution.cum_qty == filled[event.execution.perm_id]
            elif isinstance(event, OpenOrderEvent):
                shown = event.order
                latest[shown.perm_id] = shown.request
                assert shown.filled == filled[shown.perm_id]
                assert shown.filled + shown.remaining == shown.request.quantity
        for fill in (e.execution for e in of_kind(run.events, ExecutionEvent) if e.execution.perm_id in latest):
            limit = latest[fill.perm_id].limit_price
            if limit is not None and fill.cum_qty == filled[fill.perm_id]:
                assert fill.price <= limit if fill.side == "BOT" else fill.price >= limit


@RUNS
@given(STORIES)
def test_one_quote_is_traded_once_and_only_at_its_price_or_better_for_it(actions: list[Action]) -> None:
    run = Run()
    left: dict[tuple[int, str], float] = {}
    price: dict[tuple[int, str], float] = {}
    for action in actions:
        if isinstance(action, Quoted):
            con_id = CONTRACTS[action.contract].con_id
            left |= {(con_id, "BOT"): action.ask_size, (con_id, "SLD"): action.bid_size}
            price |= {(con_id, "BOT"): round(action.bid + action.spread / 100, 2), (con_id, "SLD"): action.bid}
        for event in of_kind(run.do(action), ExecutionEvent):
            fill = event.execution
            key = (fill.contract.con_id, fill.side)
            if fill.liquidity is Liquidity.REMOVED:
                assert fill.price == price[key]
                left[key] -= fill.shares
                assert left[key] >= 0


@RUNS
@given(STORIES)
def test_an_order_ends_once_and_nothing_is_told_of_it_afterwards(actions: list[Action]) -> None:
    run = Run()
    for action in actions:
        run.do(action)
    ended: set[int] = set()
    for event in run.events:
        if isinstance(event, OrderStatusEvent):
            assert event.order.perm_id not in ended
            if event.order.status.is_done:
                ended.add(event.order.perm_id)
        elif isinstance(event, ExecutionEvent):
            assert event.execution.perm_id not in ended
    working = {shown.perm_id for shown in run.venue.open_orders()}
    assert working.isdisjoint(ended)


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(9_800, 10_200), st.integers(1, 300)),
        st.tuples(st.just("print"), st.integers(9_800, 10_200), st.integers(1, 300)),
    ),
    max_size=40,
)


def move(venue: Venue, what: str, cents: int, size: int) -> list[VenueEvent]:
    if what == "quote":
        return venue.on_quote(SPY.con_id, cents / 100, (cents + 1) / 100, size, size, NOON)
    return venue.on_trade(SPY.con_id, cents / 100, size, NOON)


@RUNS
@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(9_800, 10_200), st.booleans()), min_size=2, max_size=4),
    st.integers(1, 3),
    MOVES,
)
def test_an_oca_group_is_filled_once_in_all(
    legs: list[tuple[int, int, bool]], oca_type: int, moves: list[tuple[str, int, int]]
) -> None:
    venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS)
    venue.advance(NOON)
    for order_id, (size, cents, is_stop) in enumerate(legs, start=1):
        kind, price = ("STP", "stop") if is_stop else ("LMT", "limit")
        request = order("SELL", size, kind, oca_group="exit", oca_type=oca_type, **{price: cents / 100})  # type: ignore[arg-type]
        venue.place(1, order_id, request, NOON)
    shares: dict[int, float] = defaultdict(float)
    for what, cents, size in moves:
        for event in of_kind(move(venue, what, cents, size), ExecutionEvent):
            shares[event.execution.order_id] += event.execution.shares
    assert sum(Fraction(round(shares.get(i, 0)), size) for i, (size, _, _) in enumerate(legs, start=1)) <= 1
    if oca_type == 1:
        assert len(shares) <= 1
    if any(shares.get(i) == size for i, (size, _, _) in enumerate(legs, start=1)):
        assert venue.open_orders() == []


@RUNS
@given(st.integers(1, 500), st.integers(9_900, 10_000), MOVES, st.integers(0, 40))
def test_a_bracket_never_turns_the_position_around_or_leaves_it_unprotected(
    size: int, entry: int, moves: list[tuple[str, int, int]], cancel_at: int
) -> None:
    venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS)
    venue.advance(NOON)
    venue.place(1, 1, order("BUY", size, "LMT", limit=entry / 100, transmit=False), NOON)
    venue.place(1, 2, order("SELL", size, "LMT", limit=entry / 100 + 1, parent_id=1, transmit=False), NOON)
    venue.place(1, 3, order("SELL", size, "STP", stop=entry / 100 - 1, parent_id=1), NOON)
    for step, (what, cents, shown) in enumerate(moves):
        if step == cancel_at:
            venue.cancel(1, 1, NOON)
        move(venue, what, cents, shown)
        held = sum(row.quantity for row in venue.positions())
        stops = sum(o.remaining for o in venue.open_orders() if o.order_id == 3)
        assert 0 <= held <= stops


@RUNS
@given(STORIES)
def test_commissions_of_an_order_add_up_to_the_schedule(actions: list[Action]) -> None:
    run = Run()
    for action in actions:
        if not (isinstance(action, Passed) and action.seconds > 7_200):
            run.do(action)
    charged: dict[int, float] = defaultdict(float)
    units: dict[int, float] = defaultdict(float)
    value: dict[int, float] = defaultdict(float)
    of_exec = {e.execution.exec_id: e.execution for e in of_kind(run.events, ExecutionEvent)}
    for event in of_kind(run.events, CommissionEvent):
        execution = of_exec[event.report.exec_id]
        assert event.report.commission >= 0
        charged[execution.perm_id] += event.report.commission
        units[execution.perm_id] += execution.shares
        value[execution.perm_id] += execution.shares * round(execution.price * 1_000_000)
    for perm_id, total in charged.items():
        assert round(total * 1_000_000) == CommissionSchedule().fee(round(units[perm_id]), round(value[perm_id]))


@RUNS
@given(STORIES, STORIES)
def test_a_restored_venue_answers_and_goes_on_like_the_original(before: list[Action], after: list[Action]) -> None:
    run = Run()
    for action in before:
        run.do(action)
    # A restart forgets quotes and queue places, as a close does; nothing else may differ.
    for contract in CONTRACTS:
        run.venue.void_quote(contract.con_id)
    copy = Run()
    state = json.loads(json.dumps(run.venue.to_state()))
    copy.venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS, state=state)
    copy.now_ns, copy.ids = run.now_ns, {client: list(ids) for client, ids in run.ids.items()}
    assert copy.venue.to_state() == run.venue.to_state()
    assert answers(copy.venue) == answers(run.venue)
    for number in range(2):
        quote = Quoted(number, 100.0, 1, 100, 100)
        assert copy.do(quote) == run.do(quote)
    for action in after:
        assert copy.do(action) == run.do(action)
    assert answers(copy.venue) == answers(run.venue)


def answers(venue: Venue) -> list[object]:
    return [
        venue.open_orders(),
        venue.completed_orders(),
        venue.executions(ExecutionFilter()),
        venue.portfolio(ACCOUNT),
        list(venue.account_rows(ACCOUNT)),
        [venue.next_order_id(client) for client in range(3)],
    ]


@RUNS
@given(STORIES)
def test_the_running_credit_totals_equal_a_count_over_all_working_orders(actions: list[Action]) -> None:
    run = Run()
    for action in actions:
        run.do(action)
        floor = run.venue._floor
        for con_id, tally in floor.exposures.of(ACCOUNT).items():
            counted = [o for o in floor.orders.working() if o.con_id == con_id and counts(o)]
            assert tally.bought == sum(o.leaves for o in counted if o.side > 0)
            assert tally.sold == sum(o.leaves for o in counted if o.side < 0)
            assert tally.price() == max((own_price(o) for o in counted if o.side > 0), default=0)


@RUNS
@given(STORIES)
def test_the_same_calls_cause_the_same_events(actions: list[Action]) -> None:
    one, two = Run(), Run()
    assert [one.do(action) for action in actions] == [two.do(action) for action in actions]


@RUNS
@given(STORIES)
def test_every_refusal_is_addressed_to_the_client_that_asked(actions: list[Action]) -> None:
    run = Run()
    for action in actions:
        for event in run.do(action):
            if isinstance(event, ErrorEvent) and isinstance(action, Placed) and event.code not in (201, 202, 399, 2109):
                assert event.client_id == action.client
