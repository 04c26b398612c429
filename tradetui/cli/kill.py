"""`tradetui kill`: cancel every working entry and trade no more; works without the core's answer too.

The invariant: it never waits for confirmation before it acts, and never claims more than the core said.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from tradetui.cli.ask import CLIENT, who
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.control.client import ANSWER_S, CoreNotRunning, CoreUnavailable, command_message, connect_core
from tradetui.home import Paths

#: How long the broker's word on the cancelled orders is waited for.
CONFIRM_S = 10.0


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `kill`."""
    parser = subparsers.add_parser(
        "kill",
        help="cancel every working entry and trade no more",
        description="Cancel every working entry and trade no more, across restarts, until `resume --unkill`. "
        "Protective stops stay. When the core does not answer in 1 s, the STOP file is written and it is signalled.",
    )
    parser.add_argument("--reason", default="", help="why, for the record")


def run(args: argparse.Namespace) -> int:
    """Kill trading; the exit code is 0 only when the core said that it is killed."""
    paths = paths_of(args)
    try:
        return _through_the_core(paths, args.reason)
    except CoreUnavailable as error:
        return _without_it(paths, error)


def _through_the_core(paths: Paths, reason: str) -> int:
    message = command_message("kill", who=who(), reason=reason)
    with connect_core(paths, client=CLIENT) as client:
        status, text = next(client.command(message, timeout_s=ANSWER_S))
        print(text, flush=True)
        if status == "done":
            return 0
        try:
            # Asked again under the same id: the core repeats where it stands, then says when the last order has ended.
            for status, text in client.command(message, timeout_s=CONFIRM_S):
                if status == "done":
                    print(text, flush=True)
        except CoreUnavailable:
            waiting = "KILLED, but not every order is confirmed dead yet; see `tradetui orders --live`"
            print(f"tradetui: {waiting}", file=sys.stderr)
            return 1
    return 0


def _without_it(paths: Paths, error: CoreUnavailable) -> int:
    from tradetui.control.emergency import stop_without_socket

    stop = stop_without_socket(paths, who=who(), stamp=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    reason = "no core is running" if isinstance(error, CoreNotRunning) else "the core does not answer"
    print(f"tradetui: {reason}: {stop.text}", file=sys.stderr)
    return 1
