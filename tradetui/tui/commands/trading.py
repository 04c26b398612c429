"""Commands that change trading. Less risk takes one chord; more risk, or any order, takes a dialog and a typed word."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.tui.commands.base import Command, Desk
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.picture import Picture

GROUP = "Trading"


def not_reachable(picture: Picture) -> str:
    """Return why no command but a kill can be given now, empty when one can."""
    if not picture.link.live:
        return f"the core is {picture.link.phase}"
    if not picture.link.compatible:
        return "the core speaks another protocol: only kill works"
    return ""


def _entries(picture: Picture) -> str:
    entries = [row for _, row in picture.live_orders() if rows.text(row, "purpose") == "entry"]
    return f"cancels {len(entries)} working entr{'y' if len(entries) == 1 else 'ies'}"


class Kill(Command):
    """Stop all trading at once: cancel every working order but protective stops, send nothing more. No question asked.

    When the core does not answer within one second, the STOP file and a signal do the same.
    """

    id = "kill"
    title = "KILL"
    group = GROUP
    keys = ("ctrl+x",)
    always = True
    footer = 0

    def consequence(self, picture: Picture) -> str:
        live = len(picture.live_orders())
        return f"cancels {live} live order{'s' if live != 1 else ''} but protective stops"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.kill()


class Pause(Command):
    """Take no new exposure: working entries are cancelled, exits and stops go on."""

    id = "pause"
    title = "pause"
    group = GROUP
    keys = ("ctrl+e",)
    footer = 1

    def refusal(self, picture: Picture) -> str:
        if picture.trading_state in ("PAUSED", "HALTED", "KILLED"):
            return f"trading is {picture.trading_state} already"
        return not_reachable(picture)

    def consequence(self, picture: Picture) -> str:
        return f"{_entries(picture)}; exits and stops go on"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.pause()


class Resume(Command):
    """Allow new entries again after a pause or a halt. Needs a typed word."""

    id = "resume"
    title = "resume"
    group = GROUP
    keys = ("ctrl+r",)
    footer = 1

    def refusal(self, picture: Picture) -> str:
        if picture.trading_state == "KILLED":
            return "trading is KILLED: un-kill it first"
        if picture.trading_state == "RUN":
            return "trading runs"
        return not_reachable(picture)

    def consequence(self, picture: Picture) -> str:
        return "strategies may open positions again (asks)"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_resume()


class Unkill(Command):
    """End a kill. Needs the account's last four characters and a reason; trading is then PAUSED, not running."""

    id = "unkill"
    title = "un-kill"
    group = GROUP
    keys = ("ctrl+u",)
    footer = 1

    def refusal(self, picture: Picture) -> str:
        if picture.trading_state != "KILLED":
            return "trading is not KILLED"
        return not_reachable(picture)

    def consequence(self, picture: Picture) -> str:
        return "ends KILLED; trading is then PAUSED (asks)"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_unkill()


class Flatten(Command):
    """Close positions and prove it. Shows what would be done, needs a typed word. In the palette also: flatten SPY."""

    id = "flatten"
    title = "flatten"
    group = GROUP
    keys = ("ctrl+f",)
    footer = 2

    def refusal(self, picture: Picture) -> str:
        return not_reachable(picture)

    def consequence(self, picture: Picture) -> str:
        held, live = len(picture.section("positions")), len(picture.live_orders())
        return (
            f"cancels {live} order{'s' if live != 1 else ''}, closes {held} position{'s' if held != 1 else ''} (asks)"
        )

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_flatten(tuple(symbol.upper() for symbol in arguments))


class StopCore(Command):
    """End the core itself: strategies stop, nothing is watched any more. Positions and protective stops stay."""

    id = "stop"
    title = "stop the core"
    group = GROUP

    def refusal(self, picture: Picture) -> str:
        return not_reachable(picture)

    def consequence(self, picture: Picture) -> str:
        return f"{len(picture.section('positions'))} positions stay with nobody watching (asks)"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_stop()
