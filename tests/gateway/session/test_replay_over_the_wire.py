"""Real minutes played through the gateway reach a client unchanged: as ticks, as live bars and as history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import SetClock
from tradetui.domain.clock import MINUTE_NS, SECOND_NS, to_ns
from tradetui.gateway.assembly import make_venue
from tradetui.gateway.market.replay import ReplayMarket
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_market import HISTORY, HISTORY_UPDATE
from tradetui.marketdata.calendar import TradingCalendar

MINUTES = 45
Bar = tuple[float, float, float, float, float]
SPY: dict[str, Value] = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}


@dataclass
class Replay:
    """A gateway playing the file, its clock, and the file's own bars by start."""

    gateway: GatewayServer
    clock: SetClock
    bars: dict[int, Bar]


def first_minutes(path: Path, open_ns: int) -> dict[int, Bar]:
    table = pq.read_table(path)
    rows = table.filter(pc.equal(table["symbol"], "SPY")).to_pylist()
    starts = {to_ns(row["end"]) - MINUTE_NS: row for row in rows}
    return {
        start: (row["open"], row["high"], row["low"], row["close"], row["volume"])
        for start, row in sorted(starts.items())
        if open_ns <= start < open_ns + MINUTES * MINUTE_NS
    }


@pytest.fixture
async def replay(shared_dir: Path) -> AsyncIterator[Replay]:
    path = shared_dir / "data" / "etf_1m_yahoo.parquet"
    calendar = TradingCalendar.load("XNYS", first_year=2019, last_year=2020)
    probe = ReplayMarket(path, calendar=calendar)
    # The second session: its minutes are whole, and there is a day of history before it.
    session = calendar.session(calendar.current_or_next(probe.start_ns + MINUTE_NS).index + 1)
    market = ReplayMarket(path, calendar=calendar, start_ns=session.open_ns - MINUTE_NS)
    clock = SetClock(market.start_ns)
    venue = make_venue(market, VenueConfig())
    async with GatewayServer(venue=venue, market=market, clock=clock) as gateway:
        bars = first_minutes(path, session.open_ns)
        assert len(bars) > MINUTES // 2
        yield Replay(gateway, clock, bars)


async def play(replay: Replay, minutes: int = MINUTES + 1) -> None:
    """Let market time run, five seconds at a time, with the socket served in between."""
    end = replay.clock.at_ns + minutes * MINUTE_NS
    while replay.clock.at_ns < end:
        replay.clock.at_ns += 5 * SECOND_NS
        replay.gateway.pump.step()


async def test_trade_ticks_add_up_to_the_files_bars(replay: Replay) -> None:
    client = await RawClient.start(replay.gateway.port)
    client.send(requests.REQ_MARKET_DATA, reqId=1, genericTicks="233", **SPY)
    await client.until(lambda fields: fields[:4] == ["45", "6", "1", "49"])
    await play(replay)
    client.send(requests.REQ_CURRENT_TIME)
    built: dict[int, Bar] = {}
    while (fields := await client.fields())[0] != "49":
        if fields[:4] != ["46", "6", "1", "48"]:
            continue
        price_text, size_text, ms, *_ = fields[4].split(";")
        price, size = float(price_text), float(size_text)
        start = int(ms) * 1_000_000 // MINUTE_NS * MINUTE_NS
        opened, high, low, _, volume = built.get(start, (price, price, price, price, 0.0))
        built[start] = (opened, max(high, price), min(low, price), price, volume + size)
    assert {start: built[start] for start in replay.bars} == replay.bars
    await client.close()


async def test_live_bars_and_history_equal_the_files_bars(replay: Replay) -> None:
    client = await RawClient.start(replay.gateway.port)
    ask: dict[str, Value] = {**SPY, "barSize": "1 min", "duration": "1 D", "what": "TRADES", "dateFormat": 2}
    client.send(requests.REQ_HISTORY, reqId=1, useRth=True, keepUpToDate=True, **ask)
    assert (await client.reply(HISTORY)).rows("bars")
    await play(replay)
    client.send(requests.REQ_HISTORY, reqId=2, useRth=True, keepUpToDate=False, **ask)
    live: dict[int, Bar] = {}
    while (fields := await client.fields())[0] != "17":
        if fields[0] == "90":
            update = HISTORY_UPDATE.decode(client.version, fields)
            live[int(update.text("date")) * SECOND_NS] = figures(update)
    history = HISTORY.decode(client.version, [*fields, ""])
    asked = {int(bar.text("date")) * SECOND_NS: figures(bar) for bar in history.rows("bars")}
    assert {start: live[start] for start in replay.bars} == replay.bars
    assert {start: asked[start] for start in replay.bars} == replay.bars
    await client.close()


def figures(bar: object) -> Bar:
    assert isinstance(bar, dict)
    return (bar["open"], bar["high"], bar["low"], bar["close"], bar["volume"])
