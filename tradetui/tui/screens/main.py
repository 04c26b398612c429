"""The main screen: header, banner, six panels, footer.

The invariant: header and kill key are painted in every window size, and nothing on it is newer than its picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from textual import events
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from tradetui.tui.commands.registry import COMMANDS
from tradetui.tui.viewmodels.banner import banner_lines
from tradetui.tui.viewmodels.connection import connection_view
from tradetui.tui.viewmodels.header import header_view
from tradetui.tui.viewmodels.hints import footer_line
from tradetui.tui.viewmodels.line_edit import LineEdit
from tradetui.tui.viewmodels.log import LogTail
from tradetui.tui.viewmodels.model import GridView, Line, Span, Tone
from tradetui.tui.viewmodels.orders import orders_view
from tradetui.tui.viewmodels.picture import Picture
from tradetui.tui.viewmodels.plan import (
    CONNECTION,
    LOG,
    MIN_HEIGHT,
    MIN_WIDTH,
    ORDERS,
    POSITIONS,
    QUOTES,
    RISK,
)
from tradetui.tui.viewmodels.positions import positions_view
from tradetui.tui.viewmodels.quotes import quotes_view
from tradetui.tui.viewmodels.risk import risk_view
from tradetui.tui.widgets.board import Board
from tradetui.tui.widgets.grid import GridPanel
from tradetui.tui.widgets.lines import HeaderBar, LinesBar
from tradetui.tui.widgets.toned import Toned

_MOST_BANNER_LINES = 3
_KILL_FIRST = Span(" ^X KILL ", Tone.ALARM)


class MainScreen(Screen[None], inherit_bindings=False):
    """Shows pictures of the core."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self._picture = picture
        self._log = LogTail()
        self._filter_edit: LineEdit | None = None
        self._frozen = False
        # Kept, not queried: a tick may still come while Textual takes the screen apart.
        self._header = HeaderBar(header_view(picture), id="header")
        self._banner = LinesBar(id="banner")
        self._board = Board()
        self._notice = LinesBar(id="notice")
        self._footer = LinesBar(id="footer")
        self._frame = Container(self._header, self._banner, self._board, self._notice, self._footer, id="frame")
        self._builders: dict[str, Callable[[Picture], GridView]] = {
            CONNECTION: connection_view,
            QUOTES: quotes_view,
            POSITIONS: positions_view,
            ORDERS: orders_view,
            RISK: risk_view,
            LOG: self._log.view,
        }

    @property
    def board(self) -> Board:
        """The panels."""
        return self._board

    @property
    def focused_panel(self) -> GridPanel:
        """The panel that has the focus, or had it last."""
        return self.focused if isinstance(self.focused, GridPanel) else self.board.panel(self.board.front)

    @property
    def filtering(self) -> bool:
        """Whether keys go to the filter line."""
        return self._filter_edit is not None

    @property
    def too_small(self) -> bool:
        """Whether the window has no room for panels."""
        return self.app.size.width < MIN_WIDTH or self.app.size.height < MIN_HEIGHT

    def compose(self) -> Iterator[Widget]:
        """Yield the frame with everything in it."""
        yield self._frame

    def on_mount(self) -> None:
        """Show the first picture."""
        for widget in self.query(Toned):
            widget.glyphs = self._picture.glyphs
        self.board.panel(QUOTES).focus()
        self.show(self._picture)

    def on_resize(self) -> None:
        """Fit the window."""
        self._fit_window()
        self.show(self._picture)

    def on_key(self, event: events.Key) -> None:
        """Give keys to the filter line while it is open."""
        if self._filter_edit is None:
            return
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape"):
            if event.key == "escape":
                self.focused_panel.set_filter("")
            self._filter_edit = None
        elif self._filter_edit.key(event.key, event.character if event.is_printable else None):
            self.focused_panel.set_filter(self._filter_edit.text)
        self._show_footer()

    def start_filter(self) -> None:
        """Open the filter line of the focused panel."""
        self._filter_edit = LineEdit(self.focused_panel.filter_text)
        self._show_footer()

    def set_frozen(self, frozen: bool) -> None:
        """Stop or restart the panels; header and banner go on."""
        self._frozen = frozen
        self.show(self._picture)

    @property
    def frozen(self) -> bool:
        """Whether the panels stand still."""
        return self._frozen

    def show(self, picture: Picture) -> None:
        """Show `picture`; only what differs from the one before is painted."""
        self._picture = picture
        if not self.is_mounted:
            return
        self._show_frame()
        if not self._frozen and not self.too_small:
            self._show_panels()
        self._show_footer()

    def _show_frame(self) -> None:
        picture = self._picture
        frame = self._frame
        live = picture.mode == "LIVE"
        frame.set_class(live, "-live")
        frame.border_title = "LIVE - REAL MONEY" if live else ""
        extra = [_KILL_FIRST] if self.too_small else []
        if self._frozen:
            extra.append(Span(" FROZEN ", Tone.CAUTION))
        self._header.show(header_view(picture), extra)
        self._show_banner()

    def _show_banner(self) -> None:
        banner = self._banner
        lines = banner_lines(self._picture)
        room = 0 if self.app.size.height < 4 else 1 if self.too_small else _MOST_BANNER_LINES
        banner.show(lines[:room])
        height = len(lines[:room])
        if banner.styles.height is None or banner.styles.height.value != height:
            banner.styles.height = height

    def _show_panels(self) -> None:
        stale = not self._picture.link.live
        counts: dict[str, int] = {}
        for name, build in self._builders.items():
            view = build(self._picture)
            counts[name] = len(view.rows)
            self.board.panel(name).show(view, stale=stale)
        counts[LOG] = 0
        self.board.fit_to(counts)

    def _show_footer(self) -> None:
        footer = self._footer
        if self._filter_edit is not None:
            footer.show([self._filter_line(self._filter_edit)])
            return
        # Measured by the window: the footer's own width is not known before it was placed.
        footer.show([footer_line(COMMANDS, self._picture, self.app.size.width - 2)])

    def _filter_line(self, edit: LineEdit) -> Line:
        return (
            _KILL_FIRST,
            Span(" /", Tone.KEY),
            Span(edit.text, Tone.STRONG),
            Span(self._picture.glyphs.cursor, Tone.ACCENT),
            Span("  Enter keeps, Esc ends the filter", Tone.DIM),
        )

    def _fit_window(self) -> None:
        size = self.app.size
        self._frame.set_class(self.too_small, "-small")
        text = f"terminal too small: have {size.width}x{size.height}, need {MIN_WIDTH}x{MIN_HEIGHT}"
        self._notice.show([(Span(text, Tone.WARN),)])
