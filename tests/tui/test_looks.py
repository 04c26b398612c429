"""How the screen looks: text snapshots for layout and words, a few pictures for colours.

After a wanted change: UPDATE_SNAPSHOTS=1 pytest tests/tui/test_looks.py --snapshot-update, and read the diff.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.tui.desk_under_test import bench
from tests.tui.dump import matches_snapshot
from tests.tui.pictures import status
from tests.tui.scenes import NOW_NS, core_row, demo_state, link_row, position_row, risk_row, symbol_row
from tradetui.control.messages import State
from tradetui.tui.link import LinkStatus, Phase
from tradetui.tui.screenshot import export_svg, still_app
from tradetui.tui.themes import ANSI, DARK, LIGHT


class SnapCompare(Protocol):
    """The fixture of pytest-textual-snapshot."""

    def __call__(self, app: Any, *, terminal_size: tuple[int, int], press: list[str] = ...) -> bool: ...


def live() -> State:
    return {**demo_state(), "core": {"core": core_row(mode="LIVE", account="U7654321", speed=1.0)}}


def trouble() -> State:
    state = demo_state()
    state["core"] = {"core": core_row(state="HALTED", why="daily loss 512 of 500")}
    state["latches"] = {
        "daily_loss": {
            "state": "HALTED",
            "who": "breaker",
            "why": "daily loss 512 of 500",
            "ts_ns": NOW_NS,
            "cleared_by": "next session",
            "symbol": None,
        }
    }
    state["link"] = {"link": link_row(state="DEGRADED", reason="1100 connectivity lost", since_s=12.0)}
    state["positions"] = {"SPY": position_row(100.0, 60.0), "QQQ": position_row(-40.0, None)}
    state["symbols"]["IWM"] = symbol_row(3, age_s=45.0, blocked="stale data")
    state["risk"]["DAILY_LOSS"] = risk_row("daily loss", 512.0, 500.0)
    return state


SCENES: dict[str, State] = {"demo": demo_state(), "live": live(), "trouble": trouble(), "twenty": demo_state(20)}


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
async def test_the_main_screen_reads_as_agreed(scene: str, size: tuple[int, int]) -> None:
    async with bench(SCENES[scene], size) as desk:
        assert matches_snapshot(desk.text, f"{scene}-{size[0]}x{size[1]}")


@pytest.mark.parametrize(
    ("name", "connection"),
    [
        ("core-gone", status(Phase.DOWN, 12.0, detail="stop ordered by ann")),
        ("core-silent", status(Phase.SILENT, 5.0)),
        ("other-protocol", status(Phase.LIVE, compatible=False, core_version="9.9")),
    ],
)
async def test_a_core_in_trouble_reads_as_agreed(name: str, connection: LinkStatus) -> None:
    async with bench(demo_state(), status=connection) as desk:
        assert matches_snapshot(desk.text, f"{name}-80x24")


async def test_before_the_core_was_heard_the_screen_claims_nothing() -> None:
    async with bench({}, status=status(Phase.CONNECTING)) as desk:
        assert matches_snapshot(desk.text, "attaching-80x24")


@pytest.mark.parametrize("key", ["ctrl+f", "question_mark", "colon", "ctrl+c", "a"])
async def test_boxes_read_as_agreed(key: str) -> None:
    async with bench(live()) as desk:
        await desk.press(key)
        assert matches_snapshot(desk.text, f"box-{key.replace('+', '-')}-80x24")


def test_the_dark_main_screen_looks_as_agreed(snap_compare: SnapCompare) -> None:
    assert snap_compare(still_app(demo_state(), theme=DARK.name), terminal_size=(80, 24))


def test_the_light_main_screen_in_trouble_looks_as_agreed(snap_compare: SnapCompare) -> None:
    assert snap_compare(still_app(trouble(), theme=LIGHT.name), terminal_size=(120, 40))


def test_live_with_the_flatten_dialog_looks_as_agreed(snap_compare: SnapCompare) -> None:
    assert snap_compare(still_app(live(), theme=DARK.name), terminal_size=(80, 24), press=["ctrl+f"])


async def test_the_same_state_gives_the_same_picture() -> None:
    one = await export_svg(demo_state(), (80, 24), theme=ANSI.name)
    assert one == await export_svg(demo_state(), (80, 24), theme=ANSI.name)
    assert "PAPER" in one


def test_every_snapshot_file_belongs_to_a_test() -> None:
    names = {file.stem for file in (Path(__file__).parent / "snapshots").glob("*.txt")}
    scenes = {f"{scene}-{size}" for scene in SCENES for size in ("80x24", "120x40")}
    boxes = {f"box-{key}-80x24" for key in ("ctrl-f", "question_mark", "colon", "ctrl-c", "a")}
    assert names == scenes | boxes | {f"{n}-80x24" for n in ("core-gone", "core-silent", "other-protocol", "attaching")}
