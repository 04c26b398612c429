"""`tradetui` without a verb: the screen of the profile's core; the core is started first when none runs.

The invariant: whatever happens to the screen, its terminal or its code, the core goes on and the operator is told so.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths, command_for

if TYPE_CHECKING:
    from tradetui.control.messages import JsonValue
    from tradetui.tui.run import Outcome


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `attach`."""
    subparsers.add_parser(
        "attach",
        help="attach to the running core, or start it and attach (the default)",
        description="Show the screen of the profile's core, starting the core when none runs. q leaves the screen; "
        "trading goes on.",
    )


def run(args: argparse.Namespace) -> int:
    """Show the screen until the operator leaves it.

    Raises:
        OperatorError: there is no terminal that could show it.
        CoreStartFailed: no core runs and none could be started.
    """
    require_terminal()
    paths = paths_of(args)
    ensure_core(paths)
    return show(paths)


def require_terminal() -> None:
    """Check that a screen can be shown.

    Raises:
        OperatorError: standard input or output is no terminal, or the terminal cannot move its cursor.
    """
    term = os.environ.get("TERM", "")
    if term in ("", "dumb"):
        raise OperatorError(f"TERM={term or 'unset'}: this terminal shows no screen; use `tradetui status` instead")
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise OperatorError("the screen needs a terminal; use `tradetui status` in scripts and pipes")


def ensure_core(paths: Paths) -> None:
    """Start the profile's core unless one runs. A core that hangs counts as running: the screen shows it, and kills it.

    Raises:
        CoreStartFailed: it could not be started; its last lines are in the text.
    """
    from tradetui.control.client import CoreNotAnswering, CoreNotRunning, connect_core

    try:
        connect_core(paths, client="attach").close()
    except CoreNotAnswering:
        return
    except CoreNotRunning:
        from tradetui.control.launch import start_core

        print(f"starting the core of profile {paths.profile} ...", file=sys.stderr)
        start_core(paths)


def show(paths: Paths) -> int:
    """Show the screen, then say what goes on without it; return the exit code."""
    _leave_credentials_behind(paths)
    from tradetui.tui.run import run_ui
    from tradetui.tui.settings import settings_of

    outcome = run_ui(paths, os.environ, settings_of(_wishes(paths)))
    if outcome.kill_text:
        print(f"KILL: {outcome.kill_text}", file=sys.stderr)
    if outcome.failure is not None:
        raise _failed(paths, outcome.failure)
    print(_farewell(paths, outcome), file=sys.stderr)
    return outcome.code


def _wishes(paths: Paths) -> JsonValue:
    # From the core, which has read and checked the configuration; a core that hangs leaves the built-in wishes.
    from tradetui.control.client import CoreUnavailable, connect_core

    try:
        with connect_core(paths, client="attach") as client:
            return client.hello.get("ui")
    except CoreUnavailable:
        return None


def _leave_credentials_behind(paths: Paths) -> None:
    """Become the same screen in an environment without credentials, if this one holds any.

    The core has them by now, and what the screen starts runs strategies: a backtest must not inherit them.
    """
    from tradetui.config.secret import SECRET_NAMES, without_secrets

    if SECRET_NAMES & os.environ.keys():
        sys.stderr.flush()
        words = [sys.executable, "-m", "tradetui", "--home", str(paths.home), "--profile", paths.profile, "attach"]
        os.execve(sys.executable, words, without_secrets(os.environ))  # noqa: S606 (our own interpreter and module)


def _farewell(paths: Paths, outcome: Outcome) -> str:
    picture = outcome.picture
    back = command_for(paths, os.environ, Path.cwd())
    if not picture.link.live:
        return f"Detached. The core is {picture.link.phase}; orders at the broker may be live. Look again: {back}"
    state = {"RUN": "Trading goes on"}.get(picture.trading_state, f"The core goes on, {picture.trading_state}")
    held, live = len(picture.section("positions")), len(picture.live_orders())
    return (
        f"Detached. {state} ({picture.mode}, {held} positions, {live} live orders) without this screen.\n"
        f"  come back     {back}\n"
        f"  look          {back} status\n"
        f"  kill          {back} kill\n"
        f"  end the core  {back} stop"
    )


def _failed(paths: Paths, failure: Exception) -> OperatorError:
    from tradetui.cli.crash import write_report

    report = write_report(["--home", str(paths.home), "--profile", paths.profile, "attach"], failure)
    return OperatorError(
        f"the screen failed ({type(failure).__name__}), the core goes on; details are in {report}. "
        f"Come back: {command_for(paths, os.environ, Path.cwd())}"
    )
