"""A running gateway and a connector's surroundings for each test that asks for them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.broker.rig import Rig, start_rig


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    running = await start_rig()
    yield running
    await running.close()
