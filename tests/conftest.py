"""Fixtures for every test. Real market data lies beside the repository and may be absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# The same commit gives the same verdict on every machine, however slow; HYPOTHESIS_PROFILE=explore looks further.
settings.register_profile("gate", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder ../shared with real data and published results; the test is skipped where it is absent."""
    path = Path(__file__).parents[2] / "shared"
    if not path.is_dir():
        pytest.skip("../shared (real market data) is absent")
    return path
