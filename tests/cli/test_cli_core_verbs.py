"""The verbs that ask and command the core: text and JSON, exit codes, and the journal when no core runs."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tradetui.cli.main import main
from tradetui.control.messages import Row, State
from tradetui.domain.actions import Reply
from tradetui.domain.errors import OperatorError
from tradetui.domain.events import Command, CommandKind
from tradetui.domain.records import Note
from tradetui.engine.control_server import ControlServer, Desk
from tradetui.engine.locks import Lock
from tradetui.home import Paths
from tradetui.store.journal import Journal

ORDER: Row = {
    "owner": "momentum",
    "symbol": "SPY",
    "side": "BUY",
    "qty": 10.0,
    "filled": 4.0,
    "order_type": "LMT",
    "limit_price": 555.5,
    "state": "PARTIAL",
    "live": True,
    "avg_price": 555.25,
    "last_code": 399,
    "last_text": "held \x1b[31mback",
    "updated_ns": 1_748_871_000_000_000_000,
}
STATE: State = {
    "core": {
        "core": {
            "state": "PAUSED",
            "why": "paused by the operator",
            "limits_version": 3,
            "mode": "PAPER",
            "account": "DU1234567",
            "profile": "paper",
            "market_ns": 1_748_871_000_000_000_000,
            "exchange_tz": "America/New_York",
            "session_open": False,
            "session_opens_ns": 1_748_957_400_000_000_000,
            "speed": 60.0,
            "journal": "ok",
            "health": "clock is off",
            "flatten": "cancelling",
            "kill_pending": True,
            "pid": 4711,
        }
    },
    "link": {"link": {"state": "SYNCING", "reason": "looking"}},
    "account": {"account": {"equity": 100_000.0, "currency": "USD", "day_pnl": -12.5}},
    "latches": {"pause": {"state": "PAUSED", "who": "ops", "why": "lunch", "cleared_by": "operator"}},
    "strategies": {
        "momentum": {"state": "failed", "reason": "ValueError: no", "symbols": ["SPY"], "decisions": 3, "signals": 1}
    },
    "alerting": {"alerting": {"state": "off: no credentials"}},
    "symbols": {"SPY": {"blocked": "order x is UNKNOWN"}, "QQQ": {"blocked": ""}},
    "positions": {
        "SPY": {
            "qty": 10.0,
            "avg_cost": 555.5,
            "mark": None,
            "broker_qty": 9.0,
            "mismatch": True,
            "owners": {"m": 10.0},
        },
        "QQQ": {"qty": 1.5, "broker_qty": None, "owners": {}},
    },
    "orders": {"aaaa1111": ORDER, "bbbb2222": {**ORDER, "live": False, "symbol": "QQQ", "last_code": None}},
    "fills": {},
    "risk": {
        "DAILY_LOSS": {
            "label": "daily loss",
            "measured": 600.0,
            "limit": 500.0,
            "unit": "money",
            "used": 1.2,
            "breached": True,
        }
    },
    "limits": {
        "max_order_qty": {
            "value": 50.0,
            "file": 100.0,
            "staged": 200.0,
            "staged_date": "2025-06-02",
            "what": "staged",
            "who": "me",
            "reason": "bigger",
            "ts_ns": 1,
            "version": 3,
        },
        "max_positions": {
            "value": 10.0,
            "file": 10.0,
            "staged": None,
            "staged_date": "",
            "what": "file",
            "who": "configuration",
            "reason": "",
            "ts_ns": 1,
            "version": 1,
        },
    },
    "log": {},
    "review": {
        "01": {
            "key": "aaaa1111",
            "kind": "unknown",
            "symbol": "SPY",
            "text": "momentum BUY 10 SPY LMT: may be live at the broker",
            "action": "wait: 1 of 5 looks did not find it",
            "blocks": True,
        }
    },
}
REPLIES: dict[CommandKind, list[tuple[str, str]]] = {
    CommandKind.PAUSE: [("done", "PAUSED: no new exposure")],
    CommandKind.RESUME: [("denied", "trading is KILLED")],
    CommandKind.UNKILL: [("done", "no longer KILLED")],
    CommandKind.KILL: [("accepted", "KILLED; cancelling 2 orders"), ("done", "KILLED; every order has ended")],
    CommandKind.FLATTEN: [("accepted", "flattening SPY"), ("done", "FLAT: nothing held")],
    CommandKind.STOP: [("done", "the core stops")],
    CommandKind.ADOPT: [("done", "SPY: adopted -1")],
    CommandKind.ASSIGN: [("done", "SPY: assigned")],
    CommandKind.ADJUST: [("done", "SPY: booked")],
    CommandKind.CLOSE_UNKNOWN: [("done", "aaaa1111 is marked dead")],
    CommandKind.STRATEGY_REARM: [("done", "momentum is armed again")],
    CommandKind.LIMIT_SET: [("done", "max_order_qty 50 -> 40; holds now")],
    CommandKind.LIMIT_CONFIRM: [("done", "max_order_qty 50 -> 200; holds now")],
    CommandKind.LIMIT_DROP: [("denied", "nothing is staged for 'max_positions'")],
    CommandKind.UNLOCK: [("denied", "SPY stays locked: MISMATCH")],
    CommandKind.CANCEL: [("accepted", "cancelling 1 order")],
    CommandKind.CANCEL_ALL: [("accepted", "cancelling 2 orders")],
}
BLOCKS: list[Row] = [
    {
        "strategy": strategy,
        "symbol": "SPY",
        "code": "LEVERAGE",
        "measured": "up to 2.10",
        "limit": "1",
        "clears": "when positions are smaller",
    }
    for strategy in ("momentum", "cross")
]
ANSWERS: dict[str, list[Row]] = {
    "orders": [{"id": "cccc3333", **ORDER}],
    "fills": [{"id": "e1", "ts_ns": 1_748_871_000_000_000_000, "side": "BUY", "qty": 10.0, "commission": None}],
    "why": [
        {"kind": "refusal", "ts_ns": 1_748_871_000_000_000_000, "symbol": "SPY", "code": "COLLAR", "text": "too far"}
    ],
    "explain": [{"id": "aaaa1111", "ts_ns": 1_748_871_000_000_000_000, "what": "decided", "text": "wanted"}],
    "log": [
        {"seq": 2, "ts_ns": 2, "level": "INFO", "topic": "b", "text": "second"},
        {"seq": 1, "ts_ns": 1, "level": "INFO", "topic": "a", "text": "first"},
    ],
}


class FakeCore:
    """A control server with a fixed state, in a thread with a loop of its own."""

    def __init__(self, paths: Paths) -> None:
        self.commands: list[Command] = []
        self.replies = dict(REPLIES)
        self._paths = paths
        self._loop = asyncio.new_event_loop()
        self._lock: Lock | None = None
        desk = Desk(
            state=lambda: STATE,
            hello=lambda: {"profile": "paper", "mode": "PAPER", "account": "DU1234567", "pid": 1, "config_hash": ""},
            command=self._take,
            answer=self._answer,
            blocks=lambda symbol: [dict(row) for row in BLOCKS if symbol in (None, row["symbol"])],
            uid=os.getuid(),
        )
        self._server = ControlServer(desk)
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._server.start(paths.socket_for_core()), self._loop).result(5)

    def hold_lock(self) -> None:
        self._lock = Lock.take(self._paths.lock, "x")

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.close("end"), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _take(self, command: Command) -> None:
        again = command in self.commands
        self.commands.append(command)
        replies = self.replies[command.kind]
        # A kill is asked twice under one id: first for its start, then for its end.
        wanted = replies if again or command.kind is not CommandKind.KILL else replies[:1]
        for status, text in wanted:
            self._server.reply(Reply(command.command_id, status, text))
        if command.kind is CommandKind.STOP and self._lock is not None:
            self._lock.release()

    def _answer(self, what: str, args: Mapping[str, object]) -> list[Row]:
        if args.get("id") == "nothing":
            raise OperatorError("no order has the id 'nothing'")
        return ANSWERS[what]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    (tmp_path / "config.toml").touch()
    monkeypatch.setenv("TRADETUI_HOME", str(tmp_path))
    monkeypatch.setenv("TRADETUI_PROFILE", "paper")
    made = Paths(tmp_path, "paper")
    made.prepare()
    return made


@pytest.fixture
def core(paths: Paths) -> Iterator[FakeCore]:
    made = FakeCore(paths)
    yield made
    made.close()


Captured = pytest.CaptureFixture[str]


def test_status_says_state_link_market_health_and_who_pressed_what(core: FakeCore, capsys: Captured) -> None:
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    for part in (
        "PAUSED: paused by the operator, kill NOT CONFIRMED yet, flatten: cancelling",
        "DU1234567 PAPER, profile paper",
        "SYNCING: looking",
        "2025-06-02 09:30:00 closed, 60 times real speed",
        "100,000.00 USD, today -12.50",
        "PAUSED by ops: lunch (cleared by: operator)",
        "failed: ValueError: no, 3 decisions, 1 signals",
        "clock is off",
        "off: no credentials",
    ):
        assert part in said


@pytest.mark.parametrize("verb", ["status", "positions", "orders", "fills", "risk", "why", "logs"])
def test_every_read_verb_prints_json_for_scripts(core: FakeCore, capsys: Captured, verb: str) -> None:
    assert main([verb, "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out)
    assert "\x1b" not in out


def test_positions_show_mismatch_and_unknown_as_such(core: FakeCore, capsys: Captured) -> None:
    assert main(["positions"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["SPY", "10", "555.50", "-", "-", "-", "9", "MISMATCH", "m", "10"]
    assert "unknown" in lines[2]


def test_orders_come_from_the_core_then_the_journal_and_carry_no_escape_sequences(
    core: FakeCore, capsys: Captured
) -> None:
    assert main(["orders"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["bbbb2222", "aaaa1111", "cccc3333"]
    assert "399 held ?[31mback" in lines[2]
    assert main(["orders", "SPY", "--live"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_fills_risk_why_explain_and_logs_read_as_tables(core: FakeCore, capsys: Captured) -> None:
    for words, part in (
        (["fills"], "pending"),
        (["risk"], "BREACHED"),
        (["why", "SPY"], "momentum is failed: ValueError: no"),
        (["why"], "the exchange is closed until 2025-06-03 13:30:00 UTC"),
        (["why"], "COLLAR: too far"),
        (["why", "SPY"], "LEVERAGE: momentum, cross: up to 2.10, limit 1; clears when positions are smaller"),
        (["risk"], "max_order_qty  50.00      100.00  200.00 after 2025-06-02  staged"),
        (["risk", "limits"], "max_positions"),
        (["risk"], "limits version 3"),
        (["explain", "aaaa1111"], "decided"),
        (["logs"], "first"),
    ):
        assert main(words) == 0
        assert part in capsys.readouterr().out
    assert main(["why", "GLD"]) == 1
    assert "GLD is not watched; symbols are QQQ, SPY" in capsys.readouterr().err
    assert main(["explain", "nothing"]) == 1
    assert "no order has the id 'nothing'" in capsys.readouterr().err


def test_limits_are_changed_confirmed_and_dropped_by_name(core: FakeCore, capsys: Captured) -> None:
    assert main(["risk", "set", "max_order_qty", "4_0", "--reason", "calm"]) == 0
    assert main(["risk", "set", "max_order_qty", "many"]) == 1
    assert main(["risk", "confirm", "max_order_qty", "--confirm", "4567"]) == 0
    assert main(["risk", "confirm", "max_positions"]) == 1
    assert main(["risk", "confirm", "max_order_qty"]) == 1, "nobody can type here"
    assert main(["risk", "drop", "max_positions"]) == 1
    assert main(["strategies", "rearm", "momentum", "--reason", "looked"]) == 0
    said = capsys.readouterr()
    assert "'many' is no number" in said.err
    assert "nothing is staged for 'max_positions'; `tradetui risk` shows what waits" in said.err
    assert "has to be confirmed: type it in a terminal, or give --confirm" in said.err
    assert [(item.kind, item.target, item.qty, item.reason, item.confirm) for item in core.commands] == [
        (CommandKind.LIMIT_SET, "max_order_qty", 40.0, "calm", ""),
        (CommandKind.LIMIT_CONFIRM, "max_order_qty", None, "", "4567"),
        (CommandKind.LIMIT_DROP, "max_positions", None, "", ""),
        (CommandKind.STRATEGY_REARM, "momentum", None, "looked", ""),
    ]


def test_commands_report_what_the_core_said_and_exit_accordingly(core: FakeCore, capsys: Captured) -> None:
    assert main(["pause", "--reason", "lunch"]) == 0
    assert main(["resume"]) == 1
    assert main(["resume", "--unkill", "--reason", "looked", "--confirm", "4567"]) == 0
    said = capsys.readouterr()
    assert said.out == "PAUSED: no new exposure\nno longer KILLED\n"
    assert "resume denied: trading is KILLED" in said.err
    assert [(command.kind, command.reason) for command in core.commands] == [
        (CommandKind.PAUSE, "lunch"),
        (CommandKind.RESUME, ""),
        (CommandKind.UNKILL, "looked"),
    ]


def test_kill_follows_its_orders_to_their_end_under_one_id(core: FakeCore, capsys: Captured) -> None:
    assert main(["kill"]) == 0
    assert capsys.readouterr().out == "KILLED; cancelling 2 orders\nKILLED; every order has ended\n"
    assert len({command.command_id for command in core.commands}) == 1


def test_kill_says_when_orders_are_not_confirmed_dead(
    core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradetui.cli.kill.CONFIRM_S", 0.05)
    core.replies[CommandKind.KILL] = [("accepted", "KILLED; cancelling 2 orders")]
    assert main(["kill"]) == 1
    assert "not every order is confirmed dead" in capsys.readouterr().err


def test_kill_without_a_core_writes_the_stop_file(paths: Paths, capsys: Captured) -> None:
    assert main(["kill"]) == 1
    assert "no core is running: STOP file written" in capsys.readouterr().err
    assert paths.stop_file.exists()


def test_flatten_needs_a_confirmation_and_is_only_done_with_proof(
    core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert main(["flatten", "SPY"]) == 1
    assert "has to be confirmed" in capsys.readouterr().err
    assert core.commands == []
    assert main(["flatten", "SPY", "--yes"]) == 0
    assert "SPY: 9 held at the broker, 10 in our books" in capsys.readouterr().out
    core.replies[CommandKind.FLATTEN] = [("accepted", "NOT FLAT: 10 SPY is left")]
    assert main(["flatten", "--confirm", "4567"]) == 1
    core.replies[CommandKind.FLATTEN] = [("denied", "type flatten")]
    assert main(["flatten", "--yes"]) == 1
    core.replies[CommandKind.FLATTEN] = [("accepted", "flattening")]
    assert main(["flatten", "--yes", "--wait", "0.05"]) == 1
    assert "NOT FLAT yet, nothing proved" in capsys.readouterr().err
    assert {command.confirm for command in core.commands} == {"flatten", "4567"}


def test_flatten_asks_in_a_terminal(core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return "flatten\n"

    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["flatten"]) == 0
    assert "PAPER account DU1234567: type 'flatten' to close at market" in capsys.readouterr().err


def test_stop_waits_for_the_cores_end(core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    core.hold_lock()
    assert main(["stop"]) == 0
    assert "the core of profile paper has ended" in capsys.readouterr().out
    held = Lock.take(core._paths.lock, "x")
    monkeypatch.setattr("tradetui.cli.stop.ENDS_WITHIN_S", 0.05)
    assert main(["stop"]) == 1
    assert "did not end within" in capsys.readouterr().err
    held.release()


@pytest.mark.parametrize("words", [["risk", "limits", "--json"], ["risk", "--json", "limits"], ["risk", "--json"]])
def test_the_limits_come_as_json_wherever_the_option_stands(core: FakeCore, capsys: Captured, words: list[str]) -> None:
    assert main(words) == 0
    assert "max_order_qty" in json.loads(capsys.readouterr().out)["limits"]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_limit_that_is_no_number_is_refused_by_its_name(core: FakeCore, capsys: Captured, value: str) -> None:
    assert main(["risk", "set", "--", "max_order_qty", value]) == 1
    assert capsys.readouterr().err == f"tradetui: '{value}' is no number; write it plain, such as 2500 or 0.5\n"
    assert core.commands == []


@pytest.mark.parametrize("verb", ["status", "positions", "risk", "pause", "stop"])
def test_without_a_core_a_verb_that_needs_one_says_so(paths: Paths, capsys: Captured, verb: str) -> None:
    assert main([verb]) == 1
    assert "no core is running for profile paper" in capsys.readouterr().err


def test_without_a_core_the_past_comes_from_the_journal_and_says_so(paths: Paths, capsys: Captured) -> None:
    assert main(["fills"]) == 1
    assert "there is no journal yet" in capsys.readouterr().err

    async def write() -> None:
        journal = await Journal.open(paths.journal)
        await journal.commit([Note(ts_ns=10**18, level="ERROR", topic="x", text="kept")])
        await journal.close()

    asyncio.run(write())
    assert main(["logs"]) == 0
    said = capsys.readouterr()
    assert "ERROR   x          kept" in said.out
    assert "this is what its journal holds" in said.err
    for verb, empty in (("orders", "no orders"), ("fills", "no executions")):
        assert main([verb]) == 0
        assert empty in capsys.readouterr().out
    assert main(["why", "--json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert rows[0]["text"] == "no core is running"
