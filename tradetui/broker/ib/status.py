"""The state of the link, told once per change, and the memory of its breaks.

Invariant: a state is told only when it or its reason changed; a break stays remembered until a complete snapshot that
began after it was handed out.
"""

from __future__ import annotations

from collections.abc import Callable

from tradetui.broker.port import EventSink
from tradetui.domain.events import SessionChanged, SessionState

NOT_STARTED = "not started"


class LinkStatus:
    """What is known of the link; written by the connector only."""

    def __init__(self, sink: EventSink, mono_ns: Callable[[], int]) -> None:
        self._sink = sink
        self._mono_ns = mono_ns
        self._breaks = 0
        self._breaks_covered = 0
        self.state = SessionState.DISCONNECTED
        self.reason = NOT_STARTED
        self.account = ""
        self.since_mono_ns = mono_ns()
        self.doubt_since_mono_ns: int | None = None
        self.reconnects = 0
        self.round_trip_ms: float | None = None
        self.clock_skew_s: float | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a new order may be written."""
        return self.state is SessionState.READY

    @property
    def in_doubt(self) -> bool:
        """Whether TWS said it lost its server and has not said that it is back."""
        return self.doubt_since_mono_ns is not None

    @property
    def gap_touched(self) -> bool:
        """Whether the link broke or was in doubt since the last complete snapshot began."""
        return self._breaks > self._breaks_covered

    @property
    def breaks(self) -> int:
        """Number of breaks so far; hand it to `cover` after a complete snapshot that began now."""
        return self._breaks

    def note_break(self) -> None:
        """The link broke, or a message about orders could not be read."""
        self._breaks += 1

    def cover(self, breaks: int) -> None:
        """A complete snapshot that began when `breaks` were known was handed out."""
        self._breaks_covered = max(self._breaks_covered, breaks)

    def begin_doubt(self) -> None:
        """TWS lost its server."""
        self.note_break()
        if self.doubt_since_mono_ns is None:
            self.doubt_since_mono_ns = self._mono_ns()

    def end_doubt(self) -> None:
        """TWS is back, or the session ended."""
        self.doubt_since_mono_ns = None

    def change(self, state: SessionState, reason: str, code: int | None = None) -> None:
        """Enter `state`; tell it when anything about it is new."""
        if (state, reason) == (self.state, self.reason):
            return
        if state is not self.state:
            self.since_mono_ns = self._mono_ns()
        self.state = state
        self.reason = reason
        self._sink(SessionChanged(state, reason, self.account, code))
