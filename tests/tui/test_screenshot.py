"""Pictures of a running core's screen."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.control.small_core import SmallCore
from tests.tui.scenes import demo_state
from tradetui.home import Paths
from tradetui.tui.screenshot import main


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "config.toml").write_text('default_profile = "demo"\n')
    paths = Paths(tmp_path, "demo")
    paths.prepare()
    return paths


async def test_the_screen_of_a_running_core_becomes_a_file(paths: Paths) -> None:
    file = paths.home / "screen.svg"
    async with SmallCore(demo_state()).serving(paths.socket_for_core()):
        assert await asyncio.to_thread(main, ["--home", str(paths.home), "--size", "100x30", str(file)]) == 0
    assert "QUOTES" in file.read_text()
    assert file.read_text().startswith("<svg")


@pytest.mark.parametrize("size", ["80", "80x", "x24", "wide"])
def test_a_size_of_another_form_is_refused(paths: Paths, size: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(paths.home), "--size", size, "out.svg"]) == 1
    assert "give COLUMNSxROWS, such as 120x40" in capsys.readouterr().err


def test_without_a_core_there_is_no_picture(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--home", str(paths.home), "out.svg"]) == 1
    assert "no core is running for profile demo" in capsys.readouterr().err
