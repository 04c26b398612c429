"""`tradetui demo`: a simulated market, traded by the real core through the real protocol; no account, no network.

The invariant: it can be given at any time, again and again: what runs is attached to, what is missing is started.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import tradetui
from tradetui.cli.main import Subparsers
from tradetui.control.demo import DemoGateway
from tradetui.control.emergency import is_locked
from tradetui.domain.errors import OperatorError
from tradetui.home import CONFIG_NAME, HomeError, Paths, command_for, find_home

if TYPE_CHECKING:
    from tradetui.config import Config

_PROFILE = "demo"
_PORT_NAME = "TRADETUI_DEMO__PORT"


def add_parser(subparsers: Subparsers) -> None:
    """Add the parser of `demo`."""
    parser = subparsers.add_parser("demo", help="trade in a simulated market: paper gateway, core and screen")
    parser.add_argument("--stop", action="store_true", help="end the demo's core and gateway")
    parser.add_argument("--no-ui", action="store_true", help="start it and return, without the screen")


def run(args: argparse.Namespace) -> int:
    """Start the demo, attach to it, or stop it.

    Raises:
        TradetuiError: a part could not be started or stopped, with the reason.
    """
    if not args.stop and not args.no_ui:
        from tradetui.cli.attach import require_terminal

        require_terminal()
    paths = Paths(demo_home(args.home), _PROFILE)
    if args.stop:
        return _stop(paths)
    _start(paths)
    if args.no_ui:
        return 0
    from tradetui.cli.attach import show

    return show(paths)


def demo_home(explicit: str | None) -> Path:
    """Return the operator's home, or a home of the demo's own when there is none.

    Raises:
        HomeError: a home was named that is none, or none can be made.
    """
    try:
        return find_home(explicit, os.environ, Path.cwd())
    except HomeError:
        if explicit or os.environ.get("TRADETUI_HOME"):
            raise
    return _own_home()


def _own_home() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    home = Path(base) / "tradetui-demo"
    samples = Path(tradetui.__file__).parents[1]
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (CONFIG_NAME, "strategies"):
            source, target = samples / name, home / name
            if target.exists() or not source.exists():
                continue
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copyfile(source, target)
        (home / CONFIG_NAME).touch(exist_ok=True)
    except OSError as error:
        raise HomeError(f"{home}: cannot make a home for the demo: {error.strerror}") from None
    return home


def _start(paths: Paths) -> None:
    from tradetui.config import load_config
    from tradetui.config.secret import without_secrets

    config = load_config(paths.home, paths.profile, os.environ)
    paths.prepare()
    gateway = DemoGateway(paths)
    core_runs = is_locked(paths.lock)
    port = gateway.port if gateway.is_running else None
    if port is None:
        # A core that lost its gateway looks for it where it was.
        print("starting the paper gateway ...", file=sys.stderr)
        wanted = (gateway.port or 0) if core_runs else 0
        port = gateway.start(_options(config, paths), wanted, without_secrets(os.environ))
    if not core_runs:
        from tradetui.control.launch import start_core

        print("starting the core ...", file=sys.stderr)
        os.environ[_PORT_NAME] = str(port)
        start_core(paths)
    look = f"{command_for(paths, os.environ, Path.cwd())} status"
    print(
        f"the demo runs; its paper gateway is 127.0.0.1:{port}; look: `{look}`; `tradetui demo --stop` ends it",
        file=sys.stderr,
    )


def _options(config: Config, paths: Paths) -> list[str]:
    demo = config.demo
    market = demo.market
    if market.startswith("replay:"):
        market = f"replay:{paths.home / market.removeprefix('replay:')}"
    options = ["--market", market, "--seed", str(demo.seed), "--cash", str(demo.cash)]
    options += ["--speed", str(config.clock.speed)]
    return options if demo.start is None else [*options, "--start", demo.start.isoformat()]


def _stop(paths: Paths) -> int:
    from tradetui.cli.stop import stop_core
    from tradetui.control.client import CoreNotAnswering, CoreNotRunning

    gateway = DemoGateway(paths)
    core_ran = is_locked(paths.lock)
    if core_ran:
        try:
            stop_core(paths)
        except (CoreNotAnswering, CoreNotRunning) as error:
            raise OperatorError(f"the demo's core does not answer; end its process: {_core_pid(paths)}") from error
    gateway_ran = gateway.stop()
    print("the demo has ended" if core_ran or gateway_ran else "no demo is running")
    return 0


def _core_pid(paths: Paths) -> str:
    try:
        return paths.lock.read_text(encoding="utf-8").split(maxsplit=1)[0]
    except (OSError, IndexError):
        return "unknown"
