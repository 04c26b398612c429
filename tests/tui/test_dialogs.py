"""Dialogs: nothing that costs money happens by one key, by a late key, by pasted text or by Enter alone."""

from __future__ import annotations

import pytest
from textual import events

from tests.tui.desk_under_test import Bench, bench
from tests.tui.scenes import core_row, demo_state, order_row, position_row
from tradetui.control.messages import State
from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.screens.typed import TypedDialog


def in_state(state: str = "RUN", mode: str = "PAPER") -> State:
    account = "U7654321" if mode == "LIVE" else "DU1234567"
    return {**demo_state(), "core": {"core": core_row(state=state, mode=mode, account=account)}}


def is_open(desk: Bench) -> bool:
    return isinstance(desk.app.screen, Dialog)


async def open_dialog(desk: Bench, key: str) -> None:
    await desk.press(key)
    await desk.wait_out_guard()


class TestFlatten:
    async def test_the_preview_names_account_mode_side_quantity_value_and_orders(self) -> None:
        async with bench(in_state(mode="LIVE")) as desk:
            await open_dialog(desk, "ctrl+f")
            for said in ("LIVE", "U7**4321", "SPY    SELL      100  about 10,125", "QQQ    BUY        40  about 4,050"):
                assert said in desk.text
            assert "cancels 1 working order first: BUY IWM" in desk.text
            assert "Flatten SPY, QQQ" in desk.text

    async def test_typing_the_word_and_enter_sends_it_once_with_what_was_typed(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.type("flatten")
            assert "Enter: Flatten SPY, QQQ" in desk.text
            await desk.press("enter", "enter")
            assert [(m["kind"], m["confirm"], m["symbols"]) for m in desk.sent] == [("flatten", "flatten", [])]
            assert not is_open(desk)

    async def test_live_wants_the_account_s_last_characters_not_the_word(self) -> None:
        async with bench(in_state(mode="LIVE")) as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.type("flatten")
            await desk.press("enter")
            assert desk.sent == []
            await desk.press("ctrl+u")
            await desk.type("4321")
            await desk.press("enter")
            assert [m["confirm"] for m in desk.sent] == ["4321"]

    @pytest.mark.parametrize("typed", ["", "flat", "flattenn", "FLATTEN", "y", " flatten"])
    async def test_enter_does_not_confirm_anything_but_the_word(self, typed: str) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.pilot.press(*["space" if char == " " else char for char in typed])
            await desk.press("enter")
            assert desk.sent == []

    async def test_a_bare_enter_is_cancel_and_the_screen_says_so_beforehand(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            assert "Enter: Cancel" in desk.text
            await desk.press("enter")
            assert not is_open(desk)
            assert "flatten: not confirmed, nothing was sent" in desk.text

    async def test_escape_cancels_even_a_complete_confirmation(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.type("flatten")
            await desk.press("escape")
            assert desk.sent == []
            assert not is_open(desk)

    async def test_keys_typed_before_it_could_be_read_do_not_count(self) -> None:
        async with bench() as desk:
            await desk.press("ctrl+f", *"flatten", "enter")
            assert is_open(desk)
            assert desk.sent == []
            await desk.wait_out_guard()
            await desk.press("enter")
            assert desk.sent == []

    async def test_pasted_text_does_not_confirm(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            desk.app.post_message(events.Paste("flatten\n"))
            await desk.pilot.pause()
            await desk.press("enter")
            assert desk.sent == []

    async def test_without_an_account_live_cannot_be_confirmed(self) -> None:
        state = in_state()
        state["core"] = {"core": core_row(mode="LIVE", account="")}
        async with bench(state) as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.press("tab", "enter", "enter")
            assert desk.sent == []

    async def test_an_unknown_position_is_shown_as_unknown(self) -> None:
        state = in_state()
        state["positions"] = {"SPY": position_row(0.0, None), "QQQ": position_row(50.0, None)}
        async with bench(state) as desk:
            await open_dialog(desk, "ctrl+f")
            assert "SPY    quantity UNKNOWN at the broker" in desk.text
            assert "not confirmed by the broker" in desk.text

    async def test_the_preview_follows_the_position_and_keeps_what_was_typed(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.type("flat")
            desk.state["positions"]["SPY"] = position_row(60.0, 60.0)
            desk.state["orders"]["o9"] = order_row("DIA", "WORKING", live=True)
            desk.app.tick()
            await desk.pilot.pause()
            assert "SPY    SELL       60" in desk.text
            assert "cancels 2 working orders" in desk.text
            await desk.type("ten")
            await desk.press("enter")
            assert desk.kinds == ["flatten"]

    async def test_the_palette_takes_symbols(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "colon")
            await desk.pilot.press(*"flatten", "space", *"spy", "enter")
            await desk.wait_out_guard()
            assert "Flatten SPY" in desk.text
            assert "QQQ    BUY" not in desk.text
            assert "No entries in SPY after it" in desk.text
            await desk.type("flatten")
            await desk.press("enter")
            assert [m["symbols"] for m in desk.sent] == [["SPY"]]

    async def test_while_trading_runs_it_says_that_trading_pauses_after_it(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            assert "Trading is PAUSED after it, until you resume." in desk.text
        async with bench(in_state("PAUSED")) as desk:
            await open_dialog(desk, "ctrl+f")
            assert "PAUSED after it" not in desk.text

    async def test_not_flat_stays_on_the_screen_until_the_core_has_the_proof(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+f")
            await desk.type("flatten")
            await desk.press("enter")
            assert "FLATTEN PENDING" in desk.text
            await desk.answer("accepted", "flattening every symbol: cancel, close, prove")
            assert "FLATTEN accepted  flattening every symbol" in desk.text
            await desk.set_core(flatten="cancelling and closing")
            assert "NOT FLAT  SPY +100, QQQ -40" in desk.text
            desk.state["positions"] = {}
            await desk.set_core(flatten="reading the broker's position")
            assert "NOT FLAT  nothing held, not yet proved" in desk.text
            await desk.set_core(flatten="FLAT")
            await desk.answer("done", "FLAT: the broker's own list shows nothing held")
            assert "NOT FLAT" not in desk.text.split("6 LOG")[0]
            assert "FLAT  the broker's own list shows nothing held" in desk.text


class TestResumeAndUnkill:
    async def test_resume_needs_its_word(self) -> None:
        async with bench(in_state("PAUSED")) as desk:
            await open_dialog(desk, "ctrl+r")
            await desk.press("enter")
            assert desk.sent == []
            await open_dialog(desk, "ctrl+r")
            await desk.type("resume")
            await desk.press("enter")
            assert [(m["kind"], m["confirm"]) for m in desk.sent] == [("resume", "resume")]

    async def test_unkill_needs_the_account_and_a_reason(self) -> None:
        async with bench(in_state("KILLED")) as desk:
            await open_dialog(desk, "ctrl+u")
            await desk.type("4567")
            await desk.press("enter")
            assert desk.sent == []
            assert is_open(desk)
            await desk.type("checked")
            await desk.press("enter")
            assert [(m["kind"], m["confirm"], m["reason"]) for m in desk.sent] == [("unkill", "4567", "checked")]

    async def test_a_reason_of_blanks_is_none(self) -> None:
        async with bench(in_state("KILLED")) as desk:
            await open_dialog(desk, "ctrl+u")
            await desk.type("4567")
            await desk.pilot.press("tab", "space", "space", "enter")
            assert desk.sent == []

    async def test_keys_of_the_screen_below_do_nothing_while_it_is_asked(self) -> None:
        async with bench(in_state("KILLED")) as desk:
            await open_dialog(desk, "ctrl+u")
            await desk.press("q", "ctrl+e", "ctrl+f", "question_mark")
            assert desk.app.is_running
            assert desk.sent == []
            assert isinstance(desk.app.screen, TypedDialog)


class TestLeaving:
    async def test_ctrl_c_asks_and_enter_stays(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+c")
            assert "Leaving the screen does not stop trading." in desk.text
            await desk.press("enter")
            assert not is_open(desk)
            assert desk.app.is_running

    async def test_ctrl_c_twice_stays(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+c")
            await desk.press("ctrl+c")
            assert desk.app.is_running
            assert desk.sent == []

    async def test_detaching_from_the_menu_sends_nothing(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+c")
            await desk.press("d")
            assert desk.app.return_value == 0
            assert desk.sent == []

    async def test_stopping_the_core_is_asked_for_again_with_a_word(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+c")
            await desk.press("s")
            await desk.wait_out_guard()
            assert "nothing is watched. 2 positions" in desk.text
            await desk.type("stop")
            await desk.press("enter")
            assert desk.kinds == ["stop"]

    async def test_flatten_from_the_menu_is_asked_for_again(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+c")
            await desk.press("f")
            await desk.wait_out_guard()
            assert "type the word flatten" in desk.text


class TestPalette:
    async def test_a_bare_enter_gives_no_command(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "colon")
            await desk.press("enter")
            assert desk.sent == []

    async def test_it_lists_only_what_can_be_given_now_with_its_consequence(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "ctrl+p")
            assert "cancels 1 working entry; exits and stops go on" in desk.text
            assert "resume" not in desk.text.split("commands")[1].split("exits")[0]

    async def test_a_typed_name_and_enter_give_it(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "colon")
            await desk.type("paus")
            await desk.press("enter")
            assert desk.kinds == ["pause"]

    async def test_arrows_choose(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "colon")
            await desk.press("down", "down", "enter")
            assert desk.kinds == ["pause"]

    async def test_escape_leaves_it(self) -> None:
        async with bench() as desk:
            await open_dialog(desk, "colon")
            await desk.press("p", "escape")
            assert not is_open(desk)
            assert desk.sent == []


async def test_help_shows_every_key_when_scrolled() -> None:
    async with bench() as desk:
        await open_dialog(desk, "question_mark")
        seen = desk.text
        for _ in range(8):
            await desk.press("pagedown")
            seen += desk.text
        for said in ("^X", "^E", "^F", "flatten", "Move the cursor down by a page", "Leave the screen"):
            assert said in seen
        await desk.press("escape")
        assert not is_open(desk)


async def test_dialogs_show_their_text_in_the_smallest_window() -> None:
    async with bench(size=(60, 16)) as desk:
        await open_dialog(desk, "ctrl+f")
        assert "type the word flatten" in desk.text
        assert "Enter: Cancel" in desk.text
