"""`tradetui why`: what keeps a symbol, or all of them, from trading right now, and the latest refusals."""

from __future__ import annotations

import argparse

from tradetui.cli.ask import CLIENT, add_limit, ask, one, state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import moment, show_json, show_table, text
from tradetui.control.client import CoreUnavailable, connect_core
from tradetui.control.messages import Row, State
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `why`."""
    parser = subparsers.add_parser("why", help="say what keeps a symbol from trading")
    parser.add_argument("symbol", nargs="?", help="of this symbol only")
    add_limit(parser, 10)


def run(args: argparse.Namespace) -> int:
    """Print what blocks entries now and what the gate refused lately.

    Raises:
        OperatorError: the symbol is not watched.
        StoreError: there is neither a core nor a journal.
    """
    paths = paths_of(args)
    told = ask(paths, "why", {"symbol": args.symbol, "limit": args.limit})
    rows = [*_now(paths, args.symbol), *_blocks(paths, args.symbol), *told]
    if args.json:
        show_json(rows)
    elif rows:
        show_table(("WHAT", "TIME (UTC)", "SYMBOL", "REASON"), [_cells(row) for row in rows])
    else:
        print("nothing blocks trading, and the gate refused nothing")
    return 0


def _now(paths: Paths, symbol: str | None) -> list[Row]:
    try:
        state = state_of(paths, ("core", "link", "symbols", "strategies"))
    except CoreUnavailable:
        return [_block("core", "no core is running")]
    symbols = state.get("symbols", {})
    if symbol is not None and symbol not in symbols:
        raise OperatorError(f"{symbol} is not watched; symbols are {', '.join(sorted(symbols)) or 'none'}")
    return [*_whole(state), *_strategies(state, symbol), *_symbols(state, symbol)]


def _blocks(paths: Paths, symbol: str | None) -> list[Row]:
    """Return what the gate would say to an entry now, once for all strategies that hear the same."""
    try:
        with connect_core(paths, client=CLIENT) as client:
            rows = client.query("blocks", {"symbol": symbol})
    except CoreUnavailable:
        return []
    found: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        key = tuple(text(row.get(name)) for name in ("symbol", "code", "measured", "limit", "clears"))
        found.setdefault(key, []).append(text(row.get("strategy")))
    return [
        {
            **_block("control", f"{', '.join(names)}: {measured}, limit {limit}; clears {clears}", traded),
            "code": code,
            "measured": measured,
            "limit": limit,
            "clears": clears,
        }
        for (traded, code, measured, limit, clears), names in found.items()
    ]


def _whole(state: State) -> list[Row]:
    core, link = one(state, "core"), one(state, "link")
    found = []
    if link.get("state") != "READY":
        found.append(_block("link", f"{text(link.get('state'))}: {text(link.get('reason'))}"))
    if not core.get("session_open"):
        found.append(_block("session", f"the exchange is closed until {moment(core.get('session_opens_ns'))} UTC"))
    if core.get("health"):
        found.append(_block("health", text(core.get("health"))))
    return found


def _strategies(state: State, symbol: str | None) -> list[Row]:
    found = []
    for name, row in state.get("strategies", {}).items():
        traded = row.get("symbols")
        concerned = symbol is None or (isinstance(traded, list) and symbol in traded)
        if concerned and row.get("state") != "running":
            found.append(_block("strategy", f"{name} is {text(row.get('state'))}: {text(row.get('reason'))}"))
    return found


def _symbols(state: State, symbol: str | None) -> list[Row]:
    rows = {name: row for name, row in state.get("symbols", {}).items() if symbol in (None, name)}
    return [_block("symbol", text(row.get("blocked")), name) for name, row in rows.items() if row.get("blocked")]


def _block(kind: str, reason: str, symbol: str | None = None) -> Row:
    return {"kind": kind, "ts_ns": None, "symbol": symbol, "code": "", "text": reason}


def _cells(row: Row) -> list[str]:
    named = row.get("kind") in ("refusal", "control") and not text(row.get("text")).startswith(f"{row['code']}: ")
    code = f"{row['code']}: " if named else ""
    return [text(row.get("kind")), moment(row.get("ts_ns")), text(row.get("symbol")), f"{code}{text(row.get('text'))}"]
