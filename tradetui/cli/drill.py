"""`tradetui drill`: practise on a paper gateway what has to work on the day it is needed, and keep the evidence.

The invariant: it never touches a running core, its account or its files: processes, ports and state are its own.
"""

from __future__ import annotations

import argparse
import sys

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.domain.errors import OperatorError

NAMES = ("kill", "flatten", "disconnect", "restart")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `drill`."""
    parser = subparsers.add_parser(
        "drill",
        help="practise kill, flatten, disconnect or restart on a paper gateway",
        description="Start a paper gateway and a core of its own, go the real way through kill, flatten, disconnect or "
        "restart, and write dated evidence into the profile's state directory. Takes about half a minute. Exit code 0 "
        "only when every step passed.",
    )
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=", ".join(NAMES))


def run(args: argparse.Namespace) -> int:
    """Run one drill.

    Raises:
        OperatorError: the profile is live, or the evidence cannot be written.
    """
    paths = paths_of(args)
    if paths.profile == "live":
        raise OperatorError(
            "drill: refused in the live profile: drills trade on a paper gateway of their own; give --profile paper"
        )
    from tradetui.drills.perform import perform

    record, log = perform(args.name, lambda line: print(line, flush=True))
    from tradetui.drills.record import verdict

    paths.prepare()
    evidence = record.write(paths.state / "drills", log)
    print(f"{verdict(record.drill, passed=record.passed)}; evidence: {evidence}", file=sys.stderr)
    return 0 if record.passed else 1
