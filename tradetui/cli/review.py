"""`tradetui restart-review`: what a restart left to be understood, and what the operator can do about each item.

The invariant: the exit code is 0 only when the core looked at the broker in full and nothing is left to resolve.
"""

from __future__ import annotations

import argparse
import sys

from tradetui.cli.ask import one, state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import show_json, show_table, text
from tradetui.control.messages import Row, State


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `restart-review`."""
    subparsers.add_parser(
        "restart-review",
        help="list what a restart left adopted, unknown or external",
        description="List what a restart or a look at the broker left to be understood: orders found again (adopted), "
        "orders and executions in doubt (unknown), positions that differ (mismatch), what is not ours (external). "
        "After a restart nothing trades while an item is to be resolved. Exit code 1 while that is so.",
    )


def run(args: argparse.Namespace) -> int:
    """Print the review of the running core.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
    """
    state = state_of(paths_of(args), ("core", "link", "review"))
    rows = list(state.get("review", {}).values())
    verdict = _verdict(state)
    if args.json:
        show_json({"clean": not verdict, "verdict": verdict or "clean", "items": rows})
    elif rows:
        show_table(("KIND", "RESOLVE", "WHAT", "YOU CAN"), [_cells(row) for row in rows])
    if verdict:
        print(f"tradetui: restart review: {verdict}", file=sys.stderr)
        return 1
    if not args.json:
        print("clean: the broker and the journal agree")
    return 0


def _verdict(state: State) -> str:
    link = one(state, "link")
    if link.get("state") != "READY":
        return f"the broker link is {text(link.get('state'))}, so nothing is proved: {text(link.get('reason'))}"
    said = one(state, "core").get("review")
    return said if isinstance(said, str) and not said.startswith("clean") else ""


def _cells(row: Row) -> list[str]:
    return [text(row.get("kind")), "yes" if row.get("blocks") else "", text(row.get("text")), text(row.get("action"))]
