"""`tradetui risk`: every limit with what is used of it, what blocks trading now, and how a limit is changed.

The invariant: tighter holds at once; looser needs a second step with a typed word, or waits for the next session.
"""

from __future__ import annotations

import argparse
import math
import sys

from tradetui.cli.ask import one, state_of
from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.show import UNKNOWN, moment, number, show_json, show_table, text
from tradetui.control.messages import Row
from tradetui.domain.errors import OperatorError

_HEADERS = ("LIMIT", "OF", "NOW", "MOST", "UNIT", "USED", "")
_NUMERIC = ("NOW", "MOST", "USED")
_LIMIT_HEADERS = ("NAME", "HOLDS", "CONFIGURED", "WAITS", "LAST CHANGE", "BY", "AT (UTC)", "REASON")
_LIMIT_NUMERIC = ("HOLDS", "CONFIGURED", "WAITS")


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `risk`."""
    parser = subparsers.add_parser("risk", help="show limits and what is used of them, or change one")
    deeds = parser.add_subparsers(dest="deed", metavar="DEED")
    every = deeds.add_parser("limits", help="list every limit by the name it is changed by")
    every.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON instead of text")
    change = deeds.add_parser("set", help="tighten a limit now, or stage a looser value")
    change.add_argument("name", metavar="NAME", help="such as max_order_qty, symbol.SPY.max_order_qty")
    change.add_argument("value", metavar="VALUE", help="the new value, a number")
    change.add_argument("--reason", default="", help="why, for the record; needed for a looser value")
    confirm = deeds.add_parser("confirm", help="let a staged looser value hold now")
    confirm.add_argument("name", metavar="NAME")
    confirm.add_argument("--confirm", default="", metavar="XXXX", help="last four characters of the account")
    drop = deeds.add_parser("drop", help="forget a staged value")
    drop.add_argument("name", metavar="NAME")


def run(args: argparse.Namespace) -> int:
    """Print the meters or the limits of the running core, or change a limit.

    Raises:
        CoreUnavailable: no core runs, or it does not answer.
        OperatorError: the value is no number, or the change was not confirmed.
    """
    match args.deed:
        case "set":
            return _set(args)
        case "confirm":
            return _confirm(args)
        case "drop":
            from tradetui.cli.send import send

            return send(paths_of(args), "limit-drop", target=args.name)
        case _:
            return _show(args)


def _show(args: argparse.Namespace) -> int:
    state = state_of(paths_of(args), ("core", "risk", "limits", "latches"))
    meters, limits, core = state.get("risk", {}), state.get("limits", {}), one(state, "core")
    every = args.deed == "limits"
    shown = {name: row for name, row in limits.items() if every or _is_changed(row)}
    if args.json:
        whole = {"meters": meters, "latches": state.get("latches", {}), "state": core.get("state")}
        show_json({**whole, "limits": limits, "limits_version": core.get("limits_version")})
        return 0
    if not every:
        show_table(_HEADERS, [_cells(row) for row in meters.values()], _NUMERIC)
        why = f": {core['why']}" if core.get("why") else ""
        print(f"\ntrading is {text(core.get('state'))}{why}; limits version {core.get('limits_version', UNKNOWN)}")
    if shown:
        print("" if every else "\nlimits that are not as configured, or wait:")
        show_table(_LIMIT_HEADERS, [_limit_cells(name, row) for name, row in shown.items()], _LIMIT_NUMERIC)
    return 0


def _is_changed(row: Row) -> bool:
    return row.get("value") != row.get("file") or row.get("staged") is not None


def _set(args: argparse.Namespace) -> int:
    from tradetui.cli.send import send

    try:
        value = float(args.value.replace("_", ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise OperatorError(f"{args.value!r} is no number; write it plain, such as 2500 or 0.5")
    return send(paths_of(args), "limit-set", target=args.name, reason=args.reason, qty=value)


def _confirm(args: argparse.Namespace) -> int:
    from tradetui.cli.send import send

    paths = paths_of(args)
    word = args.confirm
    if not word:
        state = state_of(paths, ("core", "limits"))
        row = state.get("limits", {}).get(args.name, {})
        if row.get("staged") is None:
            raise OperatorError(f"nothing is staged for {args.name!r}; `tradetui risk` shows what waits")
        if not sys.stdin.isatty():
            raise OperatorError("a looser limit has to be confirmed: type it in a terminal, or give --confirm XXXX")
        core = one(state, "core")
        print(
            f"{text(core.get('mode'))} account {text(core.get('account'))}: {args.name} {number(row.get('value'))} -> "
            f"{number(row.get('staged'))} ({text(row.get('reason'))}); type the account's last four characters: ",
            end="",
            file=sys.stderr,
            flush=True,
        )
        word = sys.stdin.readline().strip()
    return send(paths, "limit-confirm", target=args.name, confirm=word)


def _cells(row: Row) -> list[str]:
    used = row.get("used")
    share = f"{used:.0%}" if isinstance(used, int | float) and not isinstance(used, bool) else UNKNOWN
    return [
        text(row.get("label")),
        str(row.get("scope") or ""),
        number(row.get("measured")),
        number(row.get("limit")),
        text(row.get("unit")),
        share,
        "BREACHED" if row.get("breached") else "",
    ]


def _limit_cells(name: str, row: Row) -> list[str]:
    waits = "" if row.get("staged") is None else f"{number(row.get('staged'))} after {text(row.get('staged_date'))}"
    return [
        name,
        number(row.get("value")),
        number(row.get("file")),
        waits,
        text(row.get("what")),
        text(row.get("who")),
        moment(row.get("ts_ns")),
        str(row.get("reason") or ""),
    ]
