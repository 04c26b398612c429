"""The restart review, repairs, arming and shared alerts on the screen: shown first, typed before anything is sent."""

from __future__ import annotations

import pytest

from tests.tui.desk_under_test import Bench, bench
from tests.tui.scenes import NOW_NS, core_row, demo_state, order_row, position_row
from tradetui.control.messages import Row, State
from tradetui.tui.screens.choice import RepairMenu, ReviewDialog
from tradetui.tui.screens.dialog import Dialog

RESTART: Row = {
    "state": "PAUSED",
    "who": "core",
    "why": "restarted; waiting for a clean reconcile",
    "ts_ns": NOW_NS,
    "cleared_by": "automatic",
    "symbol": None,
}


def item(key: str, kind: str, text: str, action: str = "", *, blocks: bool = False) -> Row:
    return {"key": key, "kind": kind, "symbol": "SPY", "text": text, "action": action, "blocks": blocks}


def restarted(*, blocks: bool = True) -> State:
    state = demo_state()
    state["core"] = {"core": core_row(state="PAUSED", review="2 to resolve" if blocks else "")}
    state["latches"] = {"restart": RESTART} if blocks else {}
    doubtful = order_row("SPY", "UNKNOWN", live=True)
    state["orders"] = {"aaaa1111": doubtful, **state["orders"]}
    state["positions"] = {"SPY": position_row(100.0, 170.0)}
    state["positions"]["SPY"]["mismatch"] = True
    state["review"] = {
        "01": item("aaaa1111", "unknown", "flip BUY 10 SPY LMT: may be live", "wait: 1 of 5 looks", blocks=blocks),
        "02": item("position:SPY", "mismatch", "SPY: ours 100, broker 170", "repair adopt SPY", blocks=blocks),
        "03": item("perm:77", "external", "BUY 5 SPY LMT: of another program or by hand"),
        "04": item("bbbb2222", "adopted", "flip SELL 10 QQQ LMT: WORKING, 0 filled"),
    }
    return state


def sent(desk: Bench) -> list[tuple[object, ...]]:
    return [(m["kind"], m["symbols"], m["target"], m["reason"], m["confirm"]) for m in desk.sent]


async def choose(desk: Bench, *keys: str) -> None:
    for key in keys:
        await desk.press(key)
        await desk.wait_out_guard()


async def opened(desk: Bench) -> None:
    """Let the review of a restart open by itself."""
    desk.app.tick()
    await desk.pilot.pause()
    await desk.wait_out_guard()


class TestReview:
    async def test_it_opens_by_itself_once_when_a_restart_waits_for_the_operator(self) -> None:
        async with bench(restarted()) as desk:
            desk.app.tick()
            await desk.pilot.pause()
            assert isinstance(desk.app.screen, ReviewDialog)
            for said in (
                "Nothing trades until this is clean: 2 to resolve.",
                "1  unknown  flip BUY 10 SPY LMT: may be live",
                "wait: 1 of 5 looks",
                "4  adopted  flip SELL 10 QQQ LMT: WORKING",
            ):
                assert said in desk.text
            await desk.wait_out_guard()
            await desk.press("escape")
            desk.app.tick()
            await desk.pilot.pause()
            assert not isinstance(desk.app.screen, Dialog)
            assert "RESTART REVIEW  2 to resolve: v shows it" in desk.text

    async def test_a_clean_restart_opens_nothing(self) -> None:
        async with bench(restarted(blocks=False)) as desk:
            desk.app.tick()
            await desk.pilot.pause()
            assert not isinstance(desk.app.screen, Dialog)
            assert "RESTART REVIEW" not in desk.text

    async def test_what_it_claims_follows_the_link_and_the_state(self) -> None:
        async with bench() as desk:
            await desk.press("v")
            assert "Clean: the broker and the journal agree." in desk.text
            await desk.set_core(review="1 to resolve")
            assert "1 to resolve." in desk.text
            desk.state["link"]["link"]["state"] = "DISCONNECTED"
            desk.app.tick()
            await desk.pilot.pause()
            assert "The broker cannot be asked now: nothing here is proved." in desk.text

    async def test_a_number_offers_what_can_be_done_and_the_evidence_is_typed(self) -> None:
        async with bench(restarted()) as desk:
            await opened(desk)
            await choose(desk, "1")
            assert isinstance(desk.app.screen, RepairMenu)
            assert "2  mark BUY 100 SPY dead" in desk.text
            await choose(desk, "2")
            await desk.press("enter")
            assert desk.sent == []
            await choose(desk, "v", "1", "2")
            await desk.type("notinTWS")
            await desk.press("enter")
            assert sent(desk) == [("close-unknown", [], "aaaa1111", "notinTWS", "")]

    @pytest.mark.parametrize("number", ["3", "4"])
    async def test_an_item_without_remedy_says_so(self, number: str) -> None:
        async with bench(restarted()) as desk:
            await opened(desk)
            await choose(desk, number)
            assert f"review: nothing to do here about item {number}" in desk.text
            assert desk.sent == []

    async def test_a_number_without_an_item_does_nothing(self) -> None:
        async with bench(restarted()) as desk:
            await opened(desk)
            await choose(desk, "9")
            assert not isinstance(desk.app.screen, RepairMenu)
            assert desk.sent == []


class TestRepair:
    async def test_adopting_needs_a_reason(self) -> None:
        async with bench(restarted()) as desk:
            await opened(desk)
            await choose(desk, "2", "1")
            assert "ours +100, broker +170" in desk.text
            await desk.type("transfer")
            await desk.press("enter")
            assert sent(desk) == [("adopt", ["SPY"], "", "transfer", "")]

    async def test_a_missed_trade_takes_figures_and_nothing_else(self) -> None:
        async with bench(restarted()) as desk:
            await opened(desk)
            await desk.press("escape")
            for figure in ("many", "70"):
                await choose(desk, "v", "2", "2")
                await desk.type(figure)
                await desk.press("tab")
                await desk.type("101.5")
                await desk.press("tab")
                await desk.type("missed")
                await desk.press("enter")
                await desk.wait_out_guard()
            assert "'many' is no number for quantity, signed; nothing was sent" in "\n".join(
                line.text for line in desk.operator.lines
            )
            (message,) = desk.sent
            assert (message["kind"], message["qty"], message["price"]) == ("adjust", 70.0, 101.5)

    async def test_units_of_nobody_are_offered_to_each_strategy_that_trades_them(self) -> None:
        state = demo_state()
        state["positions"] = {"SPY": position_row(70.0, 70.0)}
        state["positions"]["SPY"]["owners"] = {"EXTERNAL": 70.0}
        state["strategies"] = {"flip": {"symbols": ["SPY"]}, "elsewhere": {"symbols": ["QQQ"]}}
        state["latches"] = {"short:SPY": {**RESTART, "symbol": "SPY", "cleared_by": "operator"}}
        async with bench(state) as desk:
            await choose(desk, "3", "j", "r")
            assert "1  assign +70 SPY to flip" in desk.text
            assert "2  unlock SPY" in desk.text
            assert "to elsewhere" not in desk.text
            await choose(desk, "1")
            await desk.type("its")
            await desk.press("enter")
            assert sent(desk) == [("assign", ["SPY"], "flip", "its", "")]

    async def test_a_live_order_is_cancelled_by_the_typed_word(self) -> None:
        state = demo_state()
        state["orders"] = {"o1": order_row("IWM", "WORKING", live=True)}
        async with bench(state) as desk:
            await choose(desk, "4", "j", "r", "1")
            await desk.type("cancel")
            await desk.press("enter")
            assert [(kind, target) for kind, _, target, _, _ in sent(desk)] == [("cancel", "o1")]

    @pytest.mark.parametrize("panel", ["1", "3", "4"])
    async def test_a_row_with_nothing_to_mend_says_so(self, panel: str) -> None:
        state = demo_state()
        state["orders"] = {"o1": {**order_row("IWM", "WORKING", live=True), "owner": "EXTERNAL"}}
        state["positions"] = {"SPY": position_row(70.0, 70.0)}
        async with bench(state) as desk:
            await choose(desk, panel, "j", "r")
            assert "repair: put the cursor on a live order" in desk.text
            assert not isinstance(desk.app.screen, Dialog)

    async def test_leaving_the_menu_sends_nothing(self) -> None:
        async with bench(restarted()) as desk:
            await opened(desk)
            await choose(desk, "2", "x", "7", "escape")
            assert not isinstance(desk.app.screen, Dialog)
            assert desk.sent == []


def to_arm(**columns: object) -> State:
    state = demo_state()
    row = core_row(mode="LIVE", account="U7654321", state="PAUSED", armed=False, arming_digest="d1", **columns)
    state["core"] = {"core": row}
    state["arming"] = {
        "risk.max_order_qty": {"now": "20", "armed": "10"},
        "risk.max_leverage": {"now": "1.0", "armed": "1.0"},
        **{f"risk.other_{number}": {"now": "1", "armed": "1"} for number in range(40)},
        **{f"file s{number}.py": {"now": "ab", "armed": None} for number in range(7)},
    }
    return state


class TestArming:
    async def test_account_limits_and_changes_are_shown_and_the_account_is_typed(self) -> None:
        async with bench(to_arm(last_armed="2026-03-11 by ann")) as desk:
            await choose(desk, "ctrl+g")
            for said in (
                "LIVE",
                "U7**4321",
                "max_order_qty 20",
                "and 40 more",
                "Changed since 2026-03-11 by ann:",
                "risk.max_order_qty: 10 now 20",
                "and 2 more: `tradetui arm` lists all",
            ):
                assert said in desk.text
            await desk.type("arm")
            await desk.press("enter")
            assert desk.sent == []
            await desk.press("ctrl+u")
            await desk.type("4321")
            await desk.press("enter")
            assert sent(desk) == [("arm", [], "d1", "", "4321")]

    async def test_the_first_time_and_no_change_are_said(self) -> None:
        async with bench(to_arm()) as desk:
            await choose(desk, "ctrl+g")
            assert "Never armed before" in desk.text
            desk.state["arming"] = {"risk.max_order_qty": {"now": "20", "armed": "20"}}
            await desk.set_core(last_armed="2026-03-11 by ann")
            assert "Nothing changed since 2026-03-11 by ann." in desk.text

    async def test_paper_and_an_armed_core_say_why_not(self) -> None:
        async with bench() as desk:
            await desk.press("ctrl+g")
            assert "arm refused: only a live core has to be armed" in desk.text
            await desk.set_core(armed=True)
            await desk.press("ctrl+g")
            assert "arm refused: it is armed already" in desk.text
            await choose(desk, "colon")
            await desk.type("disarm")
            await desk.press("enter")
            assert desk.kinds == ["disarm"]


class TestSharedAlerts:
    async def test_reading_alerts_is_told_to_the_core_once(self) -> None:
        async with bench() as desk:
            assert "alerts 1" in desk.text
            await choose(desk, "a", "escape", "a", "escape")
            assert [kind for kind, *_ in sent(desk)] == ["ack"]
            assert "alerts 0" in desk.text

    async def test_what_another_screen_read_is_read_here_and_by_whom(self) -> None:
        async with bench() as desk:
            newest = max(int(key) for key in desk.state["alerts"])
            await desk.set_core(acknowledged=newest, acknowledged_by="bob@ui")
            assert "alerts 0" in desk.text
            await choose(desk, "a")
            assert f"read up to {newest} by bob@ui" in desk.text
            assert desk.sent == []
