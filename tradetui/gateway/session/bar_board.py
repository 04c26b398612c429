"""Bars that stay up to date: every five market seconds each subscriber gets its forming bar, at its end the final one.

Invariant: the last update of a bar before the next bar's first one equals that bar in history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.market import Market
from tradetui.gateway.session.bar_out import BarStyle, send_realtime_bar, send_update
from tradetui.gateway.session.client import ClientSession

STEP_NS: Final = 5 * SECOND_NS


@dataclass(slots=True, kw_only=True)
class BarLine:
    """One subscription: keepUpToDate of a historical request, or five-second bars."""

    client: ClientSession
    request_id: int
    con_id: int
    bar_size: str
    what: str
    use_rth: bool
    style: BarStyle
    whole_only: bool = False
    """Send each bar once, when it is complete (realtimeBar), instead of as it forms."""
    told: HistoryBar | None = None


class BarBoard:
    """All subscriptions of bars."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._lines: dict[tuple[ClientSession, int], BarLine] = {}
        self.stirred = False
        """Whether the market has moved since the last update."""

    def subscribe(self, line: BarLine) -> None:
        """Update this bar from the next step on."""
        self._lines[line.client, line.request_id] = line

    def has(self, client: ClientSession, request_id: int) -> bool:
        """Whether the client already uses this request id."""
        return (client, request_id) in self._lines

    def con_id(self, client: ClientSession, request_id: int) -> int | None:
        """The instrument of one subscription."""
        line = self._lines.get((client, request_id))
        return None if line is None else line.con_id

    def lines(self, client: ClientSession) -> list[BarLine]:
        """The subscriptions of a client."""
        return [line for (owner, _), line in self._lines.items() if owner is client]

    def unsubscribe(self, client: ClientSession, request_id: int) -> bool:
        """End one subscription; False if there is none."""
        return self._lines.pop((client, request_id), None) is not None

    def drop(self, client: ClientSession) -> None:
        """End every subscription of a client."""
        for key in [key for key in self._lines if key[0] is client]:
            del self._lines[key]

    def next_ns(self, after_ns: int, next_event_ns: int | None) -> int | None:
        """The next boundary at which a bar can have changed, given when the market moves next; None if none can.

        Its last nanosecond is after `after_ns`.
        """
        if not self._lines:
            return None
        if not self._is_due():
            if next_event_ns is None:
                return None
            after_ns = max(after_ns, next_event_ns - 1)
        return ((after_ns + 1) // STEP_NS + 1) * STEP_NS

    def _is_due(self) -> bool:
        # Complete five-second bars are due whether or not anything traded; forming ones only when something did.
        return self.stirred or any(line.whole_only for line in self._lines.values())

    def reach(self, stop_ns: int) -> None:
        """Market time is `stop_ns`: if that is the last nanosecond before a boundary, send what is due."""
        if self._lines and (stop_ns + 1) % STEP_NS == 0 and self._is_due():
            self._update(stop_ns + 1)

    def _update(self, boundary_ns: int) -> None:
        """Send every bar as it is just before `boundary_ns`, where a bar that ends there is final."""
        now_ns = boundary_ns - 1
        self.stirred = False
        for line in tuple(self._lines.values()):
            bar = self._market.forming_bar(
                line.con_id, bar_size=line.bar_size, what=line.what, use_rth=line.use_rth, now_ns=now_ns
            )
            if bar is None or bar == line.told or (line.whole_only and bar.end_ns != boundary_ns):
                continue
            line.told = bar
            if line.whole_only:
                send_realtime_bar(line.client, line.request_id, bar)
            else:
                send_update(line.client, line.request_id, bar, line.style)
