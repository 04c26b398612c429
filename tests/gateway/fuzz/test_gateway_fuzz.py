"""Random and spoilt frames end no gateway: every finding of a long campaign has its own test here.

Ten million frames, which take about half an hour: `python -m tradetui.gateway.fuzz --frames 10000000`.
"""

from __future__ import annotations

import asyncio
import math
from random import Random

import pytest

from tests.gateway.faults.conversation import BUY, SPY
from tests.gateway.session.desk import Desk
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.fuzz.__main__ import main, report
from tradetui.gateway.fuzz.campaign import Campaign, Finding, Outcome
from tradetui.gateway.fuzz.corpus import Corpus
from tradetui.gateway.memory_link import MemoryClient
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.dispatch import HANDLERS
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_account import ERROR
from tradetui.gateway.wire.requests import REQUESTS


def campaign(frames: int, seed: int) -> Outcome:
    return asyncio.run(Campaign(frames=frames, seed=seed).run())


@pytest.mark.parametrize("seed", [1, 2])
def test_no_frame_makes_the_gateway_fail_and_it_serves_honest_clients_afterwards(seed: int) -> None:
    outcome = campaign(6_000, seed)
    assert outcome.findings == [], report(outcome, seed)
    assert outcome.frames == 6_000
    assert outcome.connections > 20


def test_a_seed_names_a_campaign() -> None:
    first, again, other = campaign(1_000, 7), campaign(1_000, 7), campaign(1_000, 8)
    assert (first.connections, first.reply_bytes) == (again.connections, again.reply_bytes)
    assert first.reply_bytes != other.reply_bytes


def test_every_request_of_the_catalogue_is_thrown() -> None:
    corpus = Corpus(Random(1))
    seen = {int(corpus.request(178, last_order_id=5)[0]) for _ in range(20_000)}
    assert seen >= set(REQUESTS) - {ask.REQ_COMPLETED_ORDERS.id}


def test_an_exception_that_the_gateway_caught_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_client: ClientSession, _request: Record) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(HANDLERS, ask.REQ_IDS, fails)
    outcome = campaign(2_000, 1)
    assert outcome.findings
    assert all("reqIds failed: ZeroDivisionError()" in finding.reason for finding in outcome.findings)


def test_the_command_ends_with_1_when_something_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--frames", "300", "--seed", "3"]) == 0
    assert "seed 3: 300 frames" in capsys.readouterr().out

    async def found(_self: Campaign) -> Outcome:
        return Outcome(frames=1, findings=[Finding(number=0, reason="it broke", data=b"x" * 999)])

    monkeypatch.setattr(Campaign, "run", found)
    assert main([]) == 1
    out = capsys.readouterr().out
    assert "findings: 1" in out
    assert "it broke" in out
    assert "799 bytes more" in out


async def test_the_gateways_own_connection_runs_without_a_socket() -> None:
    gateway = build(GatewayOptions(start="2026-03-16T10:00-04:00", speed=0.0))
    client = MemoryClient(gateway, keep=True)
    client.log_in(5, 178)
    await asyncio.sleep(0)
    assert client.version == 178
    assert client.is_ready
    assert [body.split(b"\0")[0] for body in client.replies[1:3]] == [b"15", b"9"]
    client.close()
    await asyncio.sleep(0)
    assert gateway.hub.clients == {}


# --- what campaigns found -------------------------------------------------------------------------------------------


async def test_positions_of_an_account_that_does_not_exist_are_refused(desk: Desk, client: RawClient) -> None:
    client.send(ask.REQ_POSITIONS_MULTI, reqId=4, account="DU7")
    refusal = await client.reply(ERROR)
    assert (refusal.integer("reqId"), refusal.integer("code")) == (4, 321)
    assert "DU7" in refusal.text("text")


@pytest.mark.parametrize("generic", ["9" * 5_000, "\u00b2", "233,\u0663"])
async def test_a_generic_tick_that_is_no_number_is_refused(desk: Desk, client: RawClient, generic: str) -> None:
    client.send(ask.REQ_MARKET_DATA, reqId=4, genericTicks=generic, **SPY)
    refusal = await client.reply(ERROR)
    assert (refusal.integer("reqId"), refusal.integer("code")) == (4, 321)


@pytest.mark.parametrize("price", ["lmtPrice", "auxPrice", "trailStopPrice", "lmtPriceOffset"])
@pytest.mark.parametrize("kind", ["TRAIL", "TRAIL LIMIT", "LMT", "MKT"])
async def test_an_order_with_an_infinite_price_is_refused_even_where_its_type_does_not_use_it(
    desk: Desk, client: RawClient, kind: str, price: str
) -> None:
    sound: dict[str, Value] = {"lmtPrice": 420.0, "auxPrice": 5.0}
    client.send(PLACE_ORDER, **{**BUY, "orderId": 1, "orderType": kind, **sound, price: -math.inf})
    refusal = await client.reply(ERROR)
    assert (refusal.integer("reqId"), refusal.integer("code")) == (1, 321)
    assert desk.gateway.hub.venue.open_orders() == []


async def test_an_option_with_an_infinite_strike_is_a_contract_that_there_is_not() -> None:
    async with build(GatewayOptions(start="2026-03-16T10:00-04:00", speed=0.0)) as gateway:
        client = await RawClient.start(gateway.port)
        option = {**SPY, "secType": "OPT", "expiry": "20260417", "strike": math.inf, "right": "C"}
        client.send(ask.REQ_MARKET_DATA, reqId=4, **option)
        refusal = await client.reply(ERROR)
        assert (refusal.integer("reqId"), refusal.integer("code")) == (4, 200)
        await client.close()
