"""What the shell does about an event before the core sees it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tradetui.domain.clock import Now
from tradetui.domain.events import BrokerMessage, SessionChanged, SessionState
from tradetui.engine.bar_feed import BarFeed
from tradetui.engine.clock import MarketClock
from tradetui.engine.inbox import Inbox
from tradetui.engine.latency import OrderLatency
from tradetui.engine.router import Router
from tradetui.engine.state_rows import Identity, ShellFacts
from tradetui.marketdata.recorder import BarRecorder


class Heard:
    """Writes down what the feed is told of the link."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def link_is_up(self, symbols: tuple[str, ...]) -> None:
        """Note it."""
        self.calls.append("up")

    def link_is_down(self) -> None:
        """Note it."""
        self.calls.append("down")


class StillClock:
    """A clock that stands."""

    def now(self) -> Now:
        """One moment."""
        return Now(0, 0)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def router(heard: Heard, tmp_path: Path) -> Router:
    latency = OrderLatency()
    facts = ShellFacts(cast(Identity, None), latency)
    recorder = cast(BarRecorder, None)
    router = Router(Inbox(), cast(MarketClock, StillClock()), facts, latency, recorder, lambda: None)
    router.attach(cast(BarFeed, heard), ["SPY"])
    return router


def test_a_lost_data_farm_makes_bars_incomplete_until_it_is_back(router: Router, heard: Heard) -> None:
    router.from_broker(BrokerMessage(2103, "farm is broken"))
    assert heard.calls == [], "before READY nothing is complete anyway"
    router.from_broker(SessionChanged(SessionState.READY, "synced"))
    router.from_broker(BrokerMessage(2104, "farm is OK"))
    for _ in range(2):
        router.from_broker(BrokerMessage(2103, "farm is broken"))
    for _ in range(2):
        router.from_broker(BrokerMessage(2104, "farm is OK"))
    assert heard.calls == ["up", "down", "up"]


def test_a_reconnect_forgets_a_lost_farm(router: Router, heard: Heard) -> None:
    router.from_broker(SessionChanged(SessionState.READY, "synced"))
    router.from_broker(BrokerMessage(2103, "farm is broken"))
    router.from_broker(SessionChanged(SessionState.DISCONNECTED, "cut"))
    router.from_broker(SessionChanged(SessionState.READY, "synced"))
    router.from_broker(BrokerMessage(2104, "farm is OK"))
    assert heard.calls == ["up", "down", "down", "up"]
