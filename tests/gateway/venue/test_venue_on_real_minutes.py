"""On real minutes, fills lie where the market was, and a day's trading leaves the books exact."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tests.gateway.venue.floorplan import ACCOUNT, CALENDAR, SPY, of_kind, order
from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.market.events import Quote
from tradetui.gateway.market.replay import ReplayMarket
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import CommissionEvent, ExecutionEvent, VenueEvent
from tradetui.gateway.venue.venue import Venue

DAYS = 3
SIZES = (100, 700, 40, 250, 1_000)


def feed(market: ReplayMarket, venue: Venue, until_ns: int) -> list[VenueEvent]:
    caused: list[VenueEvent] = []
    for event in market.events_until(until_ns):
        if isinstance(event, Quote):
            caused += venue.on_quote(event.con_id, event.bid, event.ask, event.bid_size, event.ask_size, event.time_ns)
        else:
            caused += venue.on_trade(event.con_id, event.price, event.size, event.time_ns)
    return caused + venue.advance(until_ns)


def test_fills_lie_inside_the_minutes_they_happened_in_and_the_books_stay_exact(shared_dir: Path) -> None:
    market = ReplayMarket(shared_dir / "data" / "etf_1m_yahoo.parquet", calendar=CALENDAR, symbols=("SPY",))
    details = market.contract_details(SPY, market.start_ns)
    venue = Venue(config=VenueConfig(), calendar=CALENDAR, instruments=details)
    first = CALENDAR.current_or_next(market.start_ns)
    events = feed(market, venue, first.open_ns)
    for day in range(DAYS):
        session = CALENDAR.session(first.index + day)
        for step, end in enumerate(session.bar_ends(60)[:-1]):
            events += feed(market, venue, end)
            if step % 7 == 0:
                side = "BUY" if step % 2 == 0 else "SELL"
                request = order(side, SIZES[step % 5], contract=SPY)
                events += venue.place(1, venue.next_order_id(1), request, end)
        events += feed(market, venue, session.close_ns)
    fills = [event.execution for event in of_kind(events, ExecutionEvent)]
    minutes = {
        bar.start_ns: bar
        for bar in market.history(
            SPY.con_id,
            end_ns=market.last_ns,
            duration="2 M",
            bar_size="1 min",
            what="TRADES",
            use_rth=True,
            now_ns=market.last_ns,
        )
    }
    assert len(fills) > 150
    for fill in fills:
        # A market order sent at a bar's end meets the last quote of that bar.
        around = [minutes.get((fill.time_ns - back) // MINUTE_NS * MINUTE_NS) for back in (0, 1, MINUTE_NS)]
        known = [bar for bar in around if bar is not None]
        assert min(bar.low for bar in known) - 0.03 <= fill.price <= max(bar.high for bar in known) + 0.03
    signed = [(1 if f.side == "BOT" else -1, f.shares, Fraction(round(f.price * 100), 100)) for f in fills]
    fees = sum(Fraction(round(e.report.commission * 1_000_000), 1_000_000) for e in of_kind(events, CommissionEvent))
    assert venue.account_values(ACCOUNT).cash == float(1_000_000 - sum(s * n * p for s, n, p in signed) - fees)
    assert sum(row.quantity for row in venue.positions()) == sum(s * n for s, n, _ in signed)
