"""`tradetui backtest`: run a strategy over a bar file, print the report, keep the run."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tradetui.cli.context import paths_of
from tradetui.domain.errors import OperatorError

if TYPE_CHECKING:
    from tradetui.backtest.outcome import Outcome
    from tradetui.backtest.request import BacktestRequest
    from tradetui.cli.main import Subparsers

_HELP = "run a strategy over recorded bars"


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `tradetui backtest`."""
    parser = subparsers.add_parser("backtest", help=_HELP)
    add = parser.add_argument
    add("strategy", metavar="STRATEGY", help="registered name, [strategies.NAME] of config.toml, or a .py file")
    add("--symbols", metavar="SPY,QQQ", help="symbols to trade (default: the strategy's own)")
    add("--bars", metavar="FILE", required=True, type=Path, help="Parquet or CSV bar file")
    add("--from", metavar="DATE", dest="start", help="first day or time (UTC); earlier bars only warm up")
    add("--to", metavar="DATE", dest="end", help="last day or time (UTC)")
    add("--param", metavar="K=V", action="append", default=[], help="a parameter of the strategy; repeatable")
    add("--cash", metavar="MONEY", type=float, help="opening cash")
    add("--slippage-bps", metavar="BPS", type=float, help="slippage of market and stop orders, basis points a side")
    add("--commission", metavar="MODEL", help="zero, ibkr_fixed, ibkr_tiered, fixed:1.00 or per_share:0.005,1,0.01")
    add("--volume-cap", metavar="SHARE", type=float, help="fill at most this share of a bar's volume, such as 0.1")
    add("--calendar", metavar="MIC", help="exchange calendar such as XNYS, or 24x7")
    add("--on-breaker", choices=("session", "run"), default="session",
        help="how long the daily-loss breaker stops entries: till the next session, as live, or for good")  # fmt: skip
    add("--no-limits", action="store_true", help="use limits that bind nowhere instead of the profile's")
    add("--out", metavar="DIR", type=Path, help="where to keep the run (default: the profile's runs folder)")
    add("--no-save", action="store_true", help="do not keep the run")
    add("--ascii", action="store_true", help="draw with ASCII only")


def run(args: argparse.Namespace) -> int:
    """Run the backtest and print the report, or with --json the summary.

    Raises:
        TradetuiError: the one-line reason why there is no result.
    """
    paths = paths_of(args)
    # Here: the parser must answer --help without numpy.
    from tradetui.backtest.artifacts import save_run
    from tradetui.backtest.outcome import run_prepared
    from tradetui.backtest.request import prepare

    paths.prepare()
    outcome = run_prepared(prepare(_request(args), paths))
    saved = None if args.no_save else save_run(outcome, args.out or paths.state / "runs")
    sys.stdout.write(_json(outcome, saved) if args.json else _text(outcome, saved, args))
    return 0


def _request(args: argparse.Namespace) -> BacktestRequest:
    from tradetui.backtest.request import BacktestRequest
    from tradetui.backtest.watch import HaltScope

    return BacktestRequest(
        strategy=args.strategy,
        bars=args.bars,
        symbols=tuple(args.symbols.upper().replace(",", " ").split()) if args.symbols else (),
        start=args.start,
        end=args.end,
        params=dict(_param(text) for text in args.param),
        cash=args.cash,
        slippage_bps=args.slippage_bps,
        commission=args.commission,
        volume_cap=args.volume_cap,
        calendar=args.calendar,
        limits=not args.no_limits,
        halt_scope=HaltScope(args.on_breaker),
    )


def _param(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise OperatorError(f"--param {text!r} is not of the form NAME=VALUE")
    return name.strip(), value.strip()


def _json(outcome: Outcome, saved: Path | None) -> str:
    summary = {
        **outcome.identity,
        "metrics": outcome.metrics,
        "notes": list(outcome.notes),
        "run": None if saved is None else str(saved),
    }
    return json.dumps(summary, indent=2, allow_nan=False) + "\n"


def _text(outcome: Outcome, saved: Path | None, args: argparse.Namespace) -> str:
    from tradetui.backtest.report import report_text

    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return report_text(
        outcome, saved, shutil.get_terminal_size().columns, ascii_only=args.ascii or not encoding.startswith("utf")
    )
