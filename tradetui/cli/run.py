"""`tradetui run`: the core in the foreground, for systemd, containers and tests; `tradetui` starts it in the back."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from typing import TYPE_CHECKING

from tradetui.cli.context import paths_of
from tradetui.cli.main import Subparsers
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

if TYPE_CHECKING:
    from tradetui.config import Config


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `run`."""
    subparsers.add_parser(
        "run",
        help="run the core in the foreground (systemd, containers)",
        description="Run the core in the foreground until SIGTERM, SIGINT or `tradetui stop`. SIGUSR1 kills trading.",
    )


def run(args: argparse.Namespace) -> int:
    """Run one life of the core.

    Raises:
        TradetuiError: it could not begin, or had to end, with the reason.
    """
    # Before the slow imports: from here on a closing terminal or an early kill signal does not end the process.
    from tradetui.engine.signals import early_signals

    early_signals()
    from tradetui.config import load_config
    from tradetui.engine.log_setup import set_up_logging

    paths = paths_of(args)
    config = load_config(paths.home, paths.profile, os.environ)
    paths.prepare()
    set_up_logging(paths.logs, to_terminal=sys.stderr.isatty() or "INVOCATION_ID" in os.environ)
    code, reason = asyncio.run(_live(config, paths))
    if code:
        raise OperatorError(reason)
    return 0


async def _live(config: Config, paths: Paths) -> tuple[int, str]:
    from tradetui.engine.engine import Engine

    engine = await Engine.open(config, paths, os.environ)
    if engine.stop_file_reason:
        print(f"tradetui: not trading: {engine.stop_file_reason}; remove it, then unkill", file=sys.stderr, flush=True)
    return await engine.run()
