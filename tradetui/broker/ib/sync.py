"""The verified sync: five questions at once, each to its own end marker and its own time limit.

Invariant: a part without its end marker is None, never empty. Open orders are asked before completed ones and those
before executions, so that an order on its way from one list to the next is in at least one of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradetui.broker.ib.account import AccountFeed
from tradetui.broker.ib.collector import Collector, Part
from tradetui.broker.ib.feed import Feed
from tradetui.broker.ib.library import every_execution
from tradetui.broker.ib.requests import Key, Singleton
from tradetui.broker.ib.session import Session
from tradetui.domain.errors import BrokerError
from tradetui.domain.events import BrokerSnapshot


class Sync:
    """Takes snapshots over one session, one at a time."""

    def __init__(self, session: Session, feed: Feed, account: AccountFeed, mono_ns: Callable[[], int]) -> None:
        self._session = session
        self._feed = feed
        self._account = account
        self._mono_ns = mono_ns
        self._lock = asyncio.Lock()
        self._account_subscribed = False
        self.missing = ""

    async def take(self, timeout_s: float, gap_touched: Callable[[], bool]) -> BrokerSnapshot:
        """Return what the broker says now. `missing` tells afterwards, in one line, what did not complete and why."""
        async with self._lock:
            started = self._mono_ns()
            collector = self._feed.collector = Collector()
            try:
                async with asyncio.TaskGroup() as group:
                    for part, key, send in self._questions():
                        group.create_task(self._part(collector, part, key, send, timeout_s))
            finally:
                self._feed.collector = None
        self.missing = "; ".join(f"{part}: {reason}" for part, reason in collector.failed.items())
        failed = collector.failed
        return BrokerSnapshot(
            started_mono_ns=started,
            open_orders=None if Part.OPEN_ORDERS in failed else collector.open_orders_filled(),
            completed_orders=None if Part.COMPLETED_ORDERS in failed else tuple(collector.completed_orders),
            fills=None if Part.EXECUTIONS in failed else tuple(collector.fills.values()),
            commissions=collector.commissions_of_fills(),
            positions=None if Part.POSITIONS in failed else collector.held_positions(),
            account=None if Part.ACCOUNT in failed else self._account.values(),
            gap_touched=gap_touched(),
        )

    def forget_subscriptions(self) -> None:
        """The account subscription is gone at the broker."""
        self._account_subscribed = False

    def _questions(self) -> list[tuple[Part, Key, Callable[[], None]]]:
        client = self._session.client
        executions = self._session.requests.new_id()
        return [
            (Part.OPEN_ORDERS, Singleton.OPEN_ORDERS, client.reqAllOpenOrders),
            (Part.COMPLETED_ORDERS, Singleton.COMPLETED_ORDERS, lambda: client.reqCompletedOrders(False)),
            (Part.EXECUTIONS, executions, lambda: client.reqExecutions(executions, every_execution())),
            (Part.POSITIONS, Singleton.POSITIONS, client.reqPositions),
            (Part.ACCOUNT, Singleton.ACCOUNT, self._ask_account),
        ]

    async def _part(
        self, collector: Collector, part: Part, key: Key, send: Callable[[], None], timeout_s: float
    ) -> None:
        try:
            await self._session.data_slot()
            await self._session.requests.ask(key, send, timeout_s)
        except BrokerError as error:
            collector.failed[part] = str(error)

    def _ask_account(self) -> None:
        # A second subscription to the same account may be answered with silence; a fresh one downloads everything.
        if self._account_subscribed:
            self._session.client.reqAccountUpdates(False, self._feed.account)
        self._session.client.reqAccountUpdates(True, self._feed.account)
        self._account_subscribed = True
