"""Runs the real app with a heart on its event loop. Arguments: home, and a file that gets one line per beat of 20 ms.

A line holds the beat's number and how many frames the terminal was too busy for so far.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tradetui.home import Paths
from tradetui.tui.run import build_app
from tradetui.tui.settings import ScreenSettings

BEAT_S = 0.02


async def main(home: Path, file: Path) -> None:
    app = build_app(Paths(home, "demo"), os.environ, ScreenSettings(), encoding="utf-8")

    async def beat() -> None:
        number = 0
        with file.open("a", buffering=1) as out:
            while True:
                await asyncio.sleep(BEAT_S)
                # Every beat also paints: a stall is met with as many frames as there can be.
                app.tick()
                out.write(f"{number} {app.frames_dropped}\n")
                number += 1

    heart = asyncio.get_running_loop().create_task(beat())
    try:
        await app.run_async(mouse=False)
    finally:
        heart.cancel()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
