"""`tradetui stop`: end the core in good order; entries are cancelled, positions and protective stops stay."""

from __future__ import annotations

import argparse
import time
from contextlib import suppress

from tradetui.cli.ask import CLIENT, who
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.control.client import CoreNotAnswering, command_message, connect_core
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

#: The core promises to end within 20 s.
ENDS_WITHIN_S = 25.0
_POLL_S = 0.1


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `stop`."""
    subparsers.add_parser("stop", help="end the core; positions and protective stops stay")


def run(args: argparse.Namespace) -> int:
    """Stop the core and wait for its end.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
        OperatorError: it did not end in time.
    """
    paths = paths_of(args)
    stop_core(paths)
    print(f"the core of profile {paths.profile} has ended")
    return 0


def stop_core(paths: Paths) -> None:
    """Stop the profile's core and return when its process has let go of its lock.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
        OperatorError: it did not end in time.
    """
    from tradetui.control.emergency import is_locked

    with connect_core(paths, client=CLIENT) as client, suppress(CoreNotAnswering):
        # It may close the connection before its answer: the lock tells.
        for _ in client.command(command_message("stop", who=who())):
            pass
    deadline = time.monotonic() + ENDS_WITHIN_S
    while is_locked(paths.lock):
        if time.monotonic() > deadline:
            raise OperatorError(
                f"the core did not end within {ENDS_WITHIN_S:g} s; its log is {paths.logs / 'core.log'}"
            )
        time.sleep(_POLL_S)
