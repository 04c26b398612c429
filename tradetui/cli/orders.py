"""`tradetui orders`: orders and their states, newest first; live ones alone with --live."""

from __future__ import annotations

import argparse
from datetime import UTC, tzinfo

from tradetui.cli.ask import add_limit, ask, state_of, zone_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import moment, number, quantity, show_json, show_table, text
from tradetui.control.client import CoreUnavailable
from tradetui.control.messages import Row
from tradetui.home import Paths

_HEADERS = ("TIME", "ID", "OWNER", "SIDE", "QTY", "SYMBOL", "TYPE", "LIMIT", "STATE", "FILLED", "AVG", "LAST WORD")
_NUMERIC = ("QTY", "LIMIT", "FILLED", "AVG")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `orders`."""
    parser = subparsers.add_parser("orders", help="list orders and their states")
    parser.add_argument("symbol", nargs="?", help="of this symbol only")
    parser.add_argument("--live", action="store_true", help="only orders that may be live at the broker")
    add_limit(parser, 40)


def run(args: argparse.Namespace) -> int:
    """Print orders from the running core, or from the journal when there is none.

    Raises:
        StoreError: neither is there.
    """
    rows, zone = _orders(paths_of(args), args)
    if args.json:
        show_json(rows)
    elif rows:
        show_table(_HEADERS, [_cells(row, zone) for row in rows], _NUMERIC)
    else:
        print("no orders")
    return 0


def _orders(paths: Paths, args: argparse.Namespace) -> tuple[list[Row], tzinfo]:
    try:
        state = state_of(paths, ("core", "orders"))
    except CoreUnavailable:
        return ask(paths, "orders", {"symbol": args.symbol, "live": args.live, "limit": args.limit}), UTC
    rows: list[Row] = [{"id": key, **row} for key, row in state.get("orders", {}).items()]
    chosen = [row for row in rows if args.symbol in (None, row.get("symbol")) and (row.get("live") or not args.live)]
    # The core knows orders that are not ours, but only the latest of ours: older ones are in the journal.
    if len(chosen) < args.limit and not args.live:
        known = {row["id"] for row in chosen}
        older = ask(paths, "orders", {"symbol": args.symbol, "limit": args.limit})
        chosen = [row for row in older if row["id"] not in known][::-1] + chosen
    return chosen[::-1][: args.limit], zone_of(state)


def _cells(row: Row, zone: tzinfo) -> list[str]:
    code = row.get("last_code")
    said = f"{code} {row.get('last_text') or ''}" if code is not None else str(row.get("broker_status") or "")
    return [
        moment(row.get("updated_ns"), zone),
        text(row.get("id")),
        text(row.get("owner")),
        text(row.get("side")),
        quantity(row.get("qty")),
        text(row.get("symbol")),
        text(row.get("order_type")),
        number(row.get("limit_price")),
        text(row.get("state")),
        quantity(row.get("filled")),
        number(row.get("avg_price")),
        said,
    ]
