"""The Textual app: shows pictures of the core, by default twice a second, and turns keys into commands.

The invariant: it holds no trading logic and no broker, and its end, however it comes, changes nothing in the core.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import ClassVar, Protocol

from textual import work
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.filter import Monochrome, NoColor
from textual.geometry import Size
from textual.screen import Screen

from tradetui.control.messages import Section
from tradetui.tui.commands.registry import COMMANDS, command_named
from tradetui.tui.desk import OperatorDesk
from tradetui.tui.link import LinkStatus
from tradetui.tui.messages import Moved
from tradetui.tui.operator import Operator
from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.screens.main import MainScreen
from tradetui.tui.settings import REFRESH_HZ
from tradetui.tui.term.paint import CellPainter
from tradetui.tui.themes import DARK, THEMES
from tradetui.tui.viewmodels.glyphs import BRAILLE, Glyphs
from tradetui.tui.viewmodels.picture import Picture
from tradetui.tui.viewmodels.review import is_holding

Clock = Callable[[], float]


class Link(Protocol):
    """Where the state comes from."""

    @property
    def state(self) -> Mapping[str, Section]:
        """The core's state as last heard."""

    def status(self) -> LinkStatus:
        """How the connection stands now."""

    async def run(self) -> None:
        """Keep the connection until cancelled."""


def _bindings() -> list[BindingType]:
    return [
        Binding(",".join(c.keys), f"command('{c.id}')", c.title, show=False, priority=c.always, id=c.id)
        for c in COMMANDS
        if c.keys
    ]


class TradeTuiApp(CellPainter, inherit_bindings=False):
    """The screen of one core."""

    TITLE = "tradetui"
    CSS_PATH: ClassVar[str | PurePath | list[str | PurePath] | None] = [
        "styles/tones.tcss",
        "styles/main.tcss",
        "styles/dialogs.tcss",
        "styles/backtest.tcss",
    ]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = _bindings()

    def __init__(
        self,
        link: Link,
        operator: Operator,
        *,
        glyphs: Glyphs = BRAILLE,
        theme: str = DARK.name,
        home: str = ".",
        profile: str = "paper",
        clock: Clock = time.monotonic,
        refresh_hz: float = REFRESH_HZ,
        terminal_size: Callable[[], tuple[int, int] | None] = lambda: None,
    ) -> None:
        super().__init__()
        self.link = link
        self.operator = operator
        self.glyphs = glyphs
        self.home = home
        self.profile = profile
        self.clock = clock
        self._refresh_hz = refresh_hz
        self._terminal_size = terminal_size
        self.acknowledged = 0
        self._reviewed = False
        self.animation_level = "none"
        for known in THEMES:
            self.register_theme(known)
        self.theme = theme
        self._drop_colours_if_asked()
        self.set_class(glyphs.ascii_only, "-ascii")
        self.desk = OperatorDesk(self)
        self._main = MainScreen(self.picture())
        self._shown_operator = operator.version

    @property
    def main(self) -> MainScreen:
        """The main screen."""
        return self._main

    @property
    def failure(self) -> Exception | None:
        """What ended the screen, if it was a bug."""
        return self._exception

    def get_default_screen(self) -> Screen[None]:
        """Return the main screen."""
        return self._main

    def on_mount(self) -> None:
        """Begin to listen to the core and to show it."""
        self._listen()
        self.set_interval(1 / self._refresh_hz, self.tick, name="tick")

    def picture(self) -> Picture:
        """Return the picture of now."""
        operator = self.operator
        latest = operator.latest
        return Picture(
            state=self.link.state,
            link=self.link.status(),
            glyphs=self.glyphs,
            kill=operator.unsettled_kill,
            flatten=operator.latest_of("flatten"),
            latest=latest,
            latest_age_s=0.0 if latest is None else self.clock() - latest.at_s,
            lines=operator.lines,
            acknowledged=self.acknowledged,
        )

    def tick(self) -> None:
        """Show the picture of now."""
        self._follow_terminal_size()
        if self.paint_failure:
            self.operator.note(self.paint_failure)
            self.paint_failure = ""
        self._shown_operator = self.operator.version
        picture = self.picture()
        self._main.show(picture)
        if picture.link.live and picture.trading_state == "KILLED":
            self.operator.saw_killed()
        if not self._reviewed and picture.link.live and is_holding(picture) and self.screen is self._main:
            self._reviewed = True
            self.desk.show_review()
        if isinstance(self.screen, Dialog) and self.screen.is_mounted:
            self.screen.update_content()

    def show_now(self) -> None:
        """Show what changed without waiting for the tick."""
        self.post_message(Moved())

    def on_moved(self) -> None:
        """Show it."""
        self.tick()

    async def action_command(self, name: str) -> None:
        """Give the command `name`, unless it is refused."""
        self.give(name)

    def give(self, name: str, arguments: Sequence[str] = ()) -> None:
        """Give the command `name`, or say why it is refused."""
        command = command_named(name)
        refusal = command.refusal(self.picture())
        if refusal:
            self.operator.note(f"{command.title} refused: {refusal}")
        else:
            command.run(self.desk, arguments)
        if self.operator.version != self._shown_operator:
            self.show_now()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let only commands that always work reach past a dialog or the filter line."""
        if action != "command" or not parameters or command_named(str(parameters[0])).always:
            return True
        return self.screen is self._main and not self._main.filtering

    def _drop_colours_if_asked(self) -> None:
        # Textual chose its filter for NO_COLOR by the theme it began with: greys. Ours has no colours of its own.
        if self.no_color and self.native_ansi_color:
            self._filters = [NoColor() if isinstance(known, Monochrome) else known for known in self._filters]

    def _follow_terminal_size(self) -> None:
        # Textual's resize handler can be interrupted by the next one and then report the older size last.
        size = self._terminal_size()
        if size is not None and size != self.size:
            self.post_message(Resize(Size(*size), Size(*size)))

    @work(exclusive=True)
    async def _listen(self) -> None:
        await self.link.run()

    def _fatal_error(self) -> None:
        # Stock Textual prints the traceback with local variables; ours goes to a private report, without them.
        self._close_messages_no_wait()
