"""The link to the gateway breaks in every way a link can: trading goes on after it, nothing was missed or doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.box import FLIP, Box, wait_for
from tests.e2e.players import REST, WITNESS, config_of
from tests.e2e.test_kill9 import compare, order_refs, quiet_books
from tradetui.domain.clock import MINUTE_NS

pytestmark = pytest.mark.slow

SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A core with a strategy that buys and sells at every bar, and one that writes down what bars it is shown."""
    config = config_of(["flip", "witness"], broker="reconnect_max_s = 2")
    yield from trading(Box(tmp_path, config=config, strategies={"flip": FLIP, "witness": WITNESS}))


@pytest.fixture
def resting(tmp_path: Path) -> Iterator[Box]:
    """A core with a resting order in each symbol."""
    config = config_of(["rest"], broker="reconnect_max_s = 2")
    yield from trading(Box(tmp_path, config=config, strategies={"rest": REST}))


def trading(box: Box) -> Iterator[Box]:
    try:
        box.start_gateway()
        box.start_core()
        box.wait_ready()
        box.wait_orders(4)
        yield box
    finally:
        box.close()


def link(box: Box, name: str) -> object:
    return box.row("link").get(name)


def decisions(box: Box) -> int:
    return int(box.row("strategies", "flip").get("decisions") or 0)  # type: ignore[arg-type]


def wait_for_decisions(box: Box) -> None:
    before = decisions(box)
    wait_for("decisions", lambda: decisions(box) >= before + 4)


def wait_for_return(box: Box, reconnects: int, limit_s: float = 30.0) -> None:
    """Wait for a newer session than number `reconnects`, whose books were compared, with bars and decisions again."""

    def back() -> bool:
        row = box.row("link")
        return int(row.get("reconnects") or 0) > reconnects and row.get("state") == "READY"  # type: ignore[arg-type]

    wait_for(f"the link's return ({box.row('link')})", back, limit_s)
    wait_for("trading again", lambda: box.row("core").get("state") == "RUN")
    ends = {symbol: box.row("symbols", symbol)["bar_end_ns"] for symbol in SYMBOLS}
    for symbol, end in ends.items():
        wait_for(f"more bars of {symbol}", newer(box, symbol, end))


def newer(box: Box, symbol: str, end: object) -> Callable[[], bool]:
    return lambda: box.row("symbols", symbol)["bar_end_ns"] > end  # type: ignore[operator]


def assert_every_bar_was_shown_once(box: Box) -> None:
    """Each symbol's bars follow each other by a minute, across every break of the link."""
    lines = [line.split() for line in (box.home / "witness.txt").read_text().splitlines()]
    for symbol in SYMBOLS:
        ends = [int(end) // MINUTE_NS for name, end in lines if name == symbol]
        steps = [later - earlier for earlier, later in pairwise(ends)]
        nights = [step for step in steps if step > 24 * 60 / 3]
        assert set(steps) - set(nights) == {1}, steps
        assert len(nights) <= 1, "more than the night before this session is missing"


def assert_books_agree_and_nothing_was_sent_twice(box: Box) -> None:
    box.command("pause")
    state, truth = wait_for("quiet books", lambda: quiet_books(box), 60)
    compare(state, truth)
    assert not {ref: count for ref, count in order_refs(truth).items() if count > 1}


def test_dropped_connections_are_made_again_and_trading_goes_on(box: Box) -> None:
    for number in range(4):
        assert box.gateway_command(cmd="drop_clients")["dropped"] == 1
        wait_for_return(box, number)
        wait_for_decisions(box)
    assert_every_bar_was_shown_once(box)
    assert_books_agree_and_nothing_was_sent_twice(box)


def test_a_gateway_that_refuses_for_a_while_is_named_and_found_again(box: Box) -> None:
    box.gateway_command(cmd="refuse_connections", seconds=6)
    box.gateway_command(cmd="drop_clients")
    wait_for("the loss", lambda: link(box, "state") == "DISCONNECTED", 5)
    assert box.status("link").startswith("DISCONNECTED: ")
    sent = box.row("core")["orders_sent"]
    wait_for_return(box, 0)
    wait_for("orders", lambda: box.row("core")["orders_sent"] > sent)  # type: ignore[operator]
    assert_books_agree_and_nothing_was_sent_twice(box)


def test_a_link_that_went_silent_is_noticed_replaced_and_caught_up(box: Box) -> None:
    assert box.gateway_command(cmd="silence", seconds=30)["silenced"] == 1
    wait_for("the discovery", lambda: link(box, "state") == "DISCONNECTED", 35)
    assert "did not answer 2 heartbeats; the link is dead" in box.cli("logs", "-n", "200").stdout
    wait_for_return(box, 0, 45)
    wait_for_decisions(box)
    assert_every_bar_was_shown_once(box)
    assert_books_agree_and_nothing_was_sent_twice(box)


def test_fills_made_while_the_link_was_down_are_booked_on_its_return(resting: Box) -> None:
    wait_for("resting orders", lambda: len(resting.statement()["open_orders"]) == 4)
    limits = {
        order["request"]["contract"]["symbol"]: order["request"]["limit_price"]
        for order in resting.statement()["open_orders"]
    }
    resting.gateway_command(cmd="refuse_connections", seconds=3)
    resting.gateway_command(cmd="drop_clients")
    wait_for("the loss", lambda: link(resting, "state") == "DISCONNECTED", 5)
    for symbol in ("SPY", "DIA"):
        resting.gateway_command(cmd="set_price", symbol=symbol, price=round(limits[symbol] * 0.99, 2), hold=True)
    bought = {row["contract"]["symbol"]: row["quantity"] for row in resting.statement()["positions"]}
    assert bought == {"SPY": 10, "DIA": 10}, "the gateway did not fill: the test proves nothing"
    assert not (resting.state("positions") or {})["positions"]

    def booked() -> bool:
        rows = (resting.state("positions") or {"positions": {}})["positions"]
        return {symbol: row["qty"] for symbol, row in rows.items()} == bought

    wait_for("both fills booked", booked)
    fills = resting.state("fills")
    assert fills is not None
    assert sorted(str(row["symbol"]) for row in fills["fills"].values()) == ["DIA", "SPY"]
    assert {row["owner"] for row in fills["fills"].values()} == {"rest"}
    assert_books_agree_and_nothing_was_sent_twice(resting)


def test_a_gateway_that_ends_and_comes_back_is_traded_through_again(tmp_path: Path) -> None:
    box = Box(tmp_path, config=config_of(["flip"], broker="reconnect_max_s = 2"))
    memory = tmp_path / "account.json"
    try:
        box.start_gateway("--state", str(memory))
        box.start_core()
        box.wait_ready()
        box.wait_orders(6)
        assert box.gateway is not None
        box.gateway.terminate()
        assert box.gateway.wait(20) == 0
        assert box.gateway.stdout is not None
        box.gateway.stdout.close()
        wait_for("the loss", lambda: link(box, "state") == "DISCONNECTED", 5)
        box.start_gateway("--state", str(memory), "--port", str(box.port))
        wait_for_return(box, 0)
        assert_books_agree_and_nothing_was_sent_twice(box)
    finally:
        box.close()
