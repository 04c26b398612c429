"""Brackets and OCA groups under any market, changes, cancels and restarts: never unprotected, never filled twice."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from fractions import Fraction

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import ACCOUNT, CALENDAR, DETAILS, NOON, QQQ, SPY, of_kind, order
from tests.gateway.venue.restarts import restarted
from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import ExecutionEvent, VenueEvent
from tradetui.gateway.venue.model import OrderRequest, VenueOrder
from tradetui.gateway.venue.venue import Venue

RUNS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CENTS = st.integers(9_700, 10_300)
SIZES = st.integers(1, 300)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), CENTS, SIZES),
        st.tuples(st.just("print"), CENTS, SIZES),
        st.tuples(st.just("cancel parent"), st.just(0), st.just(0)),
        st.tuples(st.just("cancel target"), st.just(0), st.just(0)),
        st.tuples(st.just("move stop"), CENTS, st.just(0)),
        st.tuples(st.just("move target"), CENTS, st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
        st.tuples(st.just("wait"), st.sampled_from([1, 60, 3_600]), st.just(0)),
    ),
    max_size=40,
)
PARENT, TARGET, STOP = 1, 2, 3


class Bracket:
    """A buy for `size` with its target and its stop, sent one by one, each perhaps in another life of the venue."""

    def __init__(self, size: int, entry: int, config: VenueConfig, *, at_market: bool, oca_type: int) -> None:
        self.config = config
        self.venue = Venue(config=config, calendar=CALENDAR, instruments=DETAILS)
        self.now_ns = NOON
        self.venue.advance(NOON)
        kind, price = ("MKT", None) if at_market else ("LMT", entry / 100)
        name = "bracket" if oca_type else ""
        self.parts: dict[int, OrderRequest] = {
            PARENT: order("BUY", size, kind, limit=price, transmit=False, tif="GTC"),
            TARGET: order(
                "SELL", size, "LMT", limit=entry / 100 + 1, parent_id=1, transmit=False, tif="GTC",
                oca_group=name, oca_type=oca_type,
            ),
            STOP: order(
                "SELL", size, "STP", stop=entry / 100 - 1, parent_id=1, tif="GTC", oca_group=name, oca_type=oca_type
            ),
        }  # fmt: skip
        self.sent: set[int] = set()

    def send(self, part: int) -> None:
        self.sent.add(part)
        self.venue.place(1, part, self.parts[part], self.now_ns)

    def shown(self, part: int) -> VenueOrder | None:
        return next((each for each in self.venue.open_orders() if each.order_id == part), None)

    def do(self, what: str, number: int, size: int) -> None:
        match what:
            case "quote":
                self.venue.on_quote(SPY.con_id, number / 100, (number + 1) / 100, size, size, self.now_ns)
            case "print":
                self.venue.on_trade(SPY.con_id, number / 100, size, self.now_ns)
            case "cancel parent":
                self.venue.cancel(1, PARENT, self.now_ns)
            case "cancel target":
                self.venue.cancel(1, TARGET, self.now_ns)
            case "move stop":
                self._change(STOP, number / 100)
            case "move target":
                self._change(TARGET, number / 100)
            case "restart":
                self.venue = restarted(self.venue, self.config)
            case _:
                self.now_ns += number * SECOND_NS
                self.venue.advance(self.now_ns)

    def _change(self, part: int, price: float) -> None:
        """As client libraries do it: what was last told of the order, with one field changed."""
        known = self.shown(part)
        if known is not None:
            request = (
                replace(known.request, limit_price=price) if part == TARGET else replace(known.request, aux_price=price)
            )
            self.venue.place(1, part, request, self.now_ns)

    def check(self) -> None:
        held = sum(row.quantity for row in self.venue.positions())
        assert held >= 0
        stop = self.shown(STOP)
        if STOP in self.sent:
            assert held <= (stop.remaining if stop else 0)
        if self.shown(PARENT) is None and PARENT in self.sent and STOP in self.sent:
            # The parent is done: what still works protects exactly what is held.
            for part in (TARGET, STOP):
                child = self.shown(part)
                assert child is None or child.remaining == held


@RUNS
@given(
    st.integers(1, 500),
    st.integers(9_900, 10_000),
    STEPS,
    st.lists(st.integers(0, 6), min_size=2, max_size=2),
    st.booleans(),
    st.sampled_from([0, 2, 3]),
)
def test_a_bracket_protects_what_it_bought_whatever_happens_between_and_after_its_parts(
    size: int,
    entry: int,
    steps: list[tuple[str, int, int]],
    gaps: list[int],
    at_market: bool,
    oca_type: int,
) -> None:
    bracket = Bracket(size, entry, VenueConfig(), at_market=at_market, oca_type=oca_type)
    bracket.send(PARENT)
    for step, (what, number, shown) in enumerate(steps):
        if step == gaps[0]:
            bracket.send(TARGET)
        if step == gaps[0] + gaps[1]:
            if TARGET not in bracket.sent:
                bracket.send(TARGET)
            bracket.send(STOP)
        bracket.do(what, number, shown)
        bracket.check()


@RUNS
@given(st.integers(100, 500), STEPS)
def test_a_bracket_whose_parent_is_rejected_never_trades(size: int, steps: list[tuple[str, int, int]]) -> None:
    poor = VenueConfig(starting_cash={ACCOUNT: 100.0})
    bracket = Bracket(size, 10_000, poor, at_market=False, oca_type=0)
    bracket.venue.set_reference_price(SPY.con_id, 100.0)
    for part in (PARENT, TARGET, STOP):
        bracket.send(part)
    assert bracket.venue.open_orders() == []
    for what, number, shown in steps:
        bracket.do(what, number, shown)
        assert bracket.venue.positions() == []


LEGS = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 400),
        st.sampled_from(["LMT", "STP", "MIT", "TRAIL", "MKT", "MOC"]),
        CENTS,
        st.booleans(),
    ),
    min_size=2,
    max_size=5,
)


@RUNS
@given(LEGS, st.integers(1, 3), STEPS, st.booleans())
def test_an_oca_group_fills_once_in_all_across_instruments_auctions_and_restarts(
    legs: list[tuple[str, int, str, int, bool]], oca_type: int, steps: list[tuple[str, int, int]], to_close: bool
) -> None:
    venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS)
    events: list[VenueEvent] = list(venue.advance(NOON))
    now_ns = NOON
    for number, (action, size, kind, cents, other) in enumerate(legs, start=1):
        price = cents / 100
        request = order(
            action,
            size,
            kind,
            limit=price if kind == "LMT" else None,
            stop=0.5 if kind == "TRAIL" else price if kind in ("STP", "MIT") else None,
            contract=QQQ if other else SPY,
            oca_group="one",
            oca_type=oca_type,
        )
        events += venue.place(1, number, request, NOON)
    for what, number, size in steps:
        if what == "restart":
            venue = restarted(venue)
        elif what == "wait":
            now_ns += number * SECOND_NS
            events += venue.advance(now_ns)
        else:
            con_id = (SPY, QQQ)[size % 2].con_id
            if what == "quote":
                events += venue.on_quote(con_id, number / 100, (number + 1) / 100, size, size, now_ns)
            elif what == "print":
                events += venue.on_trade(con_id, number / 100, size, now_ns)
    if to_close:
        events += venue.advance(now_ns + 6 * 3_600 * SECOND_NS)
    shares: dict[int, float] = defaultdict(float)
    for event in of_kind(events, ExecutionEvent):
        shares[event.execution.order_id] += event.execution.shares
    filled = {number: Fraction(round(shares[number]), legs[number - 1][1]) for number in shares}
    assert sum(filled.values()) <= 1
    if oca_type == 1:
        assert len(filled) <= 1
    if any(share == 1 for share in filled.values()):
        assert venue.open_orders() == []


@RUNS
@given(st.integers(2, 200), st.integers(2, 200), st.integers(1, 3), SIZES)
def test_two_of_a_group_hit_by_one_print_and_one_quote_share_it(one: int, two: int, oca_type: int, size: int) -> None:
    assume(one != two)
    venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=DETAILS)
    venue.advance(NOON)
    venue.on_quote(SPY.con_id, 99.0, 99.5, 100, 100, NOON)
    for number, quantity in enumerate((one, two), start=1):
        request = order("SELL", quantity, "LMT", limit=100.0, oca_group="one", oca_type=oca_type)
        venue.place(1, number, request, NOON)
    events = venue.on_trade(SPY.con_id, 101.0, size, NOON)
    events += venue.on_quote(SPY.con_id, 100.5, 100.6, size, size, NOON)
    shares: dict[int, float] = defaultdict(float)
    for event in of_kind(events, ExecutionEvent):
        shares[event.execution.order_id] += event.execution.shares
    assert shares[1] / one + shares[2] / two <= 1 + 1e-12
