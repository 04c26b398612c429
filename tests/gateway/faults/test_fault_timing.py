"""When faults start and end, how often they act, and what a schedule file may say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.gateway.faults.conversation import buy_limit, buy_market, errors, heard, held, start, statuses, story
from tests.gateway.session.desk import Desk, start_desk
from tests.gateway.session.raw_client import RawClient
from tradetui.domain.errors import OperatorError
from tradetui.gateway.control.command import CommandError
from tradetui.gateway.faults.catalogue import FAULTS, as_markdown
from tradetui.gateway.faults.fault import COMMON, TIMING
from tradetui.gateway.faults.schedule import Schedule, load
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.replies_account import POSITION_END

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
#: Every fault of the catalogue, one per line of its chapter.
CATALOGUE = (
    *(f"T{number}" for number in range(1, 12)),
    *(f"S{number}" for number in range(1, 13)),
    *(f"P{number}" for number in range(1, 9)),
    *(f"M{number}" for number in range(1, 12)),
    *(f"O{number}" for number in range(1, 28)),
    *(f"A{number}" for number in range(1, 8)),
)


def test_every_fault_of_the_catalogue_can_be_injected() -> None:
    assert set(CATALOGUE) <= {fault.id for fault in FAULTS}


def test_ids_and_names_of_faults_are_unique_and_their_parameters_clash_with_no_common_one() -> None:
    assert len({fault.id for fault in FAULTS}) == len({fault.name for fault in FAULTS}) == len(FAULTS)
    common = {each.name for each in (*COMMON, *TIMING)}
    clashes = {(fault.name, each.name) for fault in FAULTS for each in fault.parameters if each.name in common}
    assert clashes == set()


def test_every_fault_is_exercised_by_a_test() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_*.py"))
    assert [fault.name for fault in FAULTS if f'"{fault.name}"' not in source] == []


def test_the_documents_show_the_catalogue_as_it_is() -> None:
    assert as_markdown() in (ROOT / "docs" / "gateway-faults.md").read_text(encoding="utf-8")


async def test_a_fault_acts_as_often_as_its_count_says(desk: Desk, client: RawClient) -> None:
    start(desk, "swallow_request", message="reqPositions", count=2, skip=1)
    for _ in range(4):
        client.send(requests.REQ_POSITIONS)
    assert len(await heard(client, POSITION_END)) == 2
    assert desk.gateway.injected.listing() == []


async def test_a_chance_is_the_same_for_the_same_seed(desk: Desk) -> None:
    outcomes = []
    for seed in (1, 1, 2):
        each = await start_desk(schedule=Schedule(seed=seed))
        client = await RawClient.start(each.port)
        start(each, "swallow_request", message="reqPositions", chance=0.5)
        told = []
        for _ in range(30):
            client.send(requests.REQ_POSITIONS)
            told.append(len(await heard(client, POSITION_END)))
        outcomes.append(told)
        await client.close()
        await each.close()
    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert 5 < sum(outcomes[0]) < 25


async def test_a_fault_for_a_symbol_or_an_order_leaves_others_alone(desk: Desk, client: RawClient) -> None:
    start(desk, "order_refused", symbol="QQQ", count=0)
    start(desk, "order_refused", key="two", order_id=2, count=0)
    for order_id in (1, 2):
        buy_limit(client, order_id)
    assert await errors(client) == [(2, 103)]


async def test_a_fault_starts_at_a_market_time_and_lasts(desk: Desk, client: RawClient) -> None:
    start(desk, "read_only", at="10:00:30", lasts=30)
    client.send(requests.REQ_OPEN_ORDERS)
    assert await story(client) == ["openOrderEnd"]
    desk.wait(31)
    client.send(requests.REQ_OPEN_ORDERS)
    assert await story(client) == ["error(321)"]
    desk.wait(31)
    client.send(requests.REQ_OPEN_ORDERS)
    assert await story(client) == ["openOrderEnd"]


async def test_a_fault_starts_after_some_seconds_unless_it_is_ended_before(desk: Desk, client: RawClient) -> None:
    start(desk, "read_only", after=10, key="never")
    start(desk, "server_broken", after=10)
    assert [each["state"] for each in desk.gateway.injected.listing()] == ["waiting", "waiting"]
    desk.gateway.injected.end("never")
    desk.wait(11)
    assert await errors(client) == [(-1, 2110)]
    assert desk.gateway.injected.listing() == []


async def test_a_fault_starts_at_the_nth_request_and_acts_on_that_very_one(desk: Desk, client: RawClient) -> None:
    start(desk, "swallow_order", on="placeOrder", nth=2)
    for order_id in (1, 2, 3):
        buy_limit(client, order_id)
    await heard(client)
    assert [order.order_id for order in desk.gateway.hub.venue.open_orders()] == [1, 3]


async def test_a_fault_starts_at_a_reply_and_acts_on_that_very_one(desk: Desk, client: RawClient) -> None:
    start(desk, "repeat_reply", message="execDetails", times=3, count=1, on="execDetails", nth=2)
    for order_id in (1, 2, 3):
        buy_market(client, order_id)
    told = [name for name in await story(client) if name == "execDetails"]
    assert len(told) == 1 + 3 + 1


async def test_a_message_may_start_a_fault_of_another_kind(desk: Desk, client: RawClient) -> None:
    start(desk, "broker_cancels", on="openOrder", nth=2)
    buy_limit(client, 1)
    assert (await statuses(client))[-1] == "Cancelled"


async def test_a_fault_comes_again_and_again_in_market_time(desk: Desk, client: RawClient) -> None:
    key = start(desk, "farm_idle", every=10)
    for _ in range(100):
        desk.wait(1)
    told = await errors(client)
    assert 3 <= len(told) <= 25
    desk.gateway.injected.end(key)
    desk.wait(100)
    assert await errors(client) == []


async def test_clearing_ends_what_runs_and_what_waits(desk: Desk, client: RawClient) -> None:
    start(desk, "read_only")
    start(desk, "clock_skew", after=5)
    start(desk, "half_open", on="reqPositions")
    desk.gateway.injected.clear()
    desk.wait(6)
    client.send(requests.REQ_OPEN_ORDERS)
    client.send(requests.REQ_POSITIONS)
    assert await story(client) == ["openOrderEnd", "positionEnd"]
    assert desk.gateway.injected.listing() == []


async def test_two_faults_of_one_kind_have_keys_of_their_own(desk: Desk) -> None:
    keys = [start(desk, "read_only"), start(desk, "read_only")]
    assert len(set(keys)) == 2
    with pytest.raises(CommandError, match="already"):
        start(desk, "read_only", key=keys[0])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": "nonsense"}, "unknown fault"),
        ({"kind": "read_only", "colour": "red"}, "colour"),
        ({"kind": "slow_reply"}, "needs message"),
        ({"kind": "slow_reply", "message": "nonsense"}, "unknown message"),
        ({"kind": "restart", "order": "eaten"}, "none, lost, live"),
        ({"kind": "restart", "seconds": "soon"}, "must be a number"),
        ({"kind": "bad_tick", "wrong": "blue"}, "minus_one"),
        ({"kind": "halt", "symbol": "NOSUCH"}, "unknown symbol"),
        ({"kind": "read_only", "at": "noon"}, "15:30"),
        ({"kind": "read_only", "at": "2026-03-16T15:30"}, "time zone"),
        ({"kind": "change_reply", "message": "position", "field": "nonsense"}, "no plain field"),
        ({"kind": "change_reply", "message": "position", "field": "position", "value": "x"}, "not decimal"),
    ],
    ids=str,
)
async def test_a_fault_that_cannot_be_is_refused_and_leaves_nothing_behind(
    desk: Desk, fields: dict[str, object], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        desk.gateway.injected.start(fields)
    assert desk.gateway.injected.listing() == []
    assert desk.gateway.hub.faults.requests == {}


async def test_an_unknown_key_cannot_be_ended(desk: Desk) -> None:
    with pytest.raises(CommandError, match="running: none"):
        desk.gateway.injected.end("nothing")


async def test_one_field_of_a_reply_says_something_else(desk: Desk, client: RawClient) -> None:
    start(desk, "change_reply", message="managedAccounts", field="accounts", value="DU9")
    client.send(requests.REQ_MANAGED_ACCOUNTS)
    assert (await client.fields())[2] == "DU9"


async def test_a_request_is_refused_on_demand(desk: Desk, client: RawClient) -> None:
    start(desk, "refuse_request", message="reqContractDetails", code=200, text="not today", count=1)
    client.send(requests.REQ_CONTRACT_DETAILS, reqId=3, symbol="SPY", secType="STK")
    assert (await client.fields())[2:5] == ["3", "200", "not today"]


YAML = """
seed: 7
faults:
  - kind: S11
    at: 10:00
    lasts: 60
  - kind: swallow_order
    on: placeOrder
    nth: 2
  - kind: server_broken
    at: 10:00:05
"""


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
async def test_a_schedule_file_starts_its_faults(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"faults{suffix}"
    entries = [{"kind": "S11", "at": "10:00", "lasts": 60}, {"kind": "swallow_order", "on": "placeOrder", "nth": 2}]
    entries.append({"kind": "server_broken", "at": "10:00:05"})
    path.write_text(YAML if suffix == ".yaml" else json.dumps({"seed": 7, "faults": entries}))
    schedule = load(path)
    assert schedule.seed == 7
    assert list(schedule.faults) == [{**entry, "at": entry["at"]} if "at" in entry else entry for entry in entries]
    desk = await start_desk(schedule=schedule)
    client = await RawClient.start(desk.port)
    desk.wait(1)
    client.send(requests.REQ_OPEN_ORDERS)
    assert await story(client) == ["error(321)"]
    await client.close()
    await desk.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("faults: [{kind: nonsense}]", "fault 1: unknown fault"),
        ("faults: [{kind: S11}, {kind: S11, nonsense: 1}]", "fault 2: read_only has no parameter nonsense"),
        ("faults: [{kind: S2, seconds: soon}]", "fault 1: seconds must be a number"),
        ("faults: [S11]", "fault 1 needs a kind"),
        ("faults: S11", "must be a list"),
        ("seed: x", "seed must be a whole number"),
        ("- 1", "keys seed and faults"),
        ("faults: [", "is not YAML"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_file_and_entry(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(OperatorError, match=reason) as refused:
        load(path)
    assert str(path) in str(refused.value)


def test_a_schedule_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"nothing\.yaml: cannot be read"):
        load(tmp_path / "nothing.yaml")


async def test_a_schedule_entry_that_cannot_start_is_named() -> None:
    with pytest.raises(OperatorError, match="fault 1 of the schedule: unknown symbol"):
        await start_desk(schedule=Schedule(faults=({"kind": "halt", "symbol": "NOSUCH"},)))


@pytest.mark.parametrize("when", [{"after": 5.0}, {"every": 5.0}, {"on": "reqCurrentTime"}])
async def test_a_fault_that_cannot_start_when_its_moment_comes_is_named_and_the_market_goes_on(
    desk: Desk, client: RawClient, caplog: pytest.LogCaptureFixture, when: dict[str, object]
) -> None:
    start(desk, "execution_revised", **when)
    for _ in range(4):
        desk.wait(20)
    await heard(client)
    assert "no execution today" in caplog.text
    desk.quote(431.00, 431.02)
    buy_market(client, 1)
    await heard(client)
    assert held(desk) == 100
