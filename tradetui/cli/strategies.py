"""`tradetui strategies`: every strategy file of the home, what it registers, and why one would not run.

`tradetui strategies rearm NAME` lets one trade again that a breaker has turned off, with the reason on the record.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradetui.cli.context import paths_of
from tradetui.domain.errors import OperatorError
from tradetui.strategy.api import ParamValue, parameters
from tradetui.strategy.loader import LoadedStrategy, load_file, strategy_files
from tradetui.strategy.settings import settings_for

if TYPE_CHECKING:
    from tradetui.cli.main import Subparsers


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list. `problem` says why the strategy cannot run, None when it can."""

    name: str
    file: str
    sha256: str
    params: dict[str, ParamValue]
    symbols: tuple[str, ...]
    bar_size: str
    problem: str | None


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `tradetui strategies`."""
    parser = subparsers.add_parser("strategies", help="list the strategies, or re-arm one that a breaker turned off")
    deeds = parser.add_subparsers(dest="deed", metavar="DEED")
    rearm = deeds.add_parser("rearm", help="let a strategy trade again that a breaker turned off")
    rearm.add_argument("name", metavar="NAME", help="its name in config.toml")
    rearm.add_argument("--reason", required=True, help="why, for the record")


def run(args: argparse.Namespace) -> int:
    """List the strategies, one that cannot run with the reason in its place; or re-arm one.

    Raises:
        CoreUnavailable: there is no core to re-arm it in, or it did not answer.
    """
    if args.deed == "rearm":
        from tradetui.cli.send import send

        return send(paths_of(args), "strategy-rearm", target=args.name, reason=args.reason)
    folder = paths_of(args).strategies
    rows = [row for file in strategy_files(folder) for row in _rows(file, folder)]
    if args.json:
        sys.stdout.write(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    elif rows:
        sys.stdout.write("\n\n".join(_text(row) for row in rows) + "\n")
    else:
        sys.stderr.write(f"tradetui: no strategy files in {folder}\n")
    return 0


def _rows(file: Path, folder: Path) -> list[Row]:
    try:
        found = load_file(file)
    except OperatorError as error:
        row = Row(
            name=file.stem, file=str(file), sha256="", params={}, symbols=(), bar_size="", problem=str(error)
        )  # fmt: skip
        return [row]
    return [_row(strategy, folder) for strategy in found]


def _row(strategy: LoadedStrategy, folder: Path) -> Row:
    params, problem = parameters(strategy.cls), None
    symbols: tuple[str, ...] = ()
    bar_size = ""
    try:
        settings = settings_for(strategy.name, folder)
        symbols, bar_size = settings.symbols, settings.bar_size.value
        # Making one checks parameters and set-up as a run would.
        made = strategy.make("TEST", settings.params)
        params = {name: getattr(made, name) for name in params}
    except OperatorError as error:
        problem = str(error)
    return Row(
        name=strategy.name,
        file=str(strategy.file),
        sha256=strategy.sha256,
        params=params,
        symbols=symbols,
        bar_size=bar_size,
        problem=problem,
    )


def _text(row: Row) -> str:
    lines = [row.name, f"  file     {row.file}"]
    if row.sha256:
        lines.append(f"  sha256   {row.sha256}")
    if row.params:
        lines.append("  params   " + ", ".join(f"{name}={value}" for name, value in row.params.items()))
    if row.symbols:
        lines.append(f"  symbols  {', '.join(row.symbols)} on {row.bar_size} bars")
    lines.append(f"  invalid  {row.problem}" if row.problem else "  valid")
    return "\n".join(lines)
