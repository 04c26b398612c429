"""`tradetui flatten`: close positions, follow the progress, end with the broker's proof or a loud NOT FLAT.

The invariant: the exit code is 0 only when the broker's own position list read flat.
"""

from __future__ import annotations

import argparse
import sys

from tradetui.cli.ask import CLIENT, one, state_of, who
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import quantity, text
from tradetui.control.client import CoreNotAnswering, command_message, connect_core
from tradetui.control.messages import Row, State
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

_WORD = "flatten"
_NOT_FLAT = "NOT FLAT"


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `flatten`."""
    parser = subparsers.add_parser("flatten", help="close positions and prove it")
    parser.add_argument("symbols", nargs="*", metavar="SYMBOL", help="what to close; everything when none is given")
    parser.add_argument("--yes", action="store_true", help="do not ask (paper accounts only)")
    parser.add_argument("--confirm", default="", metavar="XXXX", help="last four characters of a LIVE account")
    parser.add_argument("--wait", type=float, default=120.0, metavar="S", help="seconds to follow it (default 120)")


def run(args: argparse.Namespace) -> int:
    """Flatten and follow it to the proof.

    Raises:
        OperatorError: it was not confirmed.
        CoreUnavailable: no core runs, or it did not answer.
    """
    paths = paths_of(args)
    state = state_of(paths, ("core", "positions"))
    held = _held(state, args.symbols)
    for symbol, row in held.items():
        print(
            f"{symbol}: {quantity(row.get('broker_qty'))} held at the broker, {quantity(row.get('qty'))} in our books"
        )
    where = f" in {', '.join(args.symbols)}" if args.symbols else ""
    print(f"afterwards no entries are made{where} until `tradetui resume`")
    confirm = _confirmation(args, state)
    return _follow(paths, tuple(args.symbols), confirm, args.wait)


def _held(state: State, symbols: list[str]) -> dict[str, Row]:
    rows = state.get("positions", {})
    return {symbol: row for symbol, row in rows.items() if not symbols or symbol in symbols}


def _confirmation(args: argparse.Namespace, state: State) -> str:
    core = one(state, "core")
    live = core.get("mode") != "PAPER"
    if args.confirm:
        return str(args.confirm)
    if args.yes and not live:
        return _WORD
    if not sys.stdin.isatty():
        hint = "--confirm with the last four characters of the account" if live else "--yes"
        raise OperatorError(f"flatten has to be confirmed: type it in a terminal, or give {hint}")
    wanted = "the last four characters of the account" if live else f"'{_WORD}'"
    print(
        f"{text(core.get('mode'))} account {text(core.get('account'))}: type {wanted} to close at market: ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    return sys.stdin.readline().strip()


def _follow(paths: Paths, symbols: tuple[str, ...], confirm: str, wait_s: float) -> int:
    message = command_message("flatten", who=who(), symbols=symbols, confirm=confirm)
    with connect_core(paths, client=CLIENT) as client:
        try:
            for status, said in client.command(message, timeout_s=wait_s):
                if status == "denied":
                    print(f"tradetui: flatten denied: {said}", file=sys.stderr)
                    return 1
                print(said, flush=True)
                if said.startswith(_NOT_FLAT):
                    return 1
        except CoreNotAnswering as error:
            print(f"tradetui: {_NOT_FLAT} yet, nothing proved: {error}; see `tradetui status`", file=sys.stderr)
            return 1
    return 0
