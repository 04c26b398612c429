"""All commands, in the order in which help lists them. The invariant: every id and every key belongs to one command."""

from __future__ import annotations

from tradetui.tui.commands.base import Command
from tradetui.tui.commands.books import Arm, Disarm, Repair, Review
from tradetui.tui.commands.panels import (
    Back,
    Down,
    Filter,
    First,
    Last,
    Maximise,
    NextPanel,
    PageDown,
    PageUp,
    PreviousPanel,
    Up,
    focus_commands,
)
from tradetui.tui.commands.screen import Alerts, Backtest, Detach, Freeze, Help, Leave, NextTheme, Palette, Redraw
from tradetui.tui.commands.trading import Flatten, Kill, Pause, Resume, StopCore, Unkill

COMMANDS: tuple[Command, ...] = (
    Kill(),
    Pause(),
    Resume(),
    Unkill(),
    Flatten(),
    StopCore(),
    Arm(),
    Disarm(),
    Review(),
    Repair(),
    *focus_commands(),
    NextPanel(),
    PreviousPanel(),
    Maximise(),
    Back(),
    Down(),
    Up(),
    PageDown(),
    PageUp(),
    First(),
    Last(),
    Filter(),
    Help(),
    Palette(),
    Alerts(),
    Backtest(),
    Freeze(),
    NextTheme(),
    Redraw(),
    Detach(),
    Leave(),
)

_BY_ID = {command.id: command for command in COMMANDS}


def command_named(name: str) -> Command:
    """Return the command with this id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[name]
