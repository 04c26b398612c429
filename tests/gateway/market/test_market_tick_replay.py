"""Files of trades and quotes are played row by row, and what they lack is made from what they have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.market.worlds import CALENDAR, FRIDAY, SPY, bars_of, session_on
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.assembly import make_venue
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.replay import ReplayMarket
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import ExecutionEvent
from tradetui.gateway.venue.model import OrderRequest

OPEN = FRIDAY.open_ns
MONDAY = session_on(2026, 11, 23)


def written(folder: Path, kind: str = "csv", **columns: Sequence[object]) -> Path:
    """A file of these columns; `time` in ns."""
    path = folder / f"ticks.{kind}"
    times = pa.array(columns.pop("time"), pa.int64()).cast(pa.timestamp("ns", "UTC"))
    count = len(times)
    table = pa.table({"symbol": columns.pop("symbol", ["SPY"] * count), "time": times, **columns})
    if kind == "csv":
        text = [datetime.fromtimestamp(ns / 1e9, UTC).isoformat() for ns in times.cast(pa.int64()).to_pylist()]
        pc.write_csv(table.set_column(1, "time", pa.array(text)), path)
    else:
        pq.write_table(table, path)
    return path


def market(path: Path) -> ReplayMarket:
    return ReplayMarket(path, calendar=CALENDAR)


def events(path: Path) -> list[MarketEvent]:
    return list(market(path).events_until(MONDAY.close_ns))


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_trades_are_played_as_they_are_with_quotes_that_they_lift_or_hit(tmp_path: Path, kind: str) -> None:
    time = [OPEN, OPEN + SECOND_NS, OPEN + SECOND_NS, OPEN + 61 * SECOND_NS]
    path = written(tmp_path, kind, time=time, price=[600.0, 600.02, 600.01, 599.5], size=[100, 7, 200, 0])
    played = events(path)
    trades = [event for event in played if isinstance(event, Trade)]
    assert [(t.time_ns, t.price, t.size) for t in trades] == list(
        zip(time, [600.0, 600.02, 600.01, 599.5], [100, 7, 200, 0], strict=True)
    )
    book: Quote | None = None
    for event in played:
        if isinstance(event, Quote):
            book = event
            continue
        assert book is not None
        assert event.price in (book.bid, book.ask)
        assert round(book.ask - book.bid, 6) == 0.01


def test_bars_are_what_the_trades_add_up_to(tmp_path: Path) -> None:
    time = [OPEN + step * 7 * SECOND_NS for step in range(40)]
    prices = [600.0 + (step * 7 % 11) / 100 for step in range(40)]
    path = written(tmp_path, time=time, price=prices, size=[step * 10 for step in range(40)])
    replay = market(path)
    played = list(replay.events_until(FRIDAY.close_ns))
    for size, seconds in (("1 min", 60), ("30 secs", 30)):
        bars = replay.history(
            SPY,
            end_ns=FRIDAY.close_ns,
            duration="1 D",
            bar_size=size,
            what="TRADES",
            use_rth=True,
            now_ns=FRIDAY.close_ns,
        )
        assert [[b.open, b.high, b.low, b.close, b.volume] for b in bars] == list(
            bars_of(played, SPY, seconds).values()
        )
    assert replay.day_stats(SPY).volume == sum(range(0, 400, 10))


def test_without_trades_the_last_price_follows_the_middle_of_the_quote(tmp_path: Path) -> None:
    time = [OPEN + 1, OPEN + 2, OPEN + 3, MONDAY.open_ns]
    path = written(
        tmp_path,
        "parquet",
        time=time,
        bid=[600.0, 600.0, 600.01, 600.01],
        ask=[600.02, 600.02, 600.04, 600.04],
        bid_size=[100, 200, 300, 400],
        ask_size=[500, 600, 700, 800],
    )
    played = events(path)
    quotes = [event for event in played if isinstance(event, Quote)]
    assert [(q.time_ns, q.bid_size, q.ask_size) for q in quotes] == list(
        zip(time, [100, 200, 300, 400], [500, 600, 700, 800], strict=True)
    )
    prints = [(event.time_ns, event.price, event.size) for event in played if isinstance(event, Trade)]
    assert prints == [(OPEN + 1, 600.01, 0), (OPEN + 3, 600.025, 0), (MONDAY.open_ns, 600.025, 0)]


def test_a_file_of_both_is_played_row_by_row_and_orders_trade_against_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "parquet",
        time=[OPEN + 10, OPEN + 10, OPEN + MINUTE_NS, OPEN + 2 * MINUTE_NS],
        price=[None, 600.01, None, 599.0],
        size=[None, 100, None, 1000],
        bid=[600.0, None, 599.5, None],
        ask=[600.01, None, 599.52, None],
        bid_size=[300, None, 50, None],
        ask_size=[400, None, 40, None],
    )
    assert [type(event).__name__ for event in events(path)] == ["Quote", "Trade", "Quote", "Trade"]
    replay = market(path)
    venue = make_venue(replay, VenueConfig())
    fills = []
    for event in replay.events_until(FRIDAY.close_ns):
        if isinstance(event, Quote):
            told = venue.on_quote(SPY, event.bid, event.ask, event.bid_size, event.ask_size, event.time_ns)
        else:
            told = venue.on_trade(SPY, event.price, event.size, event.time_ns)
        fills += [each.execution for each in told if isinstance(each, ExecutionEvent)]
        if event.time_ns == OPEN + 10 and isinstance(event, Trade):
            request = OrderRequest(
                contract=replay.contracts()[0], action="BUY", quantity=100, order_type="LMT", limit_price=599.6
            )
            venue.place(1, 1, request, event.time_ns)
    assert [(fill.shares, fill.price, fill.time_ns) for fill in fills] == [
        (40, 599.6, OPEN + MINUTE_NS),
        (60, 599.6, OPEN + 2 * MINUTE_NS),
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 90 * 60), st.integers(1, 100_000), st.integers(0, 5_000)), min_size=1, max_size=60
    ),
    st.lists(st.integers(0, 120 * 60), max_size=5),
)
def test_any_trades_come_out_whole_and_in_order_however_they_are_polled(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    path = written(
        tmp_path_factory.mktemp("ticks"),
        "parquet",
        time=[OPEN + second * SECOND_NS for second, _, _ in rows],
        price=[cents / 100 for _, cents, _ in rows],
        size=[size for _, _, size in rows],
    )
    replay = market(path)
    seen = [event for cut in sorted(cuts) for event in replay.events_until(OPEN + cut * SECOND_NS)]
    seen += replay.events_until(FRIDAY.close_ns)
    trades = [((t.time_ns - OPEN) // SECOND_NS, round(t.price * 100), t.size) for t in seen if isinstance(t, Trade)]
    assert trades == rows
    assert all(event.bid < event.ask for event in seen if isinstance(event, Quote))


GOOD_QUOTE: dict[str, Sequence[object]] = {"bid": [1.0], "ask": [1.01], "bid_size": [1], "ask_size": [1]}


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"time": [OPEN], "price": [1.0]}, "column size is missing; a trade file needs symbol, time, price, size"),
        ({"time": [OPEN], "bid": [1.0], "bid_size": [1]}, "column ask, ask_size is missing; a quote file needs"),
        ({"time": [OPEN], "price": [-1.0], "size": [1]}, "row 1 .*: price -1 is not a positive number; correct"),
        ({"time": [OPEN], "price": [1.0], "size": [1.5]}, "size 1.5 is not a whole number of shares; correct"),
        ({"time": [OPEN], **GOOD_QUOTE, "bid": [2.0]}, "bid 2 is above ask 1.01; correct the prices"),
        ({"time": [OPEN], **GOOD_QUOTE, "ask_size": [-1]}, "ask_size -1 is not a whole number"),
        ({"time": [OPEN - 1], "price": [1.0], "size": [1]}, "the time lies outside the regular sessions of XNYS"),
        ({"time": [FRIDAY.close_ns], "price": [1.0], "size": [1]}, "the time lies outside the regular sessions"),
        ({"time": [OPEN + 2, OPEN + 1], "price": [1.0, 1.0], "size": [1, 1]}, "row 2 .*: time goes back; sort by"),
        ({"time": [OPEN], "price": [1.0], "size": [1], **GOOD_QUOTE}, "the row is a trade and a quote at once"),
        ({"time": [OPEN], "price": [None], "size": [None], **GOOD_QUOTE}, "SPY has quotes but no trade; add trades"),
        ({"time": [OPEN], "price": ["x"], "size": [1]}, "price 'x' is not a number; write a number"),
        ({"time": [], "price": [], "size": []}, "the file has no rows; export at least one session of trades"),
    ],
)
def test_an_unsound_file_is_refused_by_row_with_the_remedy(
    tmp_path: Path, columns: dict[str, Sequence[object]], line: str
) -> None:
    with pytest.raises(OperatorError, match=line):
        market(written(tmp_path, "parquet", **columns))
