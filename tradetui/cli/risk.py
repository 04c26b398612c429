"""`tradetui risk`: every limit with what is used of it, and what blocks trading now."""

from __future__ import annotations

import argparse

from tradetui.cli.ask import one, state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import UNKNOWN, number, show_json, show_table, text
from tradetui.control.messages import Row

_HEADERS = ("LIMIT", "NOW", "OF", "UNIT", "USED", "")
_NUMERIC = ("NOW", "OF", "USED")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `risk`."""
    subparsers.add_parser("risk", help="show limits and what is used of them")


def run(args: argparse.Namespace) -> int:
    """Print the risk meters of the running core.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
    """
    state = state_of(paths_of(args), ("core", "risk", "latches"))
    meters = state.get("risk", {})
    if args.json:
        show_json({"meters": meters, "latches": state.get("latches", {}), "state": one(state, "core").get("state")})
        return 0
    show_table(_HEADERS, [_cells(row) for row in meters.values()], _NUMERIC)
    core = one(state, "core")
    why = f": {core['why']}" if core.get("why") else ""
    print(f"\ntrading is {text(core.get('state'))}{why}")
    return 0


def _cells(row: Row) -> list[str]:
    used = row.get("used")
    share = f"{used:.0%}" if isinstance(used, int | float) and not isinstance(used, bool) else UNKNOWN
    return [
        text(row.get("label")),
        number(row.get("measured")),
        number(row.get("limit")),
        text(row.get("unit")),
        share,
        "BREACHED" if row.get("breached") else "",
    ]
