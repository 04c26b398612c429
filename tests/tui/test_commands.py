"""The commands: one key, one meaning, a reason for every refusal, and nothing dangerous on a bare letter."""

from __future__ import annotations

import re

import pytest

from tests.tui.pictures import picture, said, status
from tests.tui.scenes import core_row, demo_state
from tradetui.tui.commands.base import key_name
from tradetui.tui.commands.registry import COMMANDS, command_named
from tradetui.tui.link import Phase
from tradetui.tui.viewmodels.hints import footer_line, help_lines, palette_entries
from tradetui.tui.viewmodels.picture import Picture

#: What flow control, job control, tmux and screen keep for themselves, and what a terminal sends for other keys.
_TAKEN = {f"ctrl+{letter}" for letter in "sqzbahijm"} | {"ctrl+backslash"}
TRADING = ("kill", "pause", "resume", "unkill", "flatten", "stop")


def in_state(state: str, **parts: object) -> Picture:
    return picture({**demo_state(), "core": {"core": core_row(state=state)}}, **parts)


def test_every_id_and_every_key_belongs_to_one_command() -> None:
    ids = [command.id for command in COMMANDS]
    keys = [key for command in COMMANDS for key in command.keys]
    assert len(ids) == len(set(ids))
    assert len(keys) == len(set(keys))


def test_every_command_explains_itself() -> None:
    for command in COMMANDS:
        assert command.help.endswith("."), command.id
        assert command.title, command.id


def test_no_key_is_one_that_terminals_or_multiplexers_keep() -> None:
    assert not {key for command in COMMANDS for key in command.keys} & _TAKEN


def test_what_changes_trading_is_a_chord_never_a_letter() -> None:
    for name in TRADING:
        assert all(key.startswith("ctrl+") for key in command_named(name).keys), name


def test_only_the_kill_works_everywhere() -> None:
    assert [command.id for command in COMMANDS if command.always] == ["kill"]


@pytest.mark.parametrize("phase", [Phase.DOWN, Phase.SILENT, Phase.CONNECTING])
def test_without_the_core_only_the_kill_is_offered(phase: Phase) -> None:
    shown = in_state("RUN", link=status(phase))
    assert [name for name in TRADING if not command_named(name).refusal(shown)] == ["kill"]


def test_a_core_of_another_protocol_takes_only_the_kill() -> None:
    shown = in_state("PAUSED", link=status(Phase.LIVE, compatible=False))
    assert [name for name in TRADING if not command_named(name).refusal(shown)] == ["kill"]


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("RUN", ["kill", "pause", "flatten", "stop"]),
        ("PAUSED", ["kill", "resume", "flatten", "stop"]),
        ("HALTED", ["kill", "resume", "flatten", "stop"]),
        ("KILLED", ["kill", "unkill", "flatten", "stop"]),
    ],
)
def test_what_is_offered_follows_the_trading_state(state: str, offered: list[str]) -> None:
    assert [name for name in TRADING if not command_named(name).refusal(in_state(state))] == offered


def test_the_footer_begins_with_the_kill_key_in_every_width_and_state() -> None:
    for width in range(1, 130):
        for state in ("RUN", "KILLED", ""):
            assert said(footer_line(COMMANDS, in_state(state), width)).startswith(" ^X KILL ")


def test_the_footer_at_80_columns_holds_what_a_newcomer_needs() -> None:
    shown = said(footer_line(COMMANDS, in_state("RUN"), 78))
    assert len(shown) <= 78
    for hint in ("^E pause", "^F flatten", "? help", ": commands", "q detach"):
        assert hint in shown


def test_what_a_command_would_do_fits_into_the_palette_at_80_columns() -> None:
    for state in ("RUN", "PAUSED", "KILLED"):
        assert all(len(text) <= 54 for _, text in palette_entries(COMMANDS, in_state(state), ""))


def test_the_palette_offers_only_what_can_be_given_with_its_consequence() -> None:
    entries = {command.id: text for command, text in palette_entries(COMMANDS, in_state("RUN"), "")}
    assert "resume" not in entries
    assert entries["pause"].startswith("cancels 1 working entry")
    assert entries["flatten"] == "cancels 1 order, closes 2 positions (asks)"


@pytest.mark.parametrize(("typed", "first"), [("fl", "flatten"), ("FLATTEN spy", "flatten"), ("det", "detach")])
def test_the_palette_finds_by_the_beginning_of_a_name(typed: str, first: str) -> None:
    assert palette_entries(COMMANDS, in_state("RUN"), typed)[0][0].id == first


def test_the_palette_finds_nothing_for_a_name_that_is_none() -> None:
    assert palette_entries(COMMANDS, in_state("RUN"), "xyzzy") == []


def test_the_help_names_every_command_and_why_it_cannot_be_given_now() -> None:
    text = "\n".join(said(line) for line in help_lines(COMMANDS, in_state("RUN")))
    for command in COMMANDS:
        assert re.search(rf"\b{re.escape(command.title)}\b", text)
    assert "(not now: trading runs)" in text


@pytest.mark.parametrize(("key", "shown"), [("ctrl+x", "^X"), ("question_mark", "?"), ("f1", "F1"), ("G", "G")])
def test_keys_are_printed_as_they_are_typed(key: str, shown: str) -> None:
    assert key_name(key) == shown
