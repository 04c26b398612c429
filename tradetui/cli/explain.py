"""`tradetui explain ID`: the story of one order, from the decision to the last commission."""

from __future__ import annotations

import argparse

from tradetui.cli.ask import ask
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import moment, show_json, show_table, text


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `explain`."""
    parser = subparsers.add_parser("explain", help="tell the story of one order")
    parser.add_argument("id", help="an order id or its beginning, a permId, or an execution id")


def run(args: argparse.Namespace) -> int:
    """Print what happened to one order, oldest first.

    Raises:
        OperatorError: no order, or more than one, has this id.
        StoreError: there is no journal.
    """
    rows = ask(paths_of(args), "explain", {"id": args.id})
    if args.json:
        show_json(rows)
        return 0
    print(f"order {text(rows[0].get('id'))}")
    cells = [[moment(row.get("ts_ns")), text(row.get("what")), text(row.get("text"))] for row in rows]
    show_table(("TIME (UTC)", "WHAT", "HOW"), cells)
    return 0
