"""`tradetui arm` and `disarm`: the ceremony that lets a live core take new exposure until its session ends.

The invariant: account, limits and what changed since the last armed session are shown before anything is asked, and
what is sent names exactly the configuration that was shown.
"""

from __future__ import annotations

import argparse
import sys

from tradetui.cli.ask import one, state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.send import send
from tradetui.cli.show import UNKNOWN, show_table, text
from tradetui.control.messages import Section, State
from tradetui.domain.errors import OperatorError

_LIMITS = "risk."


def add_parser(subparsers: Subparsers) -> None:
    """Add the parsers of `arm` and `disarm`."""
    parser = subparsers.add_parser(
        "arm",
        help="let a live core take new exposure until its session ends",
        description="Show the account, the limits and what changed since the last armed session, ask for the last four "
        "characters of the account, and let a live core take new exposure. A live core starts NOT ARMED and is so "
        "again when the session has closed. Exits and stops work all the time. Paper needs no arming.",
    )
    parser.add_argument("--confirm", default="", metavar="XXXX", help="last four characters of the account")
    parser.add_argument("--reason", default="", help="why, for the record")
    away = subparsers.add_parser(
        "disarm",
        help="take the arming of a live core back",
        description="Take the arming back: no new exposure, working entries are cancelled, exits and stops go on.",
    )
    away.add_argument("--reason", default="", help="why, for the record")


def run(args: argparse.Namespace) -> int:
    """Arm or disarm.

    Raises:
        CoreUnavailable: no core runs, or it did not answer.
        OperatorError: nothing has to be armed, or it was not confirmed.
    """
    paths = paths_of(args)
    if args.verb == "disarm":
        return send(paths, "disarm", reason=args.reason)
    state = state_of(paths, ("core", "arming"))
    core = one(state, "core")
    if core.get("armed") is None:
        raise OperatorError(f"profile {text(core.get('profile'))} is not live: nothing has to be armed")
    _show(state)
    confirm = args.confirm or _typed(state)
    return send(paths, "arm", target=str(core.get("arming_digest")), reason=args.reason, confirm=confirm)


def _show(state: State) -> None:
    core, rows = one(state, "core"), state.get("arming", {})
    print(f"{text(core.get('mode'))} account {text(core.get('account'))}, profile {text(core.get('profile'))}")
    print(f"last armed: {core.get('last_armed') or 'never'}\n")
    limits = [[name.removeprefix(_LIMITS), text(row.get("now"))] for name, row in rows.items() if _is_limit(name, rows)]
    show_table(("LIMIT", "VALUE"), limits, ("VALUE",))
    changed = [
        [name, text(row.get("armed")), text(row.get("now"))]
        for name, row in rows.items()
        if row.get("armed") != row.get("now")
    ]
    print()
    if not core.get("last_armed"):
        print("nothing to compare with: this profile was never armed")
    elif changed:
        show_table(("CHANGED SINCE", "ARMED", "NOW"), changed)
    else:
        print("nothing changed since then")
    print(flush=True)


def _is_limit(name: str, rows: Section) -> bool:
    return name.startswith(_LIMITS) and text(rows[name].get("now")) != UNKNOWN


def _typed(state: State) -> str:
    if not sys.stdin.isatty():
        raise OperatorError("arm has to be confirmed: type it in a terminal, or give --confirm XXXX")
    core = one(state, "core")
    print(
        f"{text(core.get('mode'))} account {text(core.get('account'))}: type its last four characters to arm: ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip()
