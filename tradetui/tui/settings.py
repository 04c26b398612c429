"""How the operator wants the screen. The core sends it in its hello, checked: the screen reads no configuration."""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.control.messages import JsonValue
from tradetui.tui.viewmodels import rows

#: Changes painted per second: enough to follow a market, few enough for a slow line.
REFRESH_HZ = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenSettings:
    """The configuration's [ui]. An empty `theme` means: the one that fits the terminal."""

    theme: str = ""
    refresh_hz: float = REFRESH_HZ
    mouse: bool = False
    ascii: bool = False


def settings_of(ui: JsonValue) -> ScreenSettings:
    """Return the settings in a hello's `ui`; what is missing there, as from an older core, is as built in."""
    if not isinstance(ui, dict):
        return ScreenSettings()
    return ScreenSettings(
        theme=rows.text(ui, "theme"),
        refresh_hz=min(max(rows.number(ui, "refresh_hz") or REFRESH_HZ, 0.2), 10.0),
        mouse=rows.flag(ui, "mouse"),
        ascii=rows.flag(ui, "ascii"),
    )
