"""A replayed file trades exactly its own bars, and an unsound file is refused by name, row, reason and remedy."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.market.worlds import CALENDAR, FRIDAY, HALF_DAY, SPY, bars_of
from tradetui.domain.clock import MINUTE_NS, to_datetime
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.events import Quote
from tradetui.gateway.market.replay import ReplayMarket

HEADER = "symbol,end,open,high,low,close,volume\n"
GOOD = (
    "SPY,2026-11-20T14:31:00Z,500.00,500.50,499.90,500.10,1000\n"
    "SPY,2026-11-20T14:32:00Z,500.10,500.20,500.00,500.20,7\n"
    "QQQ,2026-11-20T14:31:00Z,400.00,400.00,400.00,400.00,0\n"
)


def write(folder: Path, text: str) -> Path:
    path = folder / "bars.csv"
    path.write_text(text)
    return path


def replay(path: Path, **kwargs: object) -> ReplayMarket:
    return ReplayMarket(path, calendar=CALENDAR, **kwargs)  # type: ignore[arg-type]


def test_a_csv_file_trades_its_bars_and_then_ends(tmp_path: Path) -> None:
    market = replay(write(tmp_path, HEADER + GOOD))
    assert [contract.symbol for contract in market.contracts()] == ["SPY", "QQQ"]
    assert market.start_ns == FRIDAY.open_ns - MINUTE_NS
    events = list(market.events_until(FRIDAY.close_ns))
    assert list(bars_of(events, SPY, 60).values()) == [
        [500.0, 500.5, 499.9, 500.1, 1000],
        [500.1, 500.2, 500.0, 500.2, 7],
    ]
    qqq = market.contracts()[1].con_id
    assert list(bars_of(events, qqq, 60).values()) == [[400.0, 400.0, 400.0, 400.0, 0]]
    assert market.next_event_ns() is None
    assert list(market.events_until(market.last_ns + 10**15)) == []


@st.composite
def minutes(draw: st.DrawFn) -> tuple[float, float, float, float, int]:
    low = draw(st.integers(1, 60_000))
    high = low + draw(st.integers(0, 40))
    decimals = draw(st.sampled_from([100, 1000, 10_000]))
    prices = [draw(st.integers(low, high)) for _ in range(2)]
    scale = [value / decimals for value in (prices[0], high, low, prices[1])]
    return scale[0], scale[1], scale[2], scale[3], draw(st.one_of(st.integers(0, 8), st.integers(0, 10**7)))


@settings(max_examples=40, deadline=None)
@given(st.lists(minutes(), min_size=2, max_size=12), st.integers(4, 40), st.integers(0, 2**32))
def test_any_bar_is_reproduced_exactly_with_any_number_of_trades(
    tmp_path_factory: pytest.TempPathFactory,
    bars: list[tuple[float, float, float, float, int]],
    trades: int,
    seed: int,
) -> None:
    path = tmp_path_factory.mktemp("replay") / "bars.parquet"
    columns = list(zip(*bars, strict=True))
    ends = [to_datetime(FRIDAY.open_ns + (row + 1) * MINUTE_NS) for row in range(len(bars))]
    table = pa.table(
        {
            "symbol": ["XYZ"] * len(bars),
            "end": pa.array(ends, pa.timestamp("us", "UTC")),
            **dict(zip(("open", "high", "low", "close", "volume"), columns, strict=True)),
        }
    )
    pq.write_table(table, path)
    market = replay(path, trades_per_minute=trades, seed=seed)
    con_id = market.contracts()[0].con_id
    events = list(market.events_until(FRIDAY.close_ns))
    assert list(bars_of(events, con_id, 60).values()) == [list(bar) for bar in bars]
    assert all(event.bid < event.ask for event in events if isinstance(event, Quote))
    shown = market.history(
        con_id,
        end_ns=FRIDAY.close_ns,
        duration="1 D",
        bar_size="1 min",
        what="TRADES",
        use_rth=True,
        now_ns=FRIDAY.close_ns,
    )
    assert [(b.open, b.high, b.low, b.close, b.volume) for b in shown] == bars


def test_real_minutes_are_streamed_and_remembered_to_the_last_bit(shared_dir: Path) -> None:
    path = shared_dir / "data" / "etf_1m_yahoo.parquet"
    market = replay(path, trades_per_minute=4)
    symbols = {contract.con_id: contract.symbol for contract in market.contracts()}
    assert symbols[SPY] == "SPY"
    rows = pq.read_table(path).to_pylist()
    events = list(market.events_until(market.last_ns))
    for con_id, symbol in symbols.items():
        wanted = [[r["open"], r["high"], r["low"], r["close"], r["volume"]] for r in rows if r["symbol"] == symbol]
        assert list(bars_of(events, con_id, 60).values()) == wanted
    half_day = market.history(
        next(con_id for con_id, symbol in symbols.items() if symbol == "QQQ"),
        end_ns=market.last_ns,
        duration="2 M",
        bar_size="1 day",
        what="TRADES",
        use_rth=True,
        now_ns=market.last_ns,
    )[-1]
    assert f"{CALENDAR.local(half_day.end_ns):%Y-%m-%d %H:%M}" == "2019-12-24 13:00"


def test_symbols_and_start_can_be_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + GOOD)
    market = replay(path, symbols=("SPY",), start_ns=FRIDAY.open_ns + MINUTE_NS)
    assert list(bars_of(market.events_until(FRIDAY.close_ns), SPY, 60).values()) == [[500.1, 500.2, 500.0, 500.2, 7]]
    assert market.day_stats(SPY).volume == 1007
    with pytest.raises(OperatorError, match=r"bars.csv has no IWM; it has SPY, QQQ"):
        replay(path, symbols=("IWM",))
    with pytest.raises(OperatorError, match="before the start asked for; start earlier"):
        replay(path, start_ns=HALF_DAY.open_ns)


def test_an_unknown_symbol_gets_a_contract_number_that_never_changes(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + GOOD.replace("SPY", "ZZZZ"))
    numbers = {replay(path).contracts()[0].con_id for _ in range(2)}
    assert len(numbers) == 1
    assert min(numbers) > 1_500_000_000


BAD = {
    "row 1: the symbol is empty; fill it in": GOOD.replace("SPY", "", 1),
    r"row 2 \(SPY 2026-11-20 14:32:00Z\): low 500.3 and high 500.2 do not enclose open and close": GOOD.replace(
        "500.20,500.00", "500.20,500.30"
    ),
    "row 1 .*: open 'abc' is not a number; write a number": GOOD.replace("500.00", "abc", 1),
    "row 3 .*: close is empty; write a number": GOOD.replace("400.00,400.00,0", "400.00,,0"),
    "row 1 .*: open 0 is not a positive number; correct": GOOD.replace("500.00,500.50", "0,500.50"),
    "row 2 .*: volume 7.5 is not a whole number of shares": GOOD.replace(",7\n", ",7.5\n"),
    "row 1 .*: volume -1000 is not a whole number": GOOD.replace(",1000\n", ",-1000\n"),
    "row 2: end 'noon' is not a UTC time like": GOOD.replace("2026-11-20T14:32:00Z", "noon"),
    "row 1: end '2026-11-20 14:31:00' is not a UTC time": GOOD.replace("2026-11-20T14:31:00Z", "2026-11-20 14:31:00"),
    "row 2 .*: end is not a whole minute; give one-minute bars": GOOD.replace("14:32:00Z", "14:32:30Z"),
    "row 2 .*: end is a duplicate; sort by symbol": GOOD.replace("14:32", "14:31"),
    "row 2 .*: end goes back in time; sort by symbol": GOOD.replace("14:31:00Z,500", "14:33:00Z,500"),
    "row 1 .*: the minute lies outside the regular sessions of XNYS": GOOD.replace("14:31:00Z,5", "14:30:00Z,5"),
    "row 2 .*: the minute lies outside": GOOD.replace("14:32", "22:32"),
    "row 3 .*: the minute lies outside": GOOD.replace("QQQ,2026-11-20", "QQQ,2026-11-21"),
    "no two bars of SPY are a minute apart; give one-minute bars": GOOD.replace("14:32", "15:31"),
}


@pytest.mark.parametrize("message", BAD)
def test_an_unsound_file_is_refused_in_one_line(tmp_path: Path, message: str) -> None:
    with pytest.raises(OperatorError, match="bars.csv: " + message) as refused:
        replay(write(tmp_path, HEADER + BAD[message]))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_bar_file_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="no such file; check the path"):
        replay(tmp_path / "missing.csv")
    with pytest.raises(OperatorError, match=r"not a \.parquet or \.csv file"):
        replay(tmp_path / "bars.xlsx")
    with pytest.raises(OperatorError, match="column volume is missing; a bar file needs symbol, end"):
        replay(write(tmp_path, "symbol,end,open,high,low,close\n"))
    with pytest.raises(OperatorError, match="the file has no rows"):
        replay(write(tmp_path, HEADER))
    junk = tmp_path / "junk.parquet"
    junk.write_bytes(b"PAR1 this is not parquet")
    with pytest.raises(OperatorError, match="cannot be read as parquet"):
        replay(junk)
    zoneless = tmp_path / "zoneless.parquet"
    end = pa.array([to_datetime(FRIDAY.close_ns).replace(tzinfo=None)], pa.timestamp("us"))
    pq.write_table(
        pa.table({"end": end, **{name: ["1"] for name in HEADER.strip().split(",") if name != "end"}}), zoneless
    )
    with pytest.raises(OperatorError, match="column end has no time zone; write it as UTC"):
        replay(zoneless)
