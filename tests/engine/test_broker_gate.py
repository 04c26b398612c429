"""No event of a session passes before its clock was read and its account is ours."""

from __future__ import annotations

from tradetui.domain.events import Event, SessionChanged, SessionState, TimerFired
from tradetui.engine.broker_gate import BrokerGate


class World:
    """A gate with everything around it moved by hand."""

    def __init__(self) -> None:
        self.passed: list[Event] = []
        self.claims: list[str] = []
        self.refusals: list[str] = []
        self.problem = ""
        self.timed = False
        self.gate = BrokerGate(
            forward=self.passed.append, claim=self._claim, refuse=self.refusals.append, is_timed=lambda: self.timed
        )

    def _claim(self, account: str) -> str:
        self.claims.append(account)
        return self.problem


SYNCING = SessionChanged(SessionState.SYNCING, "logged in", account="DU1")
READY = SessionChanged(SessionState.READY, "in sync", account="DU1")
LOST = SessionChanged(SessionState.DISCONNECTED, "socket closed", account="DU1")
CONNECTING = SessionChanged(SessionState.CONNECTING, "connecting")


def test_events_wait_for_the_clock_and_keep_their_order() -> None:
    world = World()
    world.gate.take(CONNECTING)
    world.gate.take(SYNCING)
    world.gate.take(TimerFired())
    assert world.passed == [CONNECTING]
    world.timed = True
    world.gate.take(READY)
    assert world.passed == [CONNECTING]
    world.gate.release()
    assert world.passed == [CONNECTING, SYNCING, TimerFired(), READY]


def test_a_session_that_ends_before_its_clock_was_read_is_told_in_full() -> None:
    world = World()
    world.gate.take(SYNCING)
    world.gate.take(LOST)
    assert world.passed == [SYNCING, LOST]


def test_the_account_is_claimed_once_and_a_taken_one_ends_everything() -> None:
    world = World()
    world.timed = True
    world.gate.take(SYNCING)
    world.gate.take(READY)
    assert world.claims == ["DU1"]
    world.problem = "a core for account DU2 runs already"
    world.gate.take(SessionChanged(SessionState.READY, "in sync", account="DU2"))
    world.gate.take(TimerFired())
    assert world.refusals == ["a core for account DU2 runs already"]
    assert world.passed == [SYNCING, READY]
