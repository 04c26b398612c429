"""A running gateway and a raw client on it for each test that asks for one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.session.desk import Desk, start_desk
from tests.gateway.session.raw_client import RawClient


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    running = await start_desk()
    yield running
    await running.close()


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[RawClient]:
    connected = await RawClient.start(desk.port, client_id=1)
    yield connected
    await connected.close()
