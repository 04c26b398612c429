"""`tradetui repair`: bring the books and the broker together; every step is journaled with who and why, none trades.

The invariant: nothing is guessed: each verb names what it changes and needs a reason.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.cli.send import send
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

_ABOUT = """\
What to do about what `tradetui restart-review` lists:
  adopt     take the broker's position for ours; the difference belongs to EXTERNAL, cash does not move
  assign    give units of EXTERNAL (or of another owner) to a strategy, which then manages them
  adjust    book units that no execution told of, as a trade; --free when no money moved (split, transfer)
  cash      book money that moved: a deposit, a fee, interest, a dividend
  close     mark an order that may be live as dead, on your evidence
  unlock    clear what locks a symbol, once the cause is gone
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `repair`."""
    parser = subparsers.add_parser(
        "repair",
        help="adopt, assign, adjust, close or unlock what the restart review lists",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="repair", metavar="WHAT", required=True)
    adopt = _verb(verbs, "adopt", "take the broker's position for ours")
    adopt.add_argument("symbols", nargs="+", metavar="SYMBOL")
    assign = _verb(verbs, "assign", "give units to a strategy")
    assign.add_argument("symbol", metavar="SYMBOL")
    assign.add_argument("strategy", metavar="STRATEGY", help="the new owner")
    assign.add_argument("--from", dest="owner", default="", metavar="OWNER", help="the owner now (default EXTERNAL)")
    assign.add_argument("--qty", type=_number, metavar="N", help="how many units (default: all it holds)")
    adjust = _verb(verbs, "adjust", "book units that no execution told of")
    adjust.add_argument("symbol", metavar="SYMBOL")
    adjust.add_argument("--qty", type=_number, required=True, metavar="N", help="signed: +10 came, -10 went")
    adjust.add_argument("--price", type=_number, required=True, metavar="P", help="per unit")
    adjust.add_argument("--owner", default="", metavar="OWNER", help="whose they are (default EXTERNAL)")
    adjust.add_argument("--free", action="store_true", help="no money moved")
    cash = _verb(verbs, "cash", "book money that moved")
    cash.add_argument("amount", type=_number, metavar="AMOUNT", help="signed, in the account's currency")
    close = _verb(verbs, "close", "mark an order dead that may be live")
    close.add_argument("order", metavar="ORDER", help="the order's id, as `tradetui orders --live` shows it")
    unlock = _verb(verbs, "unlock", "clear what locks a symbol")
    unlock.add_argument("symbol", metavar="SYMBOL")


def _verb(verbs: Subparsers, name: str, text: str) -> argparse.ArgumentParser:
    parser = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    wanted = "what proves it, for the record" if name == "close" else "why, for the record"
    parser.add_argument("--reason", required=True, help=wanted)
    return parser


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is no number; write it plain, such as 2500 or -0.5")
    return value


def run(args: argparse.Namespace) -> int:
    """Have the core do it.

    Raises:
        CoreUnavailable: no core runs, or it did not answer.
        OperatorError: the reason is empty.
    """
    if not args.reason.strip():
        raise OperatorError("repair: the reason is empty; say why, for the record: --reason WHY")
    return _REPAIRS[args.repair](paths_of(args), args)


def _adopt(paths: Paths, args: argparse.Namespace) -> int:
    return send(paths, "adopt", symbols=_upper(*args.symbols), reason=args.reason)


def _assign(paths: Paths, args: argparse.Namespace) -> int:
    return send(
        paths, "assign", symbols=_upper(args.symbol), target=args.strategy, reason=args.reason, owner=args.owner,
        qty=args.qty,
    )  # fmt: skip


def _adjust(paths: Paths, args: argparse.Namespace) -> int:
    return send(
        paths, "adjust", symbols=_upper(args.symbol), reason=args.reason, owner=args.owner, qty=args.qty,
        price=args.price, cash=0.0 if args.free else None,
    )  # fmt: skip


def _cash(paths: Paths, args: argparse.Namespace) -> int:
    return send(paths, "adjust", reason=args.reason, cash=args.amount)


def _close(paths: Paths, args: argparse.Namespace) -> int:
    return send(paths, "close-unknown", target=args.order, reason=args.reason)


def _unlock(paths: Paths, args: argparse.Namespace) -> int:
    return send(paths, "unlock", symbols=_upper(args.symbol), reason=args.reason)


def _upper(*symbols: str) -> tuple[str, ...]:
    return tuple(symbol.upper() for symbol in symbols)


_REPAIRS: dict[str, Callable[[Paths, argparse.Namespace], int]] = {
    "adopt": _adopt,
    "assign": _assign,
    "adjust": _adjust,
    "cash": _cash,
    "close": _close,
    "unlock": _unlock,
}
