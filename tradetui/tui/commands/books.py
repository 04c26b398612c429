"""Commands about the books and about arming. Each only opens a box; what changes anything is typed there."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.tui.commands.base import Command, Desk
from tradetui.tui.commands.trading import GROUP, not_reachable
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.arming import needs_arming
from tradetui.tui.viewmodels.picture import Picture


class Repair(Command):
    """Say what can be done about the row under the cursor in orders or positions: cancel, mark dead, adopt, assign."""

    id = "repair"
    title = "repair"
    group = GROUP
    keys = ("r",)
    in_palette = False

    def refusal(self, picture: Picture) -> str:
        return not_reachable(picture)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_repair()


class Review(Command):
    """Show the restart review: what was adopted, what is unknown or external, and what can be done about it."""

    id = "review"
    title = "review"
    group = GROUP
    keys = ("v",)

    def consequence(self, picture: Picture) -> str:
        said = rows.text(picture.core, "review")
        return f"shows the restart review: {said or 'clean'}"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.show_review()


class Arm(Command):
    """Let a live core take new exposure until its session has closed. Shows limits and changes, asks the account."""

    id = "arm"
    title = "arm"
    group = GROUP
    keys = ("ctrl+g",)
    footer = 1

    def refusal(self, picture: Picture) -> str:
        if not needs_arming(picture):
            return "it is armed already" if picture.core.get("armed") else "only a live core has to be armed"
        return not_reachable(picture)

    def consequence(self, picture: Picture) -> str:
        return "live: new exposure until the session has closed (asks)"

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.ask_arm()


class Disarm(Command):
    """Take the arming of a live core back: no new exposure, entries are cancelled, exits and stops go on."""

    id = "disarm"
    title = "disarm"
    group = GROUP

    def refusal(self, picture: Picture) -> str:
        if picture.core.get("armed") is not True:
            return "it is not armed"
        return not_reachable(picture)

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.disarm()
