"""Callbacks that answer a question of ours row by row: contract details, historical bars, server time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tradetui.broker.ib.library import BarData, ContractDetails, PriceIncrement
from tradetui.broker.ib.requests import Requests, Singleton
from tradetui.broker.ib.session import Session
from tradetui.broker.ib.tap import Handler
from tradetui.domain.clock import SECOND_NS, Now


class Answers:
    """Routes rows and end markers to the open questions."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    def routes(self) -> dict[str, Handler]:
        """Return the library callbacks this object takes."""
        return {
            "contractDetails": self._contract_details,
            "contractDetailsEnd": self._requests.finish,
            "historicalData": self._bar,
            "historicalDataEnd": self._bars_end,
            "currentTime": self._time,
            "marketRule": self._market_rule,
        }

    def _contract_details(self, request_id: int, details: ContractDetails) -> None:
        self._requests.add(request_id, details)

    def _bar(self, request_id: int, bar: BarData) -> None:
        self._requests.add(request_id, bar)

    def _bars_end(self, request_id: int, _start: str, _end: str) -> None:
        self._requests.finish(request_id)

    def _market_rule(self, rule_id: int, increments: Sequence[PriceIncrement]) -> None:
        self._requests.add(Singleton.MARKET_RULE, (rule_id, tuple(increments)))
        self._requests.finish(Singleton.MARKET_RULE)

    def _time(self, seconds: int) -> None:
        self._requests.add(Singleton.TIME, seconds)
        self._requests.finish(Singleton.TIME)


async def measured_time(session: Session, timeout_s: float, clock: Callable[[], Now]) -> tuple[int, float, float]:
    """Return the server's clock in whole UTC seconds, the round trip in seconds, and how far our clock is off it.

    The skew is 0 while our clock lies within the server's second; positive means that ours is ahead.

    Raises:
        BrokerTimeout, NotConnected: there is no answer.
    """
    asked = clock()
    rows = await session.requests.ask(Singleton.TIME, session.client.reqCurrentTime, timeout_s)
    got = clock()
    seconds = int(str(rows[0]))
    first, last = asked.market_ns / SECOND_NS - seconds, got.market_ns / SECOND_NS - seconds
    skew_s = last if last < 0 else max(0.0, first - 1.0)
    return seconds, (got.mono_ns - asked.mono_ns) / SECOND_NS, skew_s
