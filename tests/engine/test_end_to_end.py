"""The core with a real gateway over TCP: it trades, survives, stops, and its books are the broker's."""

from __future__ import annotations

import re
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live import MICRO, Life, processes_of
from tradetui.config import load_config
from tradetui.control.messages import State
from tradetui.domain.actions import PlaceOrder
from tradetui.domain.ledger import Ledger
from tradetui.engine.composition import calendar_of, core_settings_of, instruments_of, plans_of
from tradetui.store.inputs import read_start, read_steps
from tradetui.store.loading import load_image
from tradetui.trading.core import TradingCore

pytestmark = pytest.mark.slow


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    made = Life(tmp_path / "home")
    yield made
    made.close()


def core_row(state: State) -> dict[str, Any]:
    return dict(state["core"]["core"])


def ledger_of(life: Life) -> Ledger:
    with sqlite3.connect(life.paths.journal) as journal:
        image = load_image(journal)
    journal.close()
    ledger = Ledger()
    if image.opening_cash is not None:
        ledger.open_cash(image.opening_cash)
    for saved in image.fills:
        ledger.book_fill(saved.fill, saved.owner, saved.multiplier)
    for commission in image.commissions:
        ledger.book_commission(commission)
    assert image.adjustments == ()
    return ledger


def assert_books_equal(life: Life, gateway: dict[str, Any]) -> None:
    """Cash to the cent, every position, and no order of ours at the broker twice."""
    ledger, (account,) = ledger_of(life), gateway["accounts"]
    assert ledger.cash == pytest.approx(account["cash"] / MICRO, abs=0.005)
    theirs = {holding["contract"]["symbol"]: holding["quantity"] for holding in account["holdings"]}
    ours = {position.symbol: position.qty for position in ledger.positions() if position.qty}
    assert ours == {symbol: quantity for symbol, quantity in theirs.items() if quantity}
    refs = Counter(order["request"]["order_ref"] for order in (*gateway["working"], *gateway["done"]))
    assert [ref for ref, count in refs.items() if count > 1] == []
    assert refs.keys() == {ref for (ref,) in life.rows("SELECT order_ref FROM orders WHERE perm_id IS NOT NULL")}


def test_strategies_trade_over_the_real_protocol_and_the_books_are_the_brokers(life: Life) -> None:
    life.start()
    state = life.wait_fills(8)
    assert core_row(state)["state"] == "RUN"
    assert core_row(state)["mode"] == "PAPER"
    assert {row["owner"] for row in state["fills"].values()} == {"ma_crossover", "momentum"}
    assert core_row(state)["order_latency_p50_ms"] > 0
    flattened = life.command("flatten", "--yes")
    assert (flattened.returncode, flattened.stderr) == (0, "")
    assert "FLAT: the broker's own list shows nothing held" in flattened.stdout
    life.command("pause", "--reason", "end of the test")
    assert life.stop_core() == 0
    assert_books_equal(life, life.stop_gateway())
    assert life.rows("SELECT end_reason FROM runs") == [("SIGTERM",)]
    assert processes_of(life.home) == []


def test_a_recorded_run_replayed_gives_the_same_orders(life: Life) -> None:
    life.start()
    life.wait_fills(6)
    life.stop_core()
    config = load_config(life.home, "demo", life.environ)
    plans = plans_of(config, life.paths)
    calendar = calendar_of(config, life.paths)
    ((run_id,),) = life.rows("SELECT run_id FROM runs")
    inputs = life.paths.state / "inputs.db"
    core = TradingCore(
        core_settings_of(config, plans, instruments_of(config, plans), calendar), read_start(inputs, run_id)[0]
    )
    placed = [
        action.intent.intent_id
        for step in read_steps(inputs, run_id)
        for action in core.step(step.event, step.now)
        if isinstance(action, PlaceOrder)
    ]
    assert placed == [intent_id for (intent_id,) in life.rows("SELECT intent_id FROM intents ORDER BY rowid")]
    assert len(placed) >= 6


def test_a_second_core_is_refused_in_one_line_and_the_first_goes_on(life: Life) -> None:
    life.start()
    life.wait_trading()
    first = life.core
    second = life.start_core()
    _, said = second.communicate(timeout=20)
    life.core = first
    assert second.returncode == 1
    assert re.fullmatch(r"tradetui: a core for profile demo of \S+ runs already \(process \d+\); attach.*\n", said)
    life.wait_trading()


def test_nothing_listening_is_shown_as_the_links_reason_and_the_core_stays_up(life: Life) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        life.port = unused.getsockname()[1]
    life.start_core()
    state = life.wait(lambda state: state["link"]["link"]["state"] == "DISCONNECTED")
    assert f"127.0.0.1:{life.port}" in str(state["link"]["link"]["reason"])
    assert life.command("status").returncode == 0
    life.start_gateway()
    life.wait_trading()


def test_strategies_that_are_unknown_or_fail_stop_with_a_reason_while_the_others_trade(tmp_path: Path) -> None:
    life = Life(tmp_path / "home")
    with (life.home / "config.toml").open("a", encoding="utf-8") as config:
        config.write('\n[strategies.raises]\nsymbols = ["DIA"]\n\n[strategies.hangs]\nsymbols = ["DIA"]\n')
    code = "from tradetui.strategy.api import Strategy, register\n"
    for name, body in (("raises", "raise ValueError('no luck')"), ("hangs", "while True: pass")):
        text = f"{code}@register('{name}')\nclass S(Strategy):\n    def on_bar(self, bar, ctx):\n        {body}\n"
        (life.home / "strategies" / f"{name}.py").write_text(text)
        (life.home / "strategies" / f"{name}.py").chmod(0o600)
    try:
        life.start()
        state = life.wait(
            lambda state: all(state["strategies"][name]["state"] == "stopped" for name in ("raises", "hangs"))
        )
        assert "ValueError: no luck (raises.py:5)" in str(state["strategies"]["raises"]["reason"])
        assert "no decision within" in str(state["strategies"]["hangs"]["reason"])
        life.wait_fills(4)
    finally:
        life.close()


def beats(life: Life, count: int) -> None:
    """Return when the heart has beaten `count` times more.

    Raises:
        AssertionError: it takes more than a second a beat, ten times as long as it should.
    """
    seen, last = 0, life.paths.heartbeat.stat().st_mtime_ns
    deadline = time.monotonic() + count
    while seen < count:
        beat = life.paths.heartbeat.stat().st_mtime_ns
        seen, last = seen + (beat != last), beat
        if time.monotonic() > deadline:
            raise AssertionError(f"{seen} beats in {count} s")
        time.sleep(0.005)


def test_the_heart_beats_on_while_clients_stall_and_die(life: Life) -> None:
    life.start()
    life.wait_trading()
    path = life.paths.socket_for_clients()
    if path is None:
        raise AssertionError("no socket")
    stalled = []
    for _ in range(3):
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(path))
        client.sendall(b'{"t": "hello"}\n{"t": "subscribe", "hz": 10}\n')
        stalled.append(client)
    # A core that waits for a client beats no more; how evenly it beats is a figure of the benchmarks.
    beats(life, 30)
    while stalled:
        stalled.pop().close()
        beats(life, 10)
