"""Commands about the screen itself, and ways to leave it."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.tui.commands.base import Command, Desk

GROUP = "Screen"


class Help(Command):
    """Show all keys and what they do."""

    id = "help"
    title = "help"
    group = GROUP
    keys = ("question_mark", "f1")
    footer = 3

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.show_help()


class Palette(Command):
    """List the commands that can be given now, each with what it would do."""

    id = "palette"
    title = "commands"
    group = GROUP
    keys = ("colon", "ctrl+p")
    footer = 4
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.show_palette()


class Alerts(Command):
    """Show the alerts with their delivery; the count in the header starts anew."""

    id = "alerts"
    title = "alerts"
    group = GROUP
    keys = ("a",)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.show_alerts()


class Backtest(Command):
    """Run a strategy over recorded bars."""

    id = "backtest"
    title = "backtest"
    group = GROUP
    keys = ("b",)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.show_backtest()


class Freeze(Command):
    """Stop repainting to read at rest, or go on. Trading and the kill key are not touched."""

    id = "freeze"
    title = "freeze"
    group = GROUP
    keys = ("p",)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.freeze()


class NextTheme(Command):
    """Change to the next theme: dark, light, ansi."""

    id = "theme"
    title = "theme"
    group = GROUP
    keys = ("t",)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.next_theme()


class Redraw(Command):
    """Draw the whole screen again. For when another program wrote over it."""

    id = "redraw"
    title = "redraw"
    group = GROUP
    keys = ("ctrl+l",)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.repaint_all()


class Detach(Command):
    """Leave the screen. Trading goes on; `tradetui` brings the screen back."""

    id = "detach"
    title = "detach"
    group = GROUP
    keys = ("q",)
    footer = 5

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.detach()


class Leave(Command):
    """Ask how to leave: detach, or stop trading."""

    id = "leave"
    title = "leave"
    group = GROUP
    keys = ("ctrl+c",)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_leave()
