"""Quotes, trades, history and contracts over real sockets."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.broker.rig import QQQ, QUICK, SPY, SPY_ID, Rig
from tests.gateway.session.scripted import OPEN_NS
from tradetui.broker.ib.connector import IBConnector
from tradetui.domain.bar import BarSize
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.errors import BrokerRefused, BrokerTimeout, NotConnected
from tradetui.domain.events import BrokerMessage, SessionState
from tradetui.domain.instrument import Instrument, PriceStep
from tradetui.domain.tick import DataType, Quote, Trade
from tradetui.gateway.market.events import Quote as MarketQuote
from tradetui.gateway.market.events import Trade as MarketTrade
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.ticks import market_data
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_market import MARKET_DATA_TYPE, TICK_PRICE, TICK_STRING
from tradetui.gateway.wire.requests import (
    REQ_CONTRACT_DETAILS,
    REQ_HISTORY,
    REQ_MARKET_DATA,
    REQ_MARKET_DATA_TYPE,
    REQ_MARKET_RULE,
)
from tradetui.marketdata.aggregator import BarAggregator


def with_tick_id(frame: bytes, ids: dict[bytes, bytes]) -> bytes:
    """The frame of a tick with another tick id."""
    fields = frame[4:].split(b"\0")
    fields[3] = ids.get(fields[3], fields[3])
    body = b"\0".join(fields)
    return len(body).to_bytes(4, "big") + body


async def streaming(rig: Rig) -> IBConnector:
    """A connector whose SPY line has delivered its first quote."""
    connector = await rig.ready()
    await rig.until(lambda: rig.told.quotes and rig.told.quotes[-1].bid is not None)
    return connector


def last_quote(rig: Rig) -> Quote:
    return rig.told.quotes[-1]


async def test_a_quote_holds_book_last_trade_day_range_and_volume(rig: Rig) -> None:
    await streaming(rig)
    rig.trade(430.01, 100)
    rig.quote(431.00, 431.02, size=300)
    await rig.until(lambda: last_quote(rig).bid == 431.00 and last_quote(rig).ask == 431.02)
    quote = last_quote(rig)
    assert (quote.symbol, quote.bid_size, quote.ask_size, quote.last) == ("SPY", 300.0, 300.0, 430.01)
    assert (quote.open, quote.high, quote.low, quote.prior_close) == (430.01, 430.01, 430.01, 400.0)
    assert (quote.data_type, quote.halted, quote.ts_ns) == (DataType.LIVE, False, rig.clock.at_ns)


async def test_each_trade_carries_its_own_exchange_time(rig: Rig) -> None:
    await streaming(rig)
    seen = len(rig.told.trades)
    first, second = rig.after(0.25), rig.after(0.5)
    rig.play(MarketTrade(first, SPY_ID, 430.05, 10), MarketTrade(second, SPY_ID, 430.06, 20))
    await rig.until(lambda: len(rig.told.trades) == seen + 2)
    assert rig.told.trades[seen:] == [Trade("SPY", first, 430.05, 10.0), Trade("SPY", second, 430.06, 20.0)]


async def test_quotes_are_conflated_to_one_per_packet_and_trades_are_not(rig: Rig) -> None:
    connector = await streaming(rig)
    quotes, trades = len(rig.told.quotes), len(rig.told.trades)
    events: list[MarketQuote | MarketTrade] = []
    for step in range(1, 101):
        at_ns = rig.after(0.01 * step)
        events.append(MarketQuote(at_ns, SPY_ID, 430.0 + step / 100, 430.02 + step / 100, 100, 100))
        events.append(MarketTrade(at_ns, SPY_ID, 430.01 + step / 100, step))
    rig.play(*events)
    await rig.settle(connector)
    assert [trade.size for trade in rig.told.trades[trades:]] == [float(step) for step in range(1, 101)]
    assert len(rig.told.quotes) - quotes < 50
    assert last_quote(rig).bid == 431.0


async def test_a_halt_is_in_the_quote_until_it_ends(rig: Rig) -> None:
    await streaming(rig)
    rig.gateway.pump.halt(SPY_ID, True)
    await rig.until(lambda: last_quote(rig).halted)
    rig.gateway.pump.halt(SPY_ID, False)
    await rig.until(lambda: not last_quote(rig).halted)


async def test_delayed_data_is_marked_and_its_tick_ids_are_understood(rig: Rig) -> None:
    asked: list[int] = []

    def note(_client: ClientSession, message: Message, request: Record) -> bool:
        if message is REQ_MARKET_DATA_TYPE:
            asked.append(request.integer("marketDataType") or 0)
        return False

    rig.gateway.hub.faults.requests["note"] = note
    rig.replace_replies("delayed", MARKET_DATA_TYPE, lambda frame: [frame[:-2] + b"3\0"])
    delayed_ids = {b"1": b"66", b"2": b"67", b"4": b"68", b"9": b"75"}
    rig.replace_replies("prices", TICK_PRICE, lambda frame: [with_tick_id(frame, delayed_ids)])
    rig.run(rig.connector(replace(QUICK, data_type=DataType.DELAYED)))
    await rig.until(lambda: rig.told.quotes and last_quote(rig).data_type is DataType.DELAYED)
    await rig.until(lambda: last_quote(rig).bid == 430.00)
    quote = last_quote(rig)
    assert (quote.ask, quote.last, quote.prior_close) == (430.02, 430.01, 400.0)
    assert asked == [3]


async def test_a_wild_print_makes_no_trade_and_is_reported_once(rig: Rig) -> None:
    connector = await streaming(rig)
    rig.trade(430.01)
    rig.trade(4300.0)
    rig.trade(4.3)
    rig.trade(430.02)
    await rig.until(lambda: rig.told.trades and rig.told.trades[-1].price == 430.02)
    await rig.settle(connector)
    assert {trade.price for trade in rig.told.trades} <= {430.01, 430.02}
    reports = [event for event in rig.told.of(BrokerMessage) if "not believed" in event.text]
    assert [event.symbol for event in reports] == ["SPY"]


async def test_a_symbol_without_trade_messages_is_fed_from_its_last_price(rig: Rig) -> None:
    rig.replace_replies("no rtvolume", TICK_STRING, lambda _frame: [])
    connector = rig.connector(replace(QUICK, trade_patience_s=0.0))
    rig.run(connector)
    await rig.until(lambda: rig.told.quotes and last_quote(rig).bid is not None)
    await rig.settle(connector)
    seen = len(rig.told.trades)
    rig.trade(430.07, 30)
    await rig.until(lambda: len(rig.told.trades) > seen)
    await rig.settle(connector)
    assert rig.told.trades[seen:] == [Trade("SPY", rig.clock.at_ns, 430.07, 30.0)]


async def test_watching_another_symbol_ends_the_old_line_and_begins_the_new_one(rig: Rig) -> None:
    connector = await streaming(rig)
    connector.watch([QQQ])
    rig.play(MarketQuote(rig.after(0.01), QQQ.con_id or 0, 370.0, 370.02, 100, 100))
    await rig.until(lambda: last_quote(rig).symbol == "QQQ" and last_quote(rig).bid == 370.0)
    await rig.settle(connector)
    seen = len(rig.told.trades)
    rig.trade(430.5)
    await rig.settle(connector)
    assert len(rig.told.trades) == seen


async def test_a_refused_line_is_unknown_reported_and_asked_for_again(rig: Rig) -> None:
    refused: list[int] = []

    def refuse_once(client: ClientSession, message: Message, request: Record) -> bool:
        if message is not REQ_MARKET_DATA or refused:
            return False
        refused.append(1)
        client.error(request.integer("reqId"), 354, "Requested market data is not subscribed.")
        return True

    rig.gateway.hub.faults.requests["refuse"] = refuse_once
    await rig.ready()
    await rig.until(lambda: any(event.code == 354 for event in rig.told.of(BrokerMessage)))
    message = next(event for event in rig.told.of(BrokerMessage) if event.code == 354)
    assert (message.symbol, message.order_id) == ("SPY", None)
    await rig.until(lambda: last_quote(rig).bid == 430.00)


async def test_contract_details_give_id_tick_and_exchange(rig: Rig) -> None:
    connector = await rig.ready()
    found = await connector.qualify(Instrument(symbol="QQQ", min_tick=0.05))
    assert (found.con_id, found.min_tick, found.primary_exchange) == (QQQ.con_id, 0.01, "ARCA")


async def test_contract_details_bring_the_price_increments_of_the_exchange_the_orders_go_to(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {26: [(0.0, 0.0001), (1.0, 0.01)]}
    monkeypatch.setattr(rig.market, "market_rule", rules.get)
    connector = await rig.ready()
    found = await connector.qualify(Instrument(symbol="QQQ"))
    assert found.price_steps == (PriceStep(0.0, 0.0001), PriceStep(1.0, 0.01))
    rig.swallow("mute", REQ_MARKET_RULE)
    assert (await connector.qualify(Instrument(symbol="QQQ"))).price_steps == found.price_steps


async def test_a_contract_is_traded_by_its_smallest_increment_when_the_rule_is_not_told(rig: Rig) -> None:
    connector = await rig.ready(replace(QUICK, request_timeout_s=0.1))
    rig.swallow("mute", REQ_MARKET_RULE)
    found = await connector.qualify(Instrument(symbol="QQQ"))
    assert (found.min_tick, found.price_steps) == (0.01, ())


async def test_an_unknown_contract_is_refused_with_the_remedy(rig: Rig) -> None:
    connector = await rig.ready()
    with pytest.raises(BrokerRefused, match="200"):
        await connector.qualify(Instrument(symbol="NOSUCH"))


async def test_a_question_without_an_answer_times_out(rig: Rig) -> None:
    connector = await rig.ready(replace(QUICK, request_timeout_s=0.05))
    rig.swallow("mute", REQ_CONTRACT_DETAILS)
    with pytest.raises(BrokerTimeout, match=r"within 0\.05 s"):
        await connector.qualify(Instrument(symbol="QQQ"))


async def test_a_question_under_way_when_the_link_breaks_fails_at_once(rig: Rig) -> None:
    connector = await rig.ready()
    rig.swallow("mute", REQ_CONTRACT_DETAILS)
    question = asyncio.create_task(connector.qualify(Instrument(symbol="QQQ")))
    await rig.settle(connector)
    rig.gateway.drop_clients()
    with pytest.raises(NotConnected):
        await asyncio.wait_for(question, 1.0)


def minutes_of_trades(rig: Rig) -> list[MarketTrade]:
    """Three minutes of trades from a whole minute on, and one trade in the fourth."""
    start = rig.clock.at_ns - (rig.clock.at_ns - OPEN_NS) % MINUTE_NS + MINUTE_NS
    steps = [(0, 430.0, 5), (20, 430.4, 6), (59.999, 430.1, 7), (60, 430.2, 8), (150, 429.9, 9), (181, 430.0, 1)]
    return [MarketTrade(start + round(second * SECOND_NS), SPY_ID, price, size) for second, price, size in steps]


async def test_bars_from_ticks_equal_the_history_of_the_same_minutes(rig: Rig) -> None:
    connector = await streaming(rig)
    aggregator = BarAggregator(rig.market.calendar, [BarSize.M1])
    seen = len(rig.told.trades)
    trades = minutes_of_trades(rig)
    rig.play(*trades)
    await rig.until(lambda: len(rig.told.trades) == seen + len(trades))
    live = [closed.bar for closed in aggregator.add_all(rig.told.trades[seen:])]
    history = await connector.history("SPY", BarSize.M1, 10)
    assert [bar.end_ns - trades[0].time_ns for bar in live] == [MINUTE_NS, 2 * MINUTE_NS, 3 * MINUTE_NS]
    assert history[-3:] == live


async def test_history_ends_where_it_is_told_and_never_holds_a_forming_bar(rig: Rig) -> None:
    connector = await streaming(rig)
    trades = minutes_of_trades(rig)
    rig.play(*trades)
    now = await connector.history("SPY", BarSize.M1, 2)
    assert [bar.end_ns - trades[0].time_ns for bar in now] == [2 * MINUTE_NS, 3 * MINUTE_NS]
    earlier = await connector.history("SPY", BarSize.M1, 1, end_ns=trades[0].time_ns + 2 * MINUTE_NS)
    assert earlier == now[:1]


async def test_no_history_is_an_empty_answer_and_an_error_is_an_error(rig: Rig) -> None:
    connector = await rig.ready()
    connector.watch([SPY, QQQ])
    assert await connector.history("QQQ", BarSize.M1, 5) == []
    with pytest.raises(BrokerRefused, match="not watched"):
        await connector.history("TSLA", BarSize.M1, 5)
    with pytest.raises(BrokerRefused, match="321"):
        await connector.history("SPY", BarSize.M15, 5)


async def test_history_that_never_ends_times_out_and_is_cancelled(rig: Rig) -> None:
    connector = await rig.ready(replace(QUICK, history_timeout_s=0.05))
    rig.swallow("mute", REQ_HISTORY)
    with pytest.raises(BrokerTimeout):
        await connector.history("SPY", BarSize.M1, 5)
    rig.heal()
    assert await connector.history("SPY", BarSize.M1, 6, end_ns=rig.clock.at_ns) == []


async def test_ready_waits_until_the_lines_were_answered(rig: Rig) -> None:
    await rig.ready()
    rig.gateway.drop_clients()
    held: list[tuple[ClientSession, Record]] = []

    def hold(client: ClientSession, message: Message, request: Record) -> bool:
        if message is REQ_MARKET_DATA:
            held.append((client, request))
        return message is REQ_MARKET_DATA

    rig.gateway.hub.faults.requests["hold"] = hold
    await rig.until(lambda: held and len(rig.told.snapshots()) == 2)
    assert rig.told.states()[-1] is SessionState.SYNCING
    rig.heal()
    for client, request in held:
        market_data(client, request)
    await rig.until(lambda: rig.told.states()[-1] is SessionState.READY)


async def test_a_line_that_never_answers_does_not_hold_back_ready_for_ever(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradetui.broker.ib.live.LINES_PATIENCE_S", 0.1)
    rig.swallow("mute", REQ_MARKET_DATA)
    connector = await rig.ready()
    assert connector.link.state is SessionState.READY
