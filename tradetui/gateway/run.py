"""Runs the paper gateway as a process: start, one ready line, save the account, stop on a signal.

Invariant: standard output gets exactly one line, when clients can connect; a graceful stop saves the account last.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.scenarios.playing import told, verdict
from tradetui.gateway.scenarios.scenario import Scenario
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.venue import state_file

log = logging.getLogger("tradetui.gateway")

SAVE_EVERY_S: Final = 5.0


def run(options: GatewayOptions, scenario: Scenario | None = None, *, console: bool = False) -> int:
    """Serve until SIGTERM, SIGINT or the console's q; 1 if the scenario's books ended wrong.

    Raises OperatorError for unusable input.
    """
    return asyncio.run(_serve(options, scenario, console))


async def _serve(options: GatewayOptions, scenario: Scenario | None, console: bool) -> int:
    gateway = build(options, scenario=scenario)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with gateway:
        if scenario is not None:
            sys.stderr.write(told(scenario))
        control = "" if gateway.control is None else f", control on {gateway.control.port}"
        sys.stdout.write(f"gateway listening on {gateway.host}:{gateway.port}{control}\n")
        sys.stdout.flush()
        shown = asyncio.create_task(_console(gateway, stopping.set)) if console else None
        try:
            await _until_stopped(gateway, stopping, options.state)
        finally:
            if shown is not None:
                shown.cancel()
                await asyncio.gather(shown, return_exceptions=True)
            if options.state is not None:
                state_file.save(options.state, gateway.hub.venue.to_state())
    return 0 if scenario is None else _judge(scenario, gateway)


async def _console(gateway: GatewayServer, quit_: Callable[[], None]) -> None:
    # Only a terminal needs the library that paints.
    from tradetui.gateway.console.live import show

    try:
        await show(gateway, quit_)
    except OSError as error:
        log.warning("the console ended: %s; the gateway goes on", error)


def _judge(scenario: Scenario, gateway: GatewayServer) -> int:
    """Say on standard error how the scenario ended."""
    wrong = verdict(scenario, gateway)
    for line in wrong or ["the venue's books are as they must be; compare your client's with them"]:
        sys.stderr.write(f"scenario {scenario.name}: {line}\n")
    return 1 if wrong else 0


async def _until_stopped(gateway: GatewayServer, stopping: asyncio.Event, state: Path | None) -> None:
    market = asyncio.create_task(gateway.serve())
    stopped = asyncio.create_task(stopping.wait())
    try:
        while not market.done() and not stopped.done():
            await asyncio.wait({market, stopped}, timeout=SAVE_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
            if state is not None:
                # The state is taken here, between two events; only the disk is waited for elsewhere.
                await asyncio.to_thread(state_file.save, state, gateway.hub.venue.to_state())
        if market.done():
            market.result()
    finally:
        market.cancel()
        stopped.cancel()
        await asyncio.gather(market, stopped, return_exceptions=True)
