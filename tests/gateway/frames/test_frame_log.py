"""The frame log: whole, private, bounded, readable, and playable in both directions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.faults.conversation import BUY, SPY
from tests.gateway.session.raw_client import RawClient
from tradetui.cli.main import main
from tradetui.domain.errors import OperatorError
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.frames import reading
from tradetui.gateway.frames.log import PARTS, FrameLog, part_name
from tradetui.gateway.frames.recorded_server import RecordedServer
from tradetui.gateway.frames.replay import Comparison, replay
from tradetui.gateway.frames.row import Row, RowError, Way, parse
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.reported_orders import OPEN_ORDER

SCHEDULE = """\
seed: 3
faults:
  - {kind: repeated, chance: 0.5}
  - {kind: fill_after_cancel, on: cancelOrder, seconds: 1}
"""


async def trade(port: int, control: ControlChannel) -> None:
    """Two clients: one trades and asks, the other looks on and leaves early."""
    client, other = await RawClient.start(port, 1), await RawClient.start(port, 2, "v157..163")
    client.send(ask.REQ_MARKET_DATA, reqId=7, **SPY)
    client.send(PLACE_ORDER, **{**BUY, "orderId": 1, "orderType": "MKT"})
    await client.reply(reply.COMMISSION)
    client.send(PLACE_ORDER, **{**BUY, "orderId": 2, "orderType": "LMT", "lmtPrice": 1.0})
    await client.reply(OPEN_ORDER)
    client.send(ask.CANCEL_ORDER, orderId=2)
    other.send(ask.REQ_POSITIONS)
    await other.reply(reply.POSITION_END)
    control.answer(b'{"cmd": "manual_order", "symbol": "SPY", "action": "SELL", "quantity": 5}\n')
    await other.close()
    client.send_fields("9", "8", "x")
    client.send_fields("777", "unknown")
    await client.until(lambda fields: fields[0] == "11")
    client.send(ask.REQ_EXECUTIONS, reqId=9)
    await client.until(lambda fields: fields[0] == "55")
    await client.close()


@pytest.fixture
async def recorded(tmp_path: Path) -> Path:
    """The log of a gateway with a market in motion and faults by chance."""
    schedule = tmp_path / "storm.yaml"
    schedule.write_text(SCHEDULE)
    file = tmp_path / "frames.jsonl"
    rules = tmp_path / "rules.toml"
    rules.write_text('commissions = "tiered"\n')
    options = GatewayOptions(
        start="2026-03-16T10:00-04:00",
        symbols=("SPY", "QQQ"),
        speed=5.0,
        seed=4,
        faults=schedule,
        frame_log=file,
        rules=rules,
    )
    async with build(options) as gateway:
        await trade(gateway.port, ControlChannel(gateway, 0))
        while gateway.connections:  # noqa: ASYNC110 - a connection lost has no event
            await asyncio.sleep(0.001)
    return file


def rewrite(path: Path, change: Callable[[list[str]], object]) -> None:
    lines = path.read_text().splitlines(keepends=True)
    change(lines)
    path.write_text("".join(lines))


async def played(path: Path) -> Comparison:
    return await replay(reading.find(path))


async def test_a_replay_against_a_fresh_gateway_gives_the_recorded_replies(recorded: Path) -> None:
    result = await played(recorded)
    assert result.differences == []
    assert result.links == 2
    assert result.requests == 12
    assert result.replies > 30


async def test_a_reply_that_is_not_as_recorded_is_named(recorded: Path) -> None:
    def forge(lines: list[str]) -> None:
        at = next(n for n, line in enumerate(lines) if '"d":">"' in line and '["11"' in line)
        row = parse(lines[at])
        fields = row.fields
        fields[fields.index("SPY")] = "QQQ"
        lines[at] = json.dumps({**json.loads(lines[at]), "f": fields}) + "\n"

    rewrite(recorded, forge)
    [difference] = (await played(recorded)).differences
    assert difference.recorded is not None
    assert difference.now is not None
    assert set(difference.recorded) - set(difference.now) == {"symbol=QQQ"}


def test_the_shell_compares_shows_and_says_so(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "replay-frames", str(recorded)]) == 0
    assert "2 connections, 12 requests played" in capsys.readouterr().out
    rewrite(recorded, lambda lines: lines.pop(next(n for n, line in enumerate(lines) if '["15"' in line)))
    assert main(["gateway", "replay-frames", str(recorded)]) == 1
    assert "managedAccounts" in capsys.readouterr().out
    assert main(["gateway", "show-frames", str(recorded)]) == 0
    shown = capsys.readouterr().out
    assert "-> placeOrder orderId=1 symbol=SPY secType=STK" in shown
    assert "<- execDetails reqId=-1 orderId=1" in shown
    assert "-> offers v157..193" in shown
    assert "-> unknown '777' 'unknown'" in shown
    assert "-> reqContractDetails unreadable" in shown
    assert '{"cmd": "manual_order"' in shown
    assert "client 2   gone" in shown


async def test_a_recorded_gateway_serves_a_client_again(recorded: Path) -> None:
    server = RecordedServer(reading.find(recorded), "127.0.0.1", 0)
    await server.start()

    async def told() -> list[str]:
        client = await RawClient.start(server.port, 1)
        client.send(ask.REQ_MARKET_DATA, reqId=7, **SPY)
        client.send(PLACE_ORDER, **{**BUY, "orderId": 1, "orderType": "MKT"})
        execution = await client.reply(reply.EXECUTION)
        await client.close()
        return [execution.text("symbol"), execution.text("side")]

    assert await told() == ["SPY", "BOT"]
    second = await RawClient.start(server.port, 2, "v157..163")
    second.send(ask.REQ_POSITIONS)
    await second.reply(reply.POSITION_END)
    await second.close()
    await asyncio.wait_for(server.ended(), 10)
    third = await RawClient.open(server.port)
    assert await third.ended()
    await third.close()
    await server.stop()


def test_the_file_is_private_and_an_earlier_one_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    path.write_text("older\n")
    FrameLog(path, {}).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert part_name(path, 1).read_text() == "older\n"


async def test_files_are_bounded_and_the_rest_is_still_shown_but_not_played(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    gateway = build(GatewayOptions(start="2026-03-16T10:00-04:00", speed=0.0, limits=False))
    log = FrameLog(path, {}, part_bytes=4_000)
    log.attach(gateway.hub)
    async with gateway:
        client = await RawClient.start(gateway.port)
        for _ in range(150):
            client.send(ask.REQ_CURRENT_TIME)
            await client.reply(reply.CURRENT_TIME)
        await client.close()
    parts = [part_name(path, number) for number in range(PARTS)]
    assert all(part.stat().st_size < 4_400 for part in parts)
    assert not part_name(path, PARTS).exists()
    found = reading.find(path)
    assert found.parts == tuple(reversed(parts))
    assert len(list(found.rows())) > 60
    with pytest.raises(OperatorError, match="beginning is gone"):
        await replay(found)


async def test_a_disk_that_fails_ends_the_log_and_not_the_gateway(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = build(GatewayOptions(start="2026-03-16T10:00-04:00", speed=0.0))
    log = FrameLog(tmp_path / "frames.jsonl", {}, part_bytes=1)
    log.attach(gateway.hub)
    (tmp_path / "frames.jsonl.1").mkdir()
    (tmp_path / "frames.jsonl.2").write_text("x")
    async with gateway:
        client = await RawClient.start(gateway.port)
        client.send(ask.REQ_CURRENT_TIME)
        assert await client.reply(reply.CURRENT_TIME)
        await client.close()
    assert [record.message for record in caplog.records if "ends here" in record.message]


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "not a frame log"), ("{}\n", "not a frame log"), ("[1]\n", "not a frame log"), ("no", "not a frame log")],
)
def test_another_file_is_refused_by_name(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "other"
    path.write_text(text)
    with pytest.raises(OperatorError, match=reason):
        reading.find(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"nothing\.jsonl cannot be read"):
        reading.find(tmp_path / "nothing.jsonl")


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="--frame-log"):
        FrameLog(tmp_path / "missing" / "frames.jsonl", {})


def test_a_line_cut_off_at_the_end_is_no_error_and_one_in_the_middle_is(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    heading, row = '{"frames": 1, "part": 1}\n', Row(wall_ns=1, market_ns=2, way=Way.OPENED, link=1).line()
    path.write_text(heading + row + row[:9])
    assert len(list(reading.find(path).rows())) == 1
    path.write_text(heading + row[:9] + "\n" + row)
    with pytest.raises(OperatorError, match="line 2"):
        list(reading.find(path).rows())


def test_a_heading_that_does_not_tell_the_gateway_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    path.write_text('{"frames": 1, "part": 1}\n')
    with pytest.raises(OperatorError, match="does not tell how"):
        asyncio.run(replay(reading.find(path)))


@given(body=st.binary(max_size=60), way=st.sampled_from([Way.IN, Way.OUT]), link=st.integers(1, 9))
def test_any_bytes_survive_the_log(body: bytes, way: Way, link: int) -> None:
    row = Row(wall_ns=1, market_ns=2, way=way, link=link, client_id=3, body=body)
    assert parse(row.line()) == row


@pytest.mark.parametrize("line", ["", "{}", "[]", '{"t":1,"m":2,"d":"?"}', '{"t":1,"m":2,"d":"<","x":"zz"}'])
def test_a_line_that_is_no_row_is_refused(line: str) -> None:
    with pytest.raises(RowError):
        parse(line)
