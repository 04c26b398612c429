"""`tradetui repair` and `tradetui cancel`: what each sends to the core, and what is refused before that."""

from __future__ import annotations

import json

import pytest

from tests.cli.test_cli_core_verbs import STATE, Captured, FakeCore, core, paths
from tradetui.cli.main import main
from tradetui.domain.events import Command, CommandKind

__all__ = ["core", "paths"]


def sent(core: FakeCore) -> Command:
    """Return the last command the core got."""
    return core.commands[-1]


def test_each_repair_sends_its_command_with_the_reason(core: FakeCore, capsys: Captured) -> None:
    assert main(["repair", "adopt", "spy", "QQQ", "--reason", "transfer"]) == 0
    assert (sent(core).kind, sent(core).symbols, sent(core).reason) == (CommandKind.ADOPT, ("SPY", "QQQ"), "transfer")
    assert main(["repair", "assign", "SPY", "momentum", "--from", "EXTERNAL", "--qty", "5", "--reason", "its own"]) == 0
    command = sent(core)
    assert (command.kind, command.target, command.owner, command.qty) == (
        CommandKind.ASSIGN,
        "momentum",
        "EXTERNAL",
        5.0,
    )
    assert main(["repair", "adjust", "SPY", "--qty", "-3", "--price", "100.5", "--reason", "missed"]) == 0
    assert (sent(core).qty, sent(core).price, sent(core).cash) == (-3.0, 100.5, None)
    assert main(["repair", "adjust", "SPY", "--qty", "3", "--price", "1", "--free", "--reason", "split"]) == 0
    assert sent(core).cash == 0.0
    assert main(["repair", "cash", "-12.5", "--reason", "fee"]) == 0
    assert (sent(core).kind, sent(core).symbols, sent(core).cash) == (CommandKind.ADJUST, (), -12.5)
    assert main(["repair", "close", "aaaa1111", "--reason", "not in TWS"]) == 0
    assert (sent(core).kind, sent(core).target) == (CommandKind.CLOSE_UNKNOWN, "aaaa1111")
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "SPY: adopted -1"
    assert main(["repair", "unlock", "spy", "--reason", "looked"]) == 1
    assert "unlock denied: SPY stays locked" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["repair"],
        ["repair", "mend", "SPY"],
        ["repair", "adopt", "SPY"],
        ["repair", "adjust", "SPY", "--qty", "nan", "--price", "1", "--reason", "x"],
        ["repair", "cash", "much", "--reason", "x"],
    ],
)
def test_wrong_usage_sends_nothing(core: FakeCore, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert core.commands == []


def test_a_figure_that_is_no_number_is_named_with_the_remedy(core: FakeCore, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["repair", "cash", "1,000", "--reason", "deposit"])
    assert "'1,000' is no number; write it plain, such as 2500 or -0.5" in capsys.readouterr().err


def test_an_empty_reason_is_refused_with_the_remedy(core: FakeCore, capsys: Captured) -> None:
    assert main(["repair", "close", "aaaa1111", "--reason", " "]) == 1
    assert "repair: the reason is empty; say why, for the record: --reason WHY" in capsys.readouterr().err
    assert core.commands == []


def test_cancel_names_one_order_a_symbol_or_all_and_returns_at_the_first_word(core: FakeCore, capsys: Captured) -> None:
    assert main(["cancel", "aaaa1111"]) == 0
    assert main(["cancel", "--symbol", "spy"]) == 0
    assert main(["cancel", "--all"]) == 0
    assert [(command.kind, command.target, command.symbols) for command in core.commands] == [
        (CommandKind.CANCEL, "aaaa1111", ()),
        (CommandKind.CANCEL_ALL, "", ("SPY",)),
        (CommandKind.CANCEL_ALL, "", ()),
    ]
    assert capsys.readouterr().out.splitlines()[0] == "cancelling 1 order"
    for words in (["cancel"], ["cancel", "aaaa1111", "--all"]):
        assert main(words) == 1
        assert "name one ORDER" in capsys.readouterr().err
    assert len(core.commands) == 3


class TestRestartReview:
    def show(self, monkeypatch: pytest.MonkeyPatch, link: str, review: str) -> None:
        monkeypatch.setitem(STATE, "link", {"link": {"state": link, "reason": "looking"}})
        monkeypatch.setitem(STATE, "core", {"core": {**STATE["core"]["core"], "review": review}})

    def test_what_is_left_is_listed_with_what_to_do_and_exits_1(
        self, core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.show(monkeypatch, "READY", "1 to resolve")
        assert main(["restart-review"]) == 1
        said = capsys.readouterr()
        assert "momentum BUY 10 SPY LMT: may be live at the broker  wait: 1 of 5 looks" in said.out
        assert said.err == "tradetui: restart review: 1 to resolve\n"
        assert main(["restart-review", "--json"]) == 1
        assert json.loads(capsys.readouterr().out)["items"][0]["blocks"] is True

    @pytest.mark.parametrize("review", ["", "clean; waiting for your resume"])
    def test_clean_is_said_and_exits_0(
        self, core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch, review: str
    ) -> None:
        self.show(monkeypatch, "READY", review)
        monkeypatch.setitem(STATE, "review", {})
        assert main(["restart-review"]) == 0
        assert capsys.readouterr().out == "clean: the broker and the journal agree\n"
        assert main(["restart-review", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"clean": True, "verdict": "clean", "items": []}

    def test_nothing_is_called_clean_while_the_broker_cannot_be_asked(
        self, core: FakeCore, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.show(monkeypatch, "DISCONNECTED", "")
        assert main(["restart-review"]) == 1
        assert "the broker link is DISCONNECTED, so nothing is proved: looking" in capsys.readouterr().err
