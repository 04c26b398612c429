"""The screen as text, and text snapshots that read well in a diff. UPDATE_SNAPSHOTS=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from textual.app import App

FOLDER = Path(__file__).parent / "snapshots"


def screen_text(app: App[Any]) -> str:
    """Return what is on the screen, blanks at line ends cut off."""
    width, height = app.size
    update = app.screen._compositor.render_full_update(simplify=True) if not app._background_screens else None
    if update is None:
        app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
        strips = app.screen._compositor.render_strips()
        lines = [strip.text for strip in strips]
    else:
        lines = ["".join(strip.text for strip in line) for line in update.strips]
    return "\n".join(line[:width].rstrip() for line in lines[:height])


def matches_snapshot(text: str, name: str) -> bool:
    """Return whether `text` is what the snapshot `name` holds; write it when asked to."""
    file = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        FOLDER.mkdir(exist_ok=True)
        file.write_text(f"{text}\n", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == f"{text}\n"
    return True
