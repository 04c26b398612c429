"""`tradetui resume`: entries again. After a kill it takes --unkill, a reason and the account's last characters."""

from __future__ import annotations

import argparse

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.send import send


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `resume`."""
    parser = subparsers.add_parser("resume", help="allow entries again")
    parser.add_argument("--reason", default="", help="why, for the record; needed with --unkill")
    parser.add_argument("--unkill", action="store_true", help="end KILLED; trading is PAUSED after it")
    parser.add_argument("--confirm", default="", metavar="XXXX", help="last four characters of the account (--unkill)")


def run(args: argparse.Namespace) -> int:
    """Resume trading, or end a kill.

    Raises:
        CoreUnavailable: no core runs, or it did not answer.
    """
    kind = "unkill" if args.unkill else "resume"
    return send(paths_of(args), kind, reason=args.reason, confirm=args.confirm)
