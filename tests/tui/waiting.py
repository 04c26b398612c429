"""Waiting for a condition that has no event of its own, with a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

POLL_S = 0.005


async def until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Return once `condition` holds.

    Raises:
        TimeoutError: it does not hold after `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 (that is what this function is for)
            await asyncio.sleep(POLL_S)
