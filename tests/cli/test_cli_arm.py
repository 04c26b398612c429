"""`tradetui arm`: what is shown before the question, and what is sent."""

from __future__ import annotations

import io

import pytest

from tests.cli.test_cli_core_verbs import STATE, Captured, FakeCore, core, paths
from tradetui.cli.main import main
from tradetui.control.messages import JsonValue, Section
from tradetui.domain.events import CommandKind

__all__ = ["core", "paths"]

ROWS: Section = {
    "risk.max_order_qty": {"now": "20", "armed": "10"},
    "risk.max_leverage": {"now": "1.0", "armed": "1.0"},
    "risk.gone": {"now": None, "armed": "7"},
    "file new.py": {"now": "ab12", "armed": None},
}


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch, core: FakeCore) -> FakeCore:
    show(monkeypatch, ROWS, armed=False, last_armed="2026-03-02 by ann")
    core.replies[CommandKind.ARM] = [("done", "ARMED until the session 2026-03-03 ends")]
    core.replies[CommandKind.DISARM] = [("done", "NOT ARMED")]
    return core


def show(monkeypatch: pytest.MonkeyPatch, rows: Section, **columns: JsonValue) -> None:
    row = {**STATE["core"]["core"], "mode": "LIVE", "account": "U1234567", "arming_digest": "d1", **columns}
    monkeypatch.setitem(STATE, "core", {"core": row})
    monkeypatch.setitem(STATE, "arming", rows)


def test_account_limits_and_changes_are_shown_and_the_shown_configuration_is_what_is_armed(
    live: FakeCore, capsys: Captured
) -> None:
    assert main(["arm", "--confirm", "4567", "--reason", "monday"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    assert lines == [
        ["LIVE", "account", "U1234567,", "profile", "paper"],
        ["last", "armed:", "2026-03-02", "by", "ann"],
        ["LIMIT", "VALUE"],
        ["max_order_qty", "20"],
        ["max_leverage", "1.0"],
        ["CHANGED", "SINCE", "ARMED", "NOW"],
        ["risk.max_order_qty", "10", "20"],
        ["risk.gone", "7", "-"],
        ["file", "new.py", "-", "ab12"],
        ["ARMED", "until", "the", "session", "2026-03-03", "ends"],
    ]
    (command,) = live.commands
    assert (command.target, command.confirm, command.reason) == ("d1", "4567", "monday")


def test_the_first_arming_and_an_unchanged_one_say_so(
    live: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(monkeypatch, {"risk.x": {"now": "1", "armed": None}}, armed=False, last_armed="")
    assert main(["arm", "--confirm", "4567"]) == 0
    assert "this profile was never armed" in capsys.readouterr().out
    show(monkeypatch, {"risk.x": {"now": "1", "armed": "1"}}, armed=False, last_armed="2026-03-02 by ann")
    assert main(["arm", "--confirm", "4567"]) == 0
    assert "nothing changed since then" in capsys.readouterr().out


def test_it_asks_in_a_terminal_and_nowhere_else(
    live: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("4567\n"))
    assert main(["arm"]) == 1
    assert "arm has to be confirmed" in capsys.readouterr().err
    assert live.commands == []
    terminal = io.StringIO("4567\n")
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr("sys.stdin", terminal)
    assert main(["arm"]) == 0
    assert "LIVE account U1234567: type its last four characters to arm:" in capsys.readouterr().err
    assert live.commands[-1].confirm == "4567"


def test_paper_is_refused_before_anything_is_sent(
    live: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(monkeypatch, {}, armed=None)
    assert main(["arm", "--confirm", "4567"]) == 1
    assert "profile paper is not live: nothing has to be armed" in capsys.readouterr().err
    assert live.commands == []


def test_disarm_sends_its_command(live: FakeCore) -> None:
    assert main(["disarm", "--reason", "lunch"]) == 0
    assert (live.commands[-1].kind, live.commands[-1].reason) == (CommandKind.DISARM, "lunch")
