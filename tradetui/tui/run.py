"""Puts the UI together for a real terminal and runs it until the operator detaches or the terminal goes away."""

from __future__ import annotations

import getpass
import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from tradetui.control.emergency import EmergencyStop, stop_without_socket
from tradetui.home import Paths
from tradetui.tui.app import TradeTuiApp
from tradetui.tui.link import CoreLink, Phase
from tradetui.tui.operator import Operator, Status
from tradetui.tui.settings import ScreenSettings
from tradetui.tui.term.lost import exit_when_terminal_is_lost
from tradetui.tui.themes import theme_for
from tradetui.tui.viewmodels.glyphs import ASCII, glyphs_for
from tradetui.tui.viewmodels.picture import Picture

#: Seconds after which a screen that cannot end (its terminal takes nothing) is ended by the kernel.
_BACKSTOP_S = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the screen ended: exit code, the last picture it had, and, when it was a bug, the bug.

    `kill_text` is set when the operator left before the core had answered a kill.
    """

    code: int
    picture: Picture
    failure: Exception | None
    kill_text: str = ""


def run_ui(paths: Paths, environ: Mapping[str, str], settings: ScreenSettings) -> Outcome:
    """Show the core of the profile on this terminal; return when the operator leaves."""
    exit_when_terminal_is_lost(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0)
    encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    app = build_app(paths, environ, settings, encoding=encoding)
    _end_on_sigterm(app)
    code = app.run(mouse=settings.mouse)
    signal.alarm(0)
    kill = app.operator.latest_of("kill")
    # The second that a kill waits for its answer must not be cut short by leaving the screen.
    unanswered = kill is not None and kill.status not in (Status.ACCEPTED, Status.DONE)
    kill_text = app.operator.stop_without_socket().text if unanswered else ""
    return Outcome(code or 0, app.picture(), app.failure, kill_text)


def build_app(paths: Paths, environ: Mapping[str, str], settings: ScreenSettings, *, encoding: str) -> TradeTuiApp:
    """Return the app of the profile's core, not yet running."""
    who = f"{getpass.getuser()}@ui"
    clock = time.monotonic

    def stop() -> EmergencyStop:
        return stop_without_socket(paths, who=who, stamp=datetime.now(UTC).isoformat(timespec="seconds"))

    def on_result(command_id: str, status: str, text: str) -> None:
        operator.on_result(command_id, status, text)
        app.show_now()

    def on_phase(phase: Phase) -> None:
        if phase is Phase.DOWN:
            operator.on_connection_lost()
        app.show_now()

    def on_note(text: str) -> None:
        operator.note(text)

    link = CoreLink(paths, clock=clock, on_result=on_result, on_note=on_note, on_phase=on_phase, hz=settings.refresh_hz)
    operator = Operator(send=link.send, stop_without_socket=stop, who=who, clock=clock)
    app = TradeTuiApp(
        link,
        operator,
        glyphs=ASCII if settings.ascii else glyphs_for(environ, encoding),
        theme=theme_for(environ, settings.theme),
        refresh_hz=settings.refresh_hz,
        home=str(paths.home),
        profile=paths.profile,
        clock=clock,
        terminal_size=_terminal_size,
    )
    return app


def _terminal_size() -> tuple[int, int] | None:
    # The window's own word; the variables COLUMNS and LINES may be old.
    try:
        columns, lines = os.get_terminal_size(sys.__stdin__.fileno() if sys.__stdin__ is not None else 0)
    except OSError:
        return None
    return (columns, lines) if columns and lines else None


def _end_on_sigterm(app: TradeTuiApp) -> None:
    def end(*_: object) -> None:
        # The kernel ends us when the terminal takes nothing any more and the clean end cannot be painted.
        signal.alarm(_BACKSTOP_S)
        app.call_later(app.exit, 128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, end)
