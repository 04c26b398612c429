"""Pictures of the screen without a terminal: `python -m tradetui.tui.screenshot --profile demo --size 120x40 out.svg`.

The invariant: the same state gives the same picture, byte for byte; no clock of this machine is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tradetui.control.client import connect_core
from tradetui.control.emergency import EmergencyStop
from tradetui.control.messages import Section
from tradetui.domain.errors import OperatorError, TradetuiError
from tradetui.home import resolve_paths
from tradetui.tui.app import TradeTuiApp
from tradetui.tui.link import LinkStatus, Phase
from tradetui.tui.operator import Operator
from tradetui.tui.themes import DARK

LIVE_NOW = LinkStatus(phase=Phase.LIVE, for_s=0.0)


class StillLink:
    """A link that shows one state for ever and sends nothing."""

    def __init__(self, state: Mapping[str, Section], status: LinkStatus = LIVE_NOW) -> None:
        self._state = state
        self._status = status

    @property
    def state(self) -> Mapping[str, Section]:
        """The state."""
        return self._state

    def status(self) -> LinkStatus:
        """The status it was made with."""
        return self._status

    async def run(self) -> None:
        """Do nothing."""


def still_app(
    state: Mapping[str, Section],
    *,
    status: LinkStatus = LIVE_NOW,
    theme: str = DARK.name,
    clock: Callable[[], float] = lambda: 0.0,
) -> TradeTuiApp:
    """Return an app that shows `state`, sends nothing, and by default has all clocks at rest."""

    def nothing(_: object) -> None:
        return None

    def no_stop() -> EmergencyStop:
        return EmergencyStop(Path(), "this is a picture", core_runs=False, signalled_pid=None)

    operator = Operator(send=nothing, stop_without_socket=no_stop, who="picture", clock=clock)
    return TradeTuiApp(StillLink(state, status), operator, theme=theme, clock=clock)


async def export_svg(
    state: Mapping[str, Section],
    size: tuple[int, int],
    *,
    status: LinkStatus = LIVE_NOW,
    theme: str = DARK.name,
    title: str = "tradetui",
    press: Sequence[str] = (),
) -> str:
    """Return the screen of `size` (columns, rows) showing `state` as SVG, after pressing the keys `press`."""
    app = still_app(state, status=status, theme=theme)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*press)
        await pilot.pause()
        return app.export_screenshot(title=title)


def main(argv: Sequence[str]) -> int:
    """Take a picture of a running core's screen."""
    parser = argparse.ArgumentParser(prog="python -m tradetui.tui.screenshot")
    parser.add_argument("--home")
    parser.add_argument("--profile")
    parser.add_argument("--size", default="120x40", help="COLUMNSxROWS")
    parser.add_argument("--theme", default=DARK.name)
    parser.add_argument("file", type=Path)
    args = parser.parse_args(argv)
    try:
        size = _size(args.size)
        paths = resolve_paths(args.home, args.profile, os.environ, Path.cwd())
        with connect_core(paths, client="screenshot") as client:
            state = client.state()
        args.file.write_text(asyncio.run(export_svg(state, size, theme=args.theme)), encoding="utf-8")
    except TradetuiError as error:
        sys.stderr.write(f"screenshot: {error}\n")
        return 1
    return 0


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None:
        raise OperatorError(f"--size {text}: give COLUMNSxROWS, such as 120x40")
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
