"""Runs the paper gateway as a process: start, one ready line, save the account, stop on a signal.

Invariant: standard output gets exactly one line, when clients can connect; a graceful stop saves the account last.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Final

from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.venue import state_file

SAVE_EVERY_S: Final = 5.0


def run(options: GatewayOptions) -> None:
    """Serve until SIGTERM or SIGINT. Raises OperatorError for input that cannot be used."""
    asyncio.run(_serve(options))


async def _serve(options: GatewayOptions) -> None:
    gateway = build(options)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with gateway:
        control = "" if gateway.control is None else f", control on {gateway.control.port}"
        sys.stdout.write(f"gateway listening on {gateway.host}:{gateway.port}{control}\n")
        sys.stdout.flush()
        try:
            await _until_stopped(gateway, stopping, options.state)
        finally:
            if options.state is not None:
                state_file.save(options.state, gateway.hub.venue.to_state())


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
