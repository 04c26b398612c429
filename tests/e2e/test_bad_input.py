"""Bad input to the real program: each time one clear line with the remedy, no traceback, and nothing lost."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import FLIP, Box, wait_for
from tests.e2e.players import HANG, RAISE, config_of
from tests.e2e.processes import processes_of
from tests.e2e.test_kill9 import compare, quiet_books

pytestmark = pytest.mark.slow


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A home with nothing started; the test starts what it needs."""
    box = Box(tmp_path, config=config_of(["flip"], broker="connect_timeout_s = 2"))
    try:
        yield box
    finally:
        box.close()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def assert_no_traceback(box: Box) -> None:
    for file in (box.home / "core.out", *box.paths.logs.iterdir()):
        text = file.read_text(errors="replace") if file.name != "stacks.log" else ""
        assert "Traceback" not in text, f"{file}:\n{text}"


def assert_refused(box: Box, *words: str, says: tuple[str, ...]) -> None:
    ended = box.cli(*words)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    for part in says:
        assert part in ended.stderr


# --- the broker --------------------------------------------------------------------------------------------------


def test_with_nothing_listening_the_core_waits_names_the_remedy_and_connects_when_the_gateway_comes(box: Box) -> None:
    box.port = free_port()
    box.start_core()
    wait_for("a failed attempt", lambda: "nothing listens" in str(box.row("link").get("reason")))
    assert box.status("link") == (
        f"DISCONNECTED: nothing listens on 127.0.0.1:{box.port}; "
        "start TWS or IB Gateway with its API socket enabled, or correct broker.host and broker.port"
    )
    assert box.core is not None
    assert box.core.poll() is None
    box.start_gateway("--port", str(box.port))
    box.wait_ready()
    box.wait_orders(1)
    assert_no_traceback(box)


def test_a_port_where_something_else_listens_is_named_with_the_remedy(box: Box) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        box.port = silent.getsockname()[1]
        box.start_core()
        wait_for("a failed attempt", lambda: "does not speak" in str(box.row("link").get("reason")))
        assert box.status("link") == (
            f"DISCONNECTED: 127.0.0.1:{box.port} accepted the connection but does not speak; "
            "check its API settings and trusted addresses"
        )
    assert_no_traceback(box)


async def test_a_port_where_a_web_server_answers_costs_no_more_than_the_attempt(box: Box) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        box.port = server.sockets[0].getsockname()[1]
        box.start_core()

        def reason() -> str:
            row = box.row("link")
            return str(row.get("reason")) if row.get("state") == "DISCONNECTED" else ""

        said = await asyncio.to_thread(wait_for, "a failed attempt", reason)
    assert f"127.0.0.1:{box.port}" in said
    assert "check its API settings" in said
    assert box.row("core")["state"] == "RUN"
    assert_no_traceback(box)


async def test_a_client_id_in_use_is_named_and_taken_when_its_holder_leaves(box: Box) -> None:
    library: Any = importlib.import_module("ib_async" if importlib.util.find_spec("ib_async") else "ib_insync")
    await asyncio.to_thread(box.start_gateway)
    holder = library.IB()
    await holder.connectAsync("127.0.0.1", box.port, clientId=7, timeout=10)
    try:
        box.start_core()
        taken = "client id 7 is still in use at the gateway; trying the same id again"
        await asyncio.to_thread(wait_for, "the refusal", lambda: box.row("link").get("reason") == taken)
        assert box.status("link") == f"DISCONNECTED: {taken}"
        assert holder.isConnected(), "the core pushed the other program out"
    finally:
        holder.disconnect()
    await asyncio.to_thread(box.wait_ready)
    await asyncio.to_thread(box.wait_orders, 1)
    assert_no_traceback(box)


@pytest.mark.parametrize("profile", ["paper", "demo"])
def test_a_live_account_under_a_profile_for_paper_money_is_refused_and_gets_no_order(
    tmp_path: Path, profile: str
) -> None:
    box = Box(tmp_path, config=config_of(["flip"]), profile=profile)
    try:
        box.start_gateway("--account", "U1234567")
        if profile == "paper":
            box.environ["TRADETUI_BROKER__PORT"] = str(box.port)
        box.start_core()
        wait_for("the refusal", lambda: box.row("link").get("state") == "REFUSED")
        why = (
            "account U1***567 is a live account, the profile is for paper money; "
            "nothing is traded: connect to a paper log-in or use the live profile"
        )
        assert box.status("link") == f"REFUSED: {why}"
        assert why in box.cli("why").stdout
        assert box.row("core")["orders_sent"] == 0
        truth = box.statement()
        assert not truth["open_orders"]
        assert not truth["completed_orders"]
        assert_no_traceback(box)
    finally:
        box.close()


# --- configuration and files -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("run",), ("config", "check")])
def test_a_misspelt_key_is_refused_with_file_line_and_nearest_name(box: Box, words: tuple[str, ...]) -> None:
    file = box.paths.config_file
    lines = file.read_text().splitlines()
    at = lines.index("max_order_qty = 100")
    lines[at] = "max_order_qtty = 100"
    file.write_text("\n".join(lines))
    ended = box.cli(*words)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    for part in (f"config.toml:{at + 1}", "max_order_qtty", "'max_order_qty'"):
        assert part in ended.stderr
    assert not processes_of(box.home)


def test_a_core_that_runs_does_not_mind_a_config_file_that_was_broken_meanwhile(box: Box) -> None:
    box.start_gateway()
    box.start_core()
    box.wait_ready()
    box.paths.config_file.write_text("this is [not toml")
    for words in (("status",), ("positions",), ("pause",), ("resume",), ("kill",)):
        assert box.cli(*words).returncode == 0
    assert box.row("core")["state"] == "KILLED"


BAR_FILES = {
    "absent": None,
    "empty": b"",
    "junk": b"\x00\x01PAR1 this is no table\xff",
    "text": b"once upon a time\nthere was a bar\n",
}


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize("kind", BAR_FILES)
def test_an_unreadable_bar_file_is_refused_by_backtest_and_gateway(box: Box, kind: str, ending: str) -> None:
    file = box.home / f"bars.{ending}"
    content = BAR_FILES[kind]
    if content is not None:
        file.write_bytes(content)
    assert_refused(box, "backtest", "flip", "--symbols", "SPY", "--bars", str(file), says=(str(file),))
    assert_refused(box, "gateway", "--port", "0", "--market", f"replay:{file}", says=(str(file),))


def test_a_folder_as_bar_file_is_refused(box: Box) -> None:
    assert_refused(box, "backtest", "flip", "--symbols", "SPY", "--bars", str(box.home), says=(str(box.home),))
    assert_refused(box, "gateway", "--port", "0", "--market", f"replay:{box.home}", says=(str(box.home),))


def test_a_backtest_of_an_unknown_strategy_names_the_nearest(box: Box) -> None:
    bars = box.home / "bars.csv"
    bars.write_text("symbol,ts,open,high,low,close,volume\n")
    assert_refused(box, "backtest", "flipp", "--symbols", "SPY", "--bars", str(bars), says=("'flipp'", "flip"))


# --- strategies --------------------------------------------------------------------------------------------------


def strategy(box: Box, name: str) -> tuple[str, str]:
    row = box.row("strategies", name)
    return str(row.get("state")), str(row.get("reason"))


def wait_until_given_up(box: Box, name: str) -> str:
    def given_up() -> str:
        state, reason = strategy(box, name)
        return reason if state == "stopped" else ""

    reason: str = wait_for(f"{name} stopped", given_up, 60)
    assert reason.startswith("3 failures in a row; the last: ")
    return reason.partition("the last: ")[2]


def wait_for_trades_of_flip(box: Box) -> None:
    sent = int(box.row("core")["orders_sent"] or 0)  # type: ignore[arg-type]
    box.wait_orders(sent + 4)
    assert strategy(box, "flip") == ("running", "")


def assert_books_agree(box: Box) -> None:
    box.command("pause")
    compare(*wait_for("quiet books", lambda: quiet_books(box), 60))


def beside_flip(tmp_path: Path, name: str, source: str | None) -> Box:
    sources = {"flip": FLIP} if source is None else {"flip": FLIP, name: source}
    box = Box(tmp_path, config=config_of(["flip", name]), strategies=sources)
    box.start_gateway()
    box.start_core()
    return box


def test_a_strategy_that_raises_is_named_with_file_and_line_and_stopped_while_others_go_on(tmp_path: Path) -> None:
    box = beside_flip(tmp_path, "broken", RAISE)
    try:
        box.wait_ready()
        line = RAISE.splitlines().index('        raise ValueError("no such luck")') + 1
        reason = wait_until_given_up(box, "broken")
        for part in (f"broken.py:{line}", "ValueError", "no such luck"):
            assert part in reason
        assert reason in box.cli("status").stdout
        assert f"broken.py:{line}" in box.cli("why").stdout
        wait_for_trades_of_flip(box)
        assert_books_agree(box)
        assert_no_traceback(box)
    finally:
        box.close()


def test_a_strategy_that_hangs_is_killed_and_stopped_while_others_go_on(tmp_path: Path) -> None:
    box = beside_flip(tmp_path, "stuck", HANG)
    try:
        box.wait_ready()
        assert wait_until_given_up(box, "stuck") == "no decision within 2 s"
        hosts = [pid for pid, command in processes_of(box.home).items() if "strategy_host" in command]
        assert len(hosts) == 1, "a host that hangs was left behind"
        wait_for_trades_of_flip(box)
        assert_books_agree(box)
        assert_no_traceback(box)
    finally:
        box.close()


def test_an_unknown_strategy_is_named_and_the_others_trade(tmp_path: Path) -> None:
    box = beside_flip(tmp_path, "flop", None)
    try:
        box.wait_ready()
        reason = wait_until_given_up(box, "flop")
        assert "'flop'" in reason
        assert "flip" in reason
        wait_for_trades_of_flip(box)
        assert_no_traceback(box)
    finally:
        box.close()
