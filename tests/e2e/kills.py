"""Kills a trading core again and again: `python -m tests.e2e.kills --kills 300 --seed 1`.

Real processes, real sockets, real SQLite (FULL). A life ends at a named point, in the gateway's handler that reads its
placeOrder, at a random moment, or is stopped (SIGSTOP) for a while before. After each: the journal is whole, no order
reference is at the gateway twice, none is there that the journal lacks; at the end both books agree to the cent.
"""

from __future__ import annotations

import argparse
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.box import FLIP, Box, Statement, wait_for
from tests.e2e.crash_run import POINTS
from tests.e2e.players import REST
from tradetui.control.client import CoreUnavailable, command_message
from tradetui.control.messages import State
from tradetui.domain.ids import intent_of_ref

ROOT = Path(__file__).resolve().parents[2]
CONFIG = """\
[broker]
client_id = 7

[market]
symbols = ["SPY", "QQQ"]

[strategies.flip]
symbols = ["SPY", "QQQ"]
qty = 10

[strategies.rest]
symbols = ["SPY", "QQQ"]
qty = 10

[execution]
unfilled_policy = "keep"

[risk]
max_order_qty = 100
max_order_notional = 100_000
max_position_qty = 100
max_position_notional = 100_000
max_gross_notional = 400_000
max_leverage = 1.0
daily_loss_limit = 50_000
max_drawdown_pct = 50.0
price_collar_pct = 10.0
orders_per_second = 100
orders_per_minute = 3_000
orders_per_day = 100_000
duplicate_window_s = 0.001

[profile.demo.clock]
speed = 60
"""
#: A life that does not come to its point ends by itself after this, real seconds.
LIFE_S = 6.0
#: How long the answers to one command are waited for.
ANSWER_S = 3.0
#: Points that only the operator's commands lead to, and the command that does.
LED_BY = {
    "kill": "kill",
    "flatten": "flatten",
    "socket.before_cancel": "cancel-all",
    "socket.after_cancel": "cancel-all",
}


class Violated(AssertionError):
    """A promise is broken; the text begins with the invariant's number."""


@dataclass
class Outcome:
    """How many lives ended where."""

    kills: int = 0
    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)

    @property
    def per_minute(self) -> float:
        """Kills per minute."""
        return self.kills / self.seconds * 60 if self.seconds else 0.0


class Killer:
    """One box whose core dies again and again."""

    def __init__(self, home: Path, seed: int) -> None:
        self.rng = random.Random(seed)
        self.box = Box(home, config=CONFIG, strategies={"flip": FLIP, "rest": REST}, environ={"PYTHONPATH": str(ROOT)})
        self.box.program = "tests.e2e.crash_run"
        self.order = home / "kill-the-core"
        self.outcome = Outcome()
        self._refs: set[str] = set()

    def open(self, seed: int) -> None:
        """Start the gateway, which can kill the core when it reads an order."""
        self.box.environ["CRASH_CORE"] = str(self.order)
        self.box.start_gateway("--seed", str(seed))
        del self.box.environ["CRASH_CORE"]

    def life(self, end: str) -> None:
        """Let the core live until `end` (POINT:N, gateway:taken, gateway:lost, random, stop:SECONDS), then look."""
        began = time.monotonic()
        name, _, detail = end.partition(":")
        if name in POINTS:
            self.box.environ["CRASH_AT"] = end
        self.box.start_core()
        self.box.environ.pop("CRASH_AT", None)
        process = self.box.core
        assert process is not None
        if name == "gateway":
            self.order.write_text(f"{process.pid} {detail}")
        if name == "random":
            time.sleep(self.rng.uniform(0.05, 4.0))  # the moment of the kill is the input
        elif self._comes_alive():
            self._lead(name, detail)
            self._await_death()
        reached = process.poll() is not None
        self.box.kill_core()
        self.order.unlink(missing_ok=True)
        self.outcome.kills += 1
        self.outcome.ends[name if reached or name in ("random", "stop") else f"{name} (not reached)"] += 1
        self.outcome.seconds += time.monotonic() - began
        self.examine(end)

    def _alive(self) -> bool:
        return self.box.core is not None and self.box.core.poll() is None

    def _comes_alive(self) -> bool:
        """Wait until the link is READY; return False when the core died on the way."""
        limit = time.monotonic() + 30
        while self._alive() and time.monotonic() < limit:
            if self.box.row("link").get("state") == "READY":
                return self._alive()
            time.sleep(0.02)
        return False

    def _lead(self, name: str, detail: str) -> None:
        """Give the commands of an operator: end the last kill, and what leads to the point."""
        self._resolve()
        if name == "stop":
            assert self.box.core is not None
            self.box.core.send_signal(signal.SIGSTOP)
            time.sleep(float(detail))
            self.box.core.send_signal(signal.SIGCONT)
            return
        led = LED_BY.get(name) or LED_BY.get(name.partition(".")[0])
        if led is None:
            return
        limit = time.monotonic() + LIFE_S
        while self._alive() and time.monotonic() < limit:
            if (self.box.row("core").get("orders_sent") or 0) >= 2:  # type: ignore[operator]
                break
            time.sleep(0.02)
        for _ in range(4):
            self._command(led, confirm="flatten" if led == "flatten" else "")
            if not self._alive():
                return

    def _resolve(self) -> None:
        """Do an operator's work after a restart: end a kill, mark dead what the gateway does not have, resume."""
        self._command("unkill", confirm="4567", reason="next life")
        state = self.box.state("orders") or {"orders": {}}
        truth = self.box.statement()
        there = {order["request"]["order_ref"] for order in [*truth["open_orders"], *truth["completed_orders"]]}
        for key, row in state["orders"].items():
            if row["state"] == "UNKNOWN" and not any(ref.endswith(f":{key}") for ref in there):
                self._command("close-unknown", target=key, reason="the gateway does not have it")
        self._command("resume")

    def _command(self, kind: str, **fields: Any) -> None:
        # It dies meanwhile, which is what is wanted.
        with suppress(CoreUnavailable, OSError), self.box.client() as client:
            list(client.command(command_message(kind, who="test", **fields), timeout_s=ANSWER_S))

    def _await_death(self) -> None:
        limit = time.monotonic() + LIFE_S
        while self._alive() and time.monotonic() < limit:
            time.sleep(0.01)

    # --- promises ----------------------------------------------------------------------------------------------
    def examine(self, end: str) -> None:
        """Look at the journal's file and at the gateway's books.

        Raises:
            Violated: a promise is broken.
        """
        truth = self.box.statement()
        refs = Counter(order["request"]["order_ref"] for order in [*truth["open_orders"], *truth["completed_orders"]])
        doubled = [ref for ref, count in refs.items() if count > 1 and ref]
        if doubled:
            raise Violated(f"I2: after {end} the gateway has {doubled} twice")
        known = self._journaled()
        lacking = [ref for ref in refs if intent_of_ref(ref) and intent_of_ref(ref) not in known]
        if lacking:
            raise Violated(f"I3: after {end} the gateway has {lacking}, the journal has not")
        self._refs |= set(refs)

    def _journaled(self) -> set[str]:
        path = self.box.paths.journal
        if not path.exists():
            return set()
        with closing(sqlite3.connect(path)) as journal:
            if journal.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise Violated("I29: the journal is damaged")
            has = journal.execute("SELECT 1 FROM sqlite_master WHERE name = 'intents'").fetchone()
            return {row[0] for row in journal.execute("SELECT intent_id FROM intents")} if has else set()

    def settle(self) -> None:
        """Start once more and demand that both books agree.

        Raises:
            AssertionError: they do not.
        """
        self.box.start_core()
        assert self._comes_alive(), self.box.log()
        wait_for("a clean review", self._runs, 60)
        self.box.command("pause")
        ours, theirs = wait_for("quiet books", self._quiet_books, 90)
        compare(ours, theirs)

    def _runs(self) -> bool:
        self._resolve()
        return self.box.row("core").get("state") == "RUN"

    def _quiet_books(self) -> tuple[State, Statement] | None:
        before, truth, after = self.box.state(), self.box.statement(), self.box.state()
        if before is None or after is None or truth["open_orders"]:
            return None
        live = [row for row in after["orders"].values() if row["live"]]
        moved = before["core"]["core"]["orders_sent"] != after["core"]["core"]["orders_sent"]
        return None if live or moved or after["account"]["account"]["provisional"] else (after, truth)


def compare(state: State, truth: Statement) -> None:
    """The ledger equals the gateway's own account: positions exactly, money to the cent."""
    theirs = {row["contract"]["symbol"]: row["quantity"] for row in truth["positions"] if row["quantity"]}
    ours = {symbol: row["qty"] for symbol, row in state["positions"].items() if row["qty"]}
    if ours != theirs:
        raise Violated(f"I11: ours {ours}, the gateway's {theirs}")
    cash, real = state["account"]["account"]["cash"], truth["values"]["cash"]
    if not isinstance(cash, int | float) or abs(cash - real) > 0.005:
        raise Violated(f"I11: cash {cash}, the gateway's {real}")


def ends(rng: random.Random, count: int) -> list[str]:
    """Return how `count` lives end: every named point in turn, the gateway's handler, random moments, stops.

    A journal migrates once in its life: those points come first.
    """
    names = [name for name in POINTS if not name.startswith("migration.")]
    chosen = [f"migration.{place}_step:1" for place in ("before", "after")][:count]
    for number in range(count - len(chosen)):
        dice = rng.random()
        if dice < 0.15:
            chosen.append("random")
        elif dice < 0.3:
            chosen.append(rng.choice(("gateway:taken", "gateway:lost")))
        elif dice < 0.33:
            chosen.append(f"stop:{rng.choice((1, 1, 5, 20))}")
        else:
            name = names[number % len(names)]
            led = name in LED_BY or name.partition(".")[0] in LED_BY
            chosen.append(f"{name}:{rng.choice((1, 2) if led else (1, 1, 2, 3, 5))}")
    return chosen


def campaign(home: Path, kills: int, seed: int) -> Outcome:
    """Kill a core `kills` times.

    Raises:
        AssertionError: a promise is broken.
    """
    killer = Killer(home, seed)
    try:
        killer.open(seed)
        for end in ends(killer.rng, kills):
            killer.life(end)
        killer.settle()
    finally:
        killer.box.close()
    return killer.outcome


def main() -> int:
    """Run a campaign and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as home:
        outcome = campaign(Path(home), args.kills, args.seed)
    for name, count in sorted(outcome.ends.items()):
        sys.stdout.write(f"{name:<40}{count:>5}\n")
    sys.stdout.write(f"{outcome.kills} kills, {outcome.per_minute:.0f}/min, no violation\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
