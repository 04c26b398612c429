"""Commands to the running core, and their results as exit codes.

The invariant: a result that did not come is never reported as done.
"""

from __future__ import annotations

import sys

from tradetui.cli.ask import CLIENT, who
from tradetui.control.client import command_message, connect_core
from tradetui.control.messages import JsonValue
from tradetui.home import Paths

DONE, REFUSED = 0, 1


def send(
    paths: Paths,
    kind: str,
    *,
    symbols: tuple[str, ...] = (),
    target: str = "",
    reason: str = "",
    confirm: str = "",
    wait_s: float = 5.0,
    follow: bool = True,
    **booking: JsonValue,
) -> int:
    """Give the core a command, print each result and return the exit code.

    Without `follow` the core's first word is enough: no later one comes for this command. `booking` are the fields of
    the bookkeeping commands.

    Raises:
        CoreUnavailable: no core runs, or the next result did not come within `wait_s`: the outcome is unknown.
    """
    message = command_message(
        kind, who=who(), symbols=symbols, target=target, reason=reason, confirm=confirm, booking=booking
    )
    with connect_core(paths, client=CLIENT) as client:
        for status, text in client.command(message, timeout_s=wait_s):
            if status == "denied":
                print(f"tradetui: {kind} denied: {text}", file=sys.stderr)
                return REFUSED
            print(text, flush=True)
            if not follow:
                break
    return DONE
