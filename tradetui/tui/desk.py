"""Carries out the commands: the dialogs they need, and what comes of them.

The invariant: a command that needs a typed word is sent only with the words that were typed in its own dialog.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tradetui.tui.commands.registry import COMMANDS
from tradetui.tui.screens.choice import RepairMenu, ReviewDialog
from tradetui.tui.screens.leave import LeaveMenu, Way
from tradetui.tui.screens.palette import Chosen, PaletteDialog
from tradetui.tui.screens.reading import Reading, grid_lines, wrapped
from tradetui.tui.screens.typed import Field, Question, TypedDialog
from tradetui.tui.themes import THEMES
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.alerts import alerts_view, newest_alert
from tradetui.tui.viewmodels.arming import arming_lines
from tradetui.tui.viewmodels.flatten import account_line, account_tail, confirmation, flatten_preview
from tradetui.tui.viewmodels.hints import help_lines, palette_entries
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.plan import PANELS
from tradetui.tui.viewmodels.repair import NotANumber, Repair, arguments_of, repairs_of, repairs_of_item
from tradetui.tui.viewmodels.review import review_lines, review_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradetui.tui.app import TradeTuiApp
    from tradetui.tui.widgets.grid import GridPanel


class OperatorDesk:
    """What commands do, on one app. See commands.base.Desk for each method's promise."""

    def __init__(self, app: TradeTuiApp) -> None:
        self._app = app

    def kill(self) -> None:
        """Order the kill at once."""
        self._app.operator.kill()

    def pause(self) -> None:
        """Order a pause at once."""
        self._app.operator.command("pause", reason="operator pressed pause")

    def ask_flatten(self, symbols: Sequence[str]) -> None:
        """Open the flatten dialog for `symbols`, all positions when empty."""

        def question() -> Question:
            preview = flatten_preview(self._app.picture(), symbols)
            field = Field(label=f"type {preview.word_hint}", word=preview.word)
            return Question(lines=preview.lines, fields=(field,), verb=preview.verb)

        def send(typed: tuple[str, ...]) -> None:
            self._app.operator.command("flatten", symbols=symbols, reason="operator", confirm=typed[0])

        self._ask("flatten", question, send)

    def ask_resume(self) -> None:
        """Open the resume dialog."""
        word, hint = confirmation(self._app.picture(), "resume")

        def send(typed: tuple[str, ...]) -> None:
            self._app.operator.command("resume", reason="operator", confirm=typed[0])

        text = "Strategies may open positions again."
        self._ask("resume", self._question(text, "Resume", Field(label=f"type {hint}", word=word)), send)

    def ask_unkill(self) -> None:
        """Open the dialog that ends a kill."""
        word, hint = account_tail(self._app.picture())

        def send(typed: tuple[str, ...]) -> None:
            self._app.operator.command("unkill", confirm=typed[0], reason=typed[1])

        fields = (Field(label=f"type {hint}", word=word), Field(label="reason"))
        text = "Ends KILLED. Trading is then PAUSED until you resume it. A STOP file must be removed by hand."
        self._ask("un-kill", self._question(text, "Un-kill", *fields), send)

    def ask_stop(self) -> None:
        """Open the dialog that ends the core."""
        word, hint = confirmation(self._app.picture(), "stop")

        def send(typed: tuple[str, ...]) -> None:
            self._app.operator.command("stop", reason="operator", confirm=typed[0])

        held = len(self._app.picture().section("positions"))
        text = f"Ends the core: strategies stop and nothing is watched. {held} positions and their stops stay."
        self._ask("stop the core", self._question(text, "Stop the core", Field(label=f"type {hint}", word=word)), send)

    def ask_repair(self) -> None:
        """Offer what can be done about the row under the cursor."""
        panel = self._panel()
        repairs = repairs_of(panel.id or "", panel.cursor_key or "", self._app.picture())
        if repairs:
            self._choose_repair(repairs)
        else:
            self._app.operator.note("repair: put the cursor on a live order, or on a position with something to mend")

    def show_review(self) -> None:
        """Show the restart review."""

        def chosen(number: int | None) -> None:
            items = review_rows(self._app.picture())
            if number is None or number > len(items):
                return
            repairs = repairs_of_item(items[number - 1], self._app.picture())
            if repairs:
                self._choose_repair(repairs)
            else:
                self._app.operator.note(f"review: nothing to do here about item {number}")
                self._app.show_now()

        dialog = ReviewDialog(lambda: review_lines(self._app.picture()), clock=self._app.clock)
        self._app.push_screen(dialog, chosen)

    def ask_arm(self) -> None:
        """Open the dialog that arms a live core, for exactly what it shows."""

        def question() -> Question:
            word, hint = account_tail(self._app.picture())
            lines = arming_lines(self._app.picture())
            return Question(lines=lines, fields=(Field(label=f"type {hint}", word=word),), verb="Arm")

        def send(typed: tuple[str, ...]) -> None:
            shown = rows.text(self._app.picture().core, "arming_digest")
            self._app.operator.command("arm", target=shown, confirm=typed[0])

        self._ask("arm", question, send)

    def disarm(self) -> None:
        """Take the arming back at once."""
        self._app.operator.command("disarm", reason="operator")

    def _choose_repair(self, repairs: Sequence[Repair]) -> None:
        def chosen(repair: Repair | None) -> None:
            if repair is not None:
                self._ask_repair(repair)

        self._app.push_screen(RepairMenu(repairs, clock=self._app.clock), chosen)

    def _ask_repair(self, repair: Repair) -> None:
        fields = tuple(Field(label=blank.label, word=blank.word) for blank in repair.blanks)

        def send(typed: tuple[str, ...]) -> None:
            try:
                texts, booking = arguments_of(repair, typed)
            except NotANumber as error:
                self._app.operator.note(f"{repair.title}: {error}; nothing was sent")
                return
            self._app.operator.command(
                repair.kind, symbols=repair.symbols, target=repair.target, booking=booking, **texts
            )

        self._ask(repair.title, self._question(repair.text, repair.title.partition(" ")[0].capitalize(), *fields), send)

    def ask_leave(self) -> None:
        """Open the menu of ways to leave."""

        def go(way: Way | None) -> None:
            match way:
                case Way.DETACH:
                    self.detach()
                case Way.STOP:
                    self._app.give("stop")
                case Way.FLATTEN:
                    self._app.give("flatten")
                case None:
                    return

        self._app.push_screen(LeaveMenu(clock=self._app.clock), go)

    def detach(self) -> None:
        """End the screen; trading goes on."""
        self._app.exit(0)

    def show_help(self) -> None:
        """Show all keys."""
        lines = help_lines(COMMANDS, self._app.picture())
        self._app.push_screen(Reading("help", wrapped(lines), clock=self._app.clock))

    def show_palette(self) -> None:
        """Show the palette of commands."""

        def give(chosen: Chosen | None) -> None:
            if chosen is not None:
                self._app.give(*chosen)

        dialog = PaletteDialog(
            lambda typed: palette_entries(COMMANDS, self._app.picture(), typed),
            cursor=self._app.glyphs.cursor,
            clock=self._app.clock,
        )
        self._app.push_screen(dialog, give)

    def show_alerts(self) -> None:
        """Show the alerts and take them as read."""
        picture = self._app.picture()
        self._app.acknowledged = newest_alert(picture)
        if picture.unacknowledged and picture.link.live:
            # The core tells every other screen, and its journal keeps who has read them.
            self._app.operator.command("ack", target=str(self._app.acknowledged))
        lines = grid_lines(lambda: alerts_view(self._app.picture()))
        self._app.push_screen(Reading("alerts", lines, clock=self._app.clock))
        self._app.show_now()

    def show_backtest(self) -> None:
        """Show the backtest screen."""
        from tradetui.tui.screens.backtest import BacktestScreen

        self._app.push_screen(BacktestScreen(home=self._app.home, profile=self._app.profile, glyphs=self._app.glyphs))

    def focus_panel(self, name: str) -> None:
        """Move the focus to a panel."""
        board = self._app.main.board
        board.bring_forward(name)
        board.panel(name).focus()

    def step_panel(self, step: int) -> None:
        """Move the focus to the next (1) or previous (-1) panel."""
        current = PANELS.index(self._panel().id or PANELS[0])
        self.focus_panel(PANELS[(current + step) % len(PANELS)])

    def maximise_panel(self) -> None:
        """Give the focused panel all the room, or take it back."""
        board = self._app.main.board
        board.maximise("" if board.maximised else self._panel().id or "")

    def back(self) -> None:
        """Undo the last step into a panel: its filter, then its size."""
        panel = self._panel()
        if panel.filter_text:
            panel.set_filter("")
        elif self._app.main.board.maximised:
            self._app.main.board.maximise("")

    def move_cursor(self, rows: int) -> None:
        """Move the cursor of the focused panel."""
        self._panel().move_cursor(rows)

    def move_page(self, pages: int) -> None:
        """Move the cursor of the focused panel by pages."""
        self._panel().move_page(pages)

    def jump_cursor(self, *, to_end: bool) -> None:
        """Move the cursor of the focused panel to its first or last row."""
        self._panel().jump(to_end=to_end)

    def start_filter(self) -> None:
        """Open the filter line of the focused panel."""
        self._app.main.start_filter()

    def freeze(self) -> None:
        """Stop or restart painting; nothing else changes."""
        self._app.main.set_frozen(not self._app.main.frozen)

    def next_theme(self) -> None:
        """Show the next theme."""
        names = [theme.name for theme in THEMES]
        here = names.index(self._app.theme) if self._app.theme in names else -1
        self._app.theme = names[(here + 1) % len(names)]

    def repaint_all(self) -> None:
        """Send the whole screen again."""
        self._app.repaint_all()

    def _panel(self) -> GridPanel:
        return self._app.main.focused_panel

    def _question(self, text: str, verb: str, *fields: Field) -> Callable[[], Question]:
        def question() -> Question:
            lines: tuple[Line, ...] = (account_line(self._app.picture()), (Span(text, Tone.TEXT),))
            return Question(lines=lines, fields=fields, verb=verb)

        return question

    def _ask(self, title: str, question: Callable[[], Question], send: Callable[[tuple[str, ...]], None]) -> None:
        def answered(typed: tuple[str, ...] | None) -> None:
            if typed is None:
                self._app.operator.note(f"{title}: not confirmed, nothing was sent")
            else:
                send(typed)
            self._app.show_now()

        cursor, clock = self._app.glyphs.cursor, self._app.clock
        self._app.push_screen(TypedDialog(title, question, cursor=cursor, clock=clock), answered)
