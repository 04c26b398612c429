"""`tradetui cancel`: cancel one working order of ours, those of some symbols, or all of them."""

from __future__ import annotations

import argparse

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.send import send
from tradetui.domain.errors import OperatorError


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `cancel`."""
    parser = subparsers.add_parser(
        "cancel",
        help="cancel working orders of ours",
        description="Cancel working orders, exits and protective stops included when they are named or with --all. "
        "Trading goes on; `kill` ends it.",
    )
    parser.add_argument("order", nargs="?", default="", metavar="ORDER", help="the order's id, as `orders` shows it")
    parser.add_argument("--symbol", action="append", default=[], metavar="SYMBOL", help="every order on this symbol")
    parser.add_argument("--all", action="store_true", help="every order of ours")


def run(args: argparse.Namespace) -> int:
    """Cancel what was named.

    Raises:
        OperatorError: nothing, or too much, was named.
        CoreUnavailable: no core runs, or it did not answer.
    """
    if sum((bool(args.order), bool(args.symbol), args.all)) != 1:
        raise OperatorError("cancel: name one ORDER, or give --symbol SYMBOL, or --all")
    if args.order:
        return send(paths_of(args), "cancel", target=args.order, follow=False)
    symbols = tuple(symbol.upper() for symbol in args.symbol)
    return send(paths_of(args), "cancel-all", symbols=symbols, follow=False)
