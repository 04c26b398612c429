"""`python -m tests.e2e.crash_run ...`: tradetui, killed by its own hand (SIGKILL) at a named point.

`CRASH_AT=POINT:N` kills the process at the Nth time it comes to POINT. The program itself knows nothing of this: the
functions are wrapped from outside, before they are used. A gateway run with `CRASH_CORE=FILE` kills the process whose
id is in FILE when it reads a placeOrder, before any answer; FILE then also says whether the order is taken or lost.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: Point by name: where the function is, and whether the process dies before or after it.
POINTS: dict[str, tuple[str, str, bool]] = {
    "journal.before_commit": ("tradetui.store.journal", "_write", True),
    "journal.after_commit": ("tradetui.store.journal", "_write", False),
    "journal.after_load": ("tradetui.store.journal", "Journal.load", False),
    "migration.before_step": ("tradetui.store.migrate", "_apply", True),
    "migration.after_step": ("tradetui.store.migrate", "_apply", False),
    "socket.before_order": ("tradetui.broker.ib.connector", "IBConnector.place", True),
    "socket.after_order": ("tradetui.broker.ib.connector", "IBConnector.place", False),
    "socket.before_cancel": ("tradetui.broker.ib.connector", "IBConnector.cancel", True),
    "socket.after_cancel": ("tradetui.broker.ib.connector", "IBConnector.cancel", False),
    "sync.before_look": ("tradetui.broker.ib.sync", "Sync.take", True),
    "sync.after_look": ("tradetui.broker.ib.sync", "Sync.take", False),
    "reconcile.before": ("tradetui.trading.core", "on_snapshot", True),
    "reconcile.after": ("tradetui.trading.core", "on_snapshot", False),
    "fill.before_booking": ("tradetui.trading.core", "on_fill", True),
    "fill.after_booking": ("tradetui.trading.core", "on_fill", False),
    "kill.before": ("tradetui.trading.commands", "kill", True),
    "kill.after": ("tradetui.trading.commands", "kill", False),
    "flatten.before": ("tradetui.trading.commands", "start_flatten", True),
    "flatten.after_looking": ("tradetui.trading.core", "on_positions", False),
}


def plant(point: str, nth: int) -> None:
    """Let this process die at the `nth` coming to `point`."""
    module_name, path, before = POINTS[point]
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    setattr(owner, name, _wrapped(getattr(owner, name), nth, before=before))


def _wrapped(function: Callable[..., Any], nth: int, *, before: bool) -> Callable[..., Any]:
    comings = 0

    def come() -> None:
        nonlocal comings
        comings += 1
        if comings == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    if asyncio.iscoroutinefunction(function):

        @functools.wraps(function)
        async def later(*args: Any, **kwargs: Any) -> Any:
            if before:
                come()
            result = await function(*args, **kwargs)
            if not before:
                come()
            return result

        return later

    @functools.wraps(function)
    def now(*args: Any, **kwargs: Any) -> Any:
        if before:
            come()
        result = function(*args, **kwargs)
        if not before:
            come()
        return result

    return now


def plant_in_gateway(order: Path) -> None:
    """Let this gateway kill the process named in `order` when it reads a placeOrder: `PID taken` or `PID lost`."""
    from tradetui.gateway.session import dispatch
    from tradetui.gateway.wire.place_order import PLACE_ORDER

    perform = dispatch.perform

    def killing(client: Any, message: Any, request: Any) -> None:
        if message is PLACE_ORDER and order.exists():
            pid, fate = order.read_text().split()
            order.unlink()
            os.kill(int(pid), signal.SIGKILL)
            if fate == "lost":
                return
        perform(client, message, request)

    dispatch.perform = killing


def main() -> int:
    """Plant what the environment says, then be tradetui."""
    where = os.environ.pop("CRASH_AT", "")
    core = os.environ.pop("CRASH_CORE", "")
    if where:
        point, _, nth = where.rpartition(":")
        plant(point, int(nth))
    if core:
        plant_in_gateway(Path(core))
    from tradetui.cli.main import main as tradetui

    return tradetui()


if __name__ == "__main__":
    sys.exit(main())
