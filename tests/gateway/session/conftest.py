"""A running gateway for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.session.desk import Desk, start_desk


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    running = await start_desk()
    yield running
    await running.close()
