"""Three themes: dark, light, and one of the terminal's own sixteen colours for slow, old or colourless terminals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="tradetui-dark",
    primary="#58a6ff",
    secondary="#8b949e",
    accent="#58a6ff",
    success="#3fb950",
    warning="#e3b341",
    error="#ff7b72",
    foreground="#d0d7de",
    background="#0d1117",
    surface="#0d1117",
    panel="#161b22",
    dark=True,
    variables={"faint": "#7d8590", "alarm": "#da3633", "on-alarm": "#ffffff", "row": "#1f2937"},
)
LIGHT = Theme(
    name="tradetui-light",
    primary="#0550ae",
    secondary="#57606a",
    accent="#0550ae",
    success="#116329",
    warning="#7d4e00",
    error="#a40e26",
    foreground="#1f2328",
    background="#ffffff",
    surface="#ffffff",
    panel="#f6f8fa",
    dark=False,
    variables={"faint": "#656d76", "alarm": "#cf222e", "on-alarm": "#ffffff", "row": "#ddf4ff"},
)
_STOCK_ANSI = BUILTIN_THEMES["ansi-dark"]
ANSI = replace(
    _STOCK_ANSI,
    name="tradetui-ansi",
    accent="ansi_cyan",
    secondary="ansi_default",
    variables={
        **_STOCK_ANSI.variables,
        "faint": "ansi_default",
        "alarm": "ansi_red",
        "on-alarm": "ansi_bright_white",
        "row": "ansi_blue",
    },
)
THEMES = (DARK, LIGHT, ANSI)
_FULL_COLOUR = ("truecolor", "24bit")


def theme_for(environ: Mapping[str, str], wanted: str = "") -> str:
    """Return the name of the theme `wanted` (light, or tradetui-light), if there is one of that name, else what fits.

    What fits is ansi for a terminal without colours or with sixteen, else dark. NO_COLOR is stronger than any wish.
    """
    if "NO_COLOR" in environ:
        return ANSI.name
    for theme in THEMES:
        if wanted in (theme.name, theme.name.removeprefix("tradetui-")):
            return theme.name
    term = environ.get("TERM", "")
    many = environ.get("COLORTERM", "") in _FULL_COLOUR or "256color" in term or "truecolor" in term
    return DARK.name if many else ANSI.name
