"""Where answers come from: the running core, or its journal when there is none.

The invariant: what comes from the journal is said to come from there, because it may be older than the truth.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Sequence
from datetime import UTC, tzinfo
from pathlib import Path

from tradetui.control.client import CoreNotRunning, CoreUnavailable, connect_core
from tradetui.control.messages import JsonValue, Row, State
from tradetui.home import Paths

#: Name of this client in the core's log.
CLIENT = "command line"


def state_of(paths: Paths, sections: Sequence[str]) -> State:
    """Return sections of the running core's state.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
    """
    with connect_core(paths, client=CLIENT) as client:
        return client.state(sections)


def ask(paths: Paths, what: str, args: dict[str, JsonValue]) -> list[Row]:
    """Return the rows that answer `what`, from the core or else from its journal.

    Raises:
        OperatorError: the question is refused, with the reason.
        StoreError: there is no journal either.
    """
    try:
        with connect_core(paths, client=CLIENT) as client:
            return client.query(what, args)
    except CoreUnavailable as error:
        reason = "no core is running" if isinstance(error, CoreNotRunning) else "the core does not answer"
        print(f"tradetui: {reason}: this is what its journal holds", file=sys.stderr)
    return _from_journal(paths.journal, what, args)


def _from_journal(path: Path, what: str, args: dict[str, JsonValue]) -> list[Row]:
    from tradetui.store.reader import Reader

    reader = Reader.open(path)
    try:
        return [dict(row) for row in reader.ask(what, args)]
    finally:
        reader.close()


def one(state: State, section: str) -> Row:
    """Return the row of a section that holds a single one, empty when it has none."""
    return state.get(section, {}).get(section, {})


def zone_of(state: State) -> tzinfo:
    """Return the exchange's time zone by the core's word, UTC when it gave none."""
    name = one(state, "core").get("exchange_tz")
    if not isinstance(name, str) or not name:
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def who() -> str:
    """Return who gives commands here, for the core's log."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return "command line"


def add_limit(parser: argparse.ArgumentParser, default: int) -> None:
    """Add `-n`."""
    parser.add_argument("-n", "--limit", type=int, default=default, metavar="N", help=f"rows (default {default})")
