"""`tradetui pause`: no new exposure until resumed; exits and protective stops stay."""

from __future__ import annotations

import argparse

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.send import send


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `pause`."""
    parser = subparsers.add_parser("pause", help="stop new entries; exits and stops stay")
    parser.add_argument("--reason", default="", help="why, for the record")


def run(args: argparse.Namespace) -> int:
    """Pause trading.

    Raises:
        CoreUnavailable: no core runs, or it did not answer.
    """
    return send(paths_of(args), "pause", reason=args.reason)
