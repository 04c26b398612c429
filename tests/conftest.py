"""Fixtures for every test. Real market data lies beside the repository and may be absent."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ../shared with real data and published results; the test is skipped where it is absent."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("../shared (real market data) is absent")
    return path
