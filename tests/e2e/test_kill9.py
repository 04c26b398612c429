"""`kill -9` at any moment: no order twice, no fill lost, the ledger equals the gateway's account afterwards."""

from __future__ import annotations

import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.box import Box, Statement, wait_for
from tradetui.control.messages import State

KILLS = 30


def order_refs(statement: Statement) -> Counter[str]:
    orders = [*statement["open_orders"], *statement["completed_orders"]]
    return Counter(order["request"]["order_ref"] for order in orders)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1])
def test_thirty_kills_at_random_moments_leave_no_double_and_no_difference(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    box = Box(tmp_path)
    try:
        box.start_gateway("--seed", str(seed))
        for number in range(KILLS):
            box.start_core()
            if number % 5 == 4:
                time.sleep(rng.uniform(0.2, 1.5))  # the moment of the kill is the input: also during the start
            else:
                box.wait_ready()
                box.wait_orders(rng.randint(1, 4))
                time.sleep(rng.uniform(0.0, 0.3))
            box.kill_core()
            doubled = {ref: count for ref, count in order_refs(box.statement()).items() if count > 1}
            assert not doubled, f"kill {number}: sent twice {doubled}"
        box.start_core()
        box.wait_ready()
        box.command("pause")
        compare(*wait_for("quiet books", lambda: quiet_books(box), 60))
        assert len(box.statement()["executions"]) > KILLS / 2, "the test traded too little to prove anything"
    finally:
        box.close()


def quiet_books(box: Box) -> tuple[State, Statement] | None:
    """Both books of one moment at which nothing moved: exits still go while paused, so look before and after."""
    before, truth, after = box.state(), box.statement(), box.state()
    if before is None or after is None or truth["open_orders"]:
        return None
    live = [row for row in after["orders"].values() if row["live"]]
    moved = before["core"]["core"]["orders_sent"] != after["core"]["core"]["orders_sent"]
    return None if live or moved or after["account"]["account"]["provisional"] else (after, truth)


def compare(state: State, truth: Statement) -> None:
    """The ledger equals the gateway's own account: positions exactly, money to the cent."""
    theirs = {row["contract"]["symbol"]: row["quantity"] for row in truth["positions"] if row["quantity"]}
    ours = {symbol: row["qty"] for symbol, row in state["positions"].items() if row["qty"]}
    assert ours == theirs
    account = state["account"]["account"]
    assert account["cash"] == pytest.approx(truth["values"]["cash"], abs=0.005)
    assert account["realized"] == pytest.approx(truth["values"]["realized_pnl"], abs=0.015)
