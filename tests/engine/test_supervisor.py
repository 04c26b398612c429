"""No part of the shell ends unnoticed: it is reported, started again, and trusted only after a while."""

from __future__ import annotations

import asyncio

import pytest

from tradetui.domain.events import HealthChanged
from tradetui.engine.supervisor import Patience, Supervisor

QUICK = Patience(backoff_s=(0.001, 0.002), stable_s=0.03)


class Part:
    """Ends `failures` times, then runs."""

    def __init__(self, failures: int, error: Exception | None) -> None:
        self.failures = failures
        self.error = error
        self.starts = 0
        self.cancelled = False

    async def __call__(self) -> None:
        self.starts += 1
        if self.starts <= self.failures:
            if self.error is not None:
                raise self.error
            return
        try:
            await asyncio.sleep(60)
        finally:
            self.cancelled = True


@pytest.mark.parametrize("error", [RuntimeError("broken pipe"), None])
async def test_a_part_that_ends_is_reported_started_again_and_healthy_after_it_held(error: Exception | None) -> None:
    reports: asyncio.Queue[HealthChanged] = asyncio.Queue()
    supervisor = Supervisor(reports.put_nowait, QUICK)
    part = Part(2, error)
    supervisor.start("quotes", part)
    said = [await asyncio.wait_for(reports.get(), 2) for _ in range(3)]
    assert [(report.key, report.healthy) for report in said] == [("quotes", False), ("quotes", False), ("quotes", True)]
    assert ("broken pipe" if error else "ended without being asked") in said[0].detail
    assert part.starts == 3
    await supervisor.close()
    assert part.cancelled


async def test_parts_are_stopped_by_name_and_a_name_is_used_once() -> None:
    supervisor = Supervisor(lambda _: None, QUICK)
    first, second = Part(0, None), Part(0, None)
    supervisor.start("a", first)
    supervisor.start("b", second)
    with pytest.raises(ValueError, match="part 'a' already"):
        supervisor.start("a", second)
    await asyncio.sleep(0)
    await supervisor.stop("a")
    await supervisor.stop("unknown")
    assert (first.cancelled, second.cancelled) == (True, False)
    await supervisor.close()
    assert second.cancelled
