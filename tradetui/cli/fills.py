"""`tradetui fills`: executions with their commissions, newest first."""

from __future__ import annotations

import argparse

from tradetui.cli.ask import add_limit, ask
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import moment, number, quantity, show_json, show_table, text
from tradetui.control.messages import Row

_HEADERS = ("TIME (UTC)", "OWNER", "SIDE", "QTY", "SYMBOL", "PRICE", "COMMISSION", "EXECUTION", "ORDER")
_NUMERIC = ("QTY", "PRICE", "COMMISSION")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `fills`."""
    parser = subparsers.add_parser("fills", help="list executions with commissions")
    parser.add_argument("symbol", nargs="?", help="of this symbol only")
    add_limit(parser, 40)


def run(args: argparse.Namespace) -> int:
    """Print executions from the journal, through the core when one runs.

    Raises:
        StoreError: there is no journal.
    """
    rows = ask(paths_of(args), "fills", {"symbol": args.symbol, "limit": args.limit})
    if args.json:
        show_json(rows)
    elif rows:
        show_table(_HEADERS, [_cells(row) for row in rows], _NUMERIC)
    else:
        print("no executions")
    return 0


def _cells(row: Row) -> list[str]:
    pending = "pending" if row.get("commission") is None else number(row.get("commission"))
    return [
        moment(row.get("ts_ns")),
        text(row.get("owner")),
        text(row.get("side")),
        quantity(row.get("qty")),
        text(row.get("symbol")),
        number(row.get("price")),
        pending,
        text(row.get("id")),
        text(row.get("intent_id")),
    ]
