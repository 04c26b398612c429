"""`tradetui positions`: what is held, at what cost, and whether the broker agrees."""

from __future__ import annotations

import argparse

from tradetui.cli.ask import state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import number, quantity, show_json, show_table, signed
from tradetui.control.messages import Row

_HEADERS = ("SYMBOL", "QTY", "COST", "MARK", "OPEN P&L", "REALISED", "BROKER", "OWNERS")
_NUMERIC = _HEADERS[1:-1]


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `positions`."""
    subparsers.add_parser("positions", help="list positions with profit and loss")


def run(args: argparse.Namespace) -> int:
    """Print the positions of the running core.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
    """
    positions = state_of(paths_of(args), ("positions",)).get("positions", {})
    if args.json:
        show_json([{"symbol": symbol, **row} for symbol, row in positions.items()])
        return 0
    if not positions:
        print("no positions")
        return 0
    show_table(_HEADERS, [_cells(symbol, row) for symbol, row in positions.items()], _NUMERIC)
    return 0


def _cells(symbol: str, row: Row) -> list[str]:
    owners = row.get("owners")
    held_by = owners if isinstance(owners, dict) else {}
    broker = "unknown" if row.get("broker_qty") is None else quantity(row.get("broker_qty"))
    return [
        symbol,
        quantity(row.get("qty")),
        number(row.get("avg_cost")),
        number(row.get("mark")),
        signed(row.get("unrealized")),
        signed(row.get("realized")),
        f"{broker} MISMATCH" if row.get("mismatch") else broker,
        ", ".join(f"{owner} {quantity(qty)}" for owner, qty in held_by.items()),
    ]
