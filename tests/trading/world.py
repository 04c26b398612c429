"""The simulated world under the names that the tests of the core use."""

from __future__ import annotations

from tradetui.simulation.setting import ACCOUNT, STRATEGY, limits, settings
from tradetui.simulation.world import World

__all__ = ["ACCOUNT", "STRATEGY", "World", "limits", "settings"]
