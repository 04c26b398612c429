"""`tradetui logs`: the core's event log out of the journal, oldest first; --follow goes on."""

from __future__ import annotations

import argparse
import json
import time

from tradetui.cli.ask import add_limit, ask
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import moment, plain, show_json, text
from tradetui.control.messages import JsonValue, Row
from tradetui.home import Paths

_POLL_S = 1.0


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `logs`."""
    parser = subparsers.add_parser("logs", help="print the core's log")
    parser.add_argument("--level", choices=("INFO", "WARNING", "ERROR"), help="of this level only")
    parser.add_argument("--symbol", help="about this symbol only")
    parser.add_argument("-f", "--follow", action="store_true", help="print new lines until interrupted")
    add_limit(parser, 50)


def run(args: argparse.Namespace) -> int:
    """Print lines of the log, through the core when one runs.

    Raises:
        StoreError: there is no journal.
    """
    paths = paths_of(args)
    wanted: dict[str, JsonValue] = {"level": args.level, "symbol": args.symbol, "limit": args.limit}
    rows = ask(paths, "log", wanted)[::-1]
    if args.follow:
        _follow(paths, wanted, rows, as_json=args.json)
    if args.json:
        show_json(rows)
        return 0
    for row in rows:
        print(_line(row))
    return 0


def _follow(paths: Paths, wanted: dict[str, JsonValue], rows: list[Row], *, as_json: bool) -> None:
    while True:
        for row in rows:
            # One object per line: a stream has no end that could close a list.
            print(json.dumps(row) if as_json else _line(row), flush=True)
            wanted["after"] = row["seq"]
        time.sleep(_POLL_S)
        rows = ask(paths, "log", wanted)[::-1]


def _line(row: Row) -> str:
    return plain(f"{moment(row.get('ts_ns'))} {text(row.get('level')):7} {text(row.get('topic')):10} {row.get('text')}")
