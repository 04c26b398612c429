"""Carries out what a step of the core asks for, in order.

Invariants: no order that can add exposure is written unless the commit before it succeeded; a cancel and an order that
gets out are written whatever the journal does; at the last moment before the socket a STOP file still keeps an order
that adds exposure back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from tradetui.broker.port import BrokerPort
from tradetui.domain.actions import (
    Action,
    CancelOrder,
    Commit,
    DeliverBar,
    PlaceOrder,
    Reply,
    RequestSnapshot,
    StopCore,
    SwitchStrategy,
)
from tradetui.domain.alert import Alert
from tradetui.domain.errors import BrokerError, NotConnected, StoreError
from tradetui.domain.events import (
    BrokerSnapshot,
    JournalFailed,
    OrderNotWritten,
    OrderWritten,
    SnapshotTaken,
    StopFileSeen,
)
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Purpose
from tradetui.domain.records import AlertQueued, LatchSaved, Record
from tradetui.engine.clock import MarketClock
from tradetui.engine.host_port import StrategyPort
from tradetui.engine.inbox import Inbox
from tradetui.engine.journal_writer import JournalWriter
from tradetui.engine.latency import OrderLatency

_log = logging.getLogger(__name__)

#: Actions that come only when the commit before them is on the disk. What nothing waits for is written at once, too.
_NEED_THE_JOURNAL = (PlaceOrder, Reply, StopCore)
_ADDS_EXPOSURE = (Purpose.ENTRY, Purpose.MANUAL)


def _adds_exposure(action: PlaceOrder) -> bool:
    return action.intent.purpose in _ADDS_EXPOSURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """What the carrier works with. `stop_reason` is empty while no STOP file forbids new exposure."""

    broker: BrokerPort
    journal: JournalWriter
    inbox: Inbox
    clock: MarketClock
    latency: OrderLatency
    hosts: Mapping[str, StrategyPort]
    reply: Callable[[Reply], None]
    alert: Callable[[Alert], None]
    stop: Callable[[str], None]
    stop_reason: Callable[[], str]
    kill_unsaved: Callable[[str], None]
    snapshot_s: float


class Carrier:
    """Does the core's actions. `carry_out` waits for nothing but the journal, and for that not long."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._snapshot: asyncio.Task[None] | None = None

    async def carry_out(self, actions: Sequence[Action]) -> None:
        """Do `actions` in order; what came of orders goes back through the inbox ahead of everything else."""
        failure: StoreError | None = None
        dropped: list[str] = []
        for place, action in enumerate(actions):
            if isinstance(action, Commit):
                awaited = any(isinstance(later, _NEED_THE_JOURNAL) for later in actions[place + 1 :])
                failure = await self._commit(action, awaited=awaited) or failure
            elif failure is not None and isinstance(action, PlaceOrder) and _adds_exposure(action):
                dropped.append(action.intent.intent_id)
            else:
                self._do(action)
        if failure is not None and dropped:
            self._hands.inbox.put_urgent(JournalFailed(str(failure), tuple(dropped)))

    async def close(self) -> None:
        """End a look at the broker that is under way."""
        if self._snapshot is not None:
            self._snapshot.cancel()
            await asyncio.gather(self._snapshot, return_exceptions=True)

    def _do(
        self, action: PlaceOrder | CancelOrder | RequestSnapshot | DeliverBar | SwitchStrategy | Reply | StopCore
    ) -> None:
        match action:
            case PlaceOrder():
                self._place(action)
            case CancelOrder():
                self._cancel(action)
            case DeliverBar():
                self._hands.hosts[action.strategy].deliver(action)
            case Reply():
                self._hands.reply(action)
            case RequestSnapshot(reason):
                self._look(reason)
            case SwitchStrategy(strategy, run, reason):
                self._hands.hosts[strategy].switch(run=run, reason=reason)
            case StopCore(reason):
                self._hands.stop(reason)
            case _:
                assert_never(action)

    async def _commit(self, action: Commit, *, awaited: bool) -> StoreError | None:
        if not (action.durable and awaited):
            self._hands.journal.later(action.records, soon=action.durable)
            self._send_alerts(action.records)
            return None
        failure = None
        try:
            await self._hands.journal.commit(action.records)
        except StoreError as error:
            failure = error
            self._keep_kill(action.records, str(error))
        self._send_alerts(action.records)
        return failure

    def _send_alerts(self, records: Sequence[Record]) -> None:
        # An alert goes out even when it could not be journaled: a failing disk is itself worth a message.
        for record in records:
            if isinstance(record, AlertQueued):
                self._hands.alert(record.alert)

    def _keep_kill(self, records: Sequence[Record], reason: str) -> None:
        for record in records:
            if isinstance(record, LatchSaved) and record.latch.state is TradingState.KILLED:
                self._hands.kill_unsaved(f"{record.latch.why} by {record.latch.who}; not journaled: {reason}")

    def _place(self, action: PlaceOrder) -> None:
        hands, intent = self._hands, action.intent
        stop_reason = hands.stop_reason() if _adds_exposure(action) else ""
        if stop_reason:
            hands.inbox.put_urgent(OrderNotWritten(intent.intent_id, stop_reason, certain=True))
            hands.inbox.put_urgent(StopFileSeen(stop_reason))
            return
        try:
            written = hands.broker.place(intent, action.order_ref, transmit=action.transmit)
        except NotConnected as error:
            hands.inbox.put_urgent(OrderNotWritten(intent.intent_id, str(error), certain=True))
        except BrokerError as error:
            hands.inbox.put_urgent(OrderNotWritten(intent.intent_id, str(error), certain=False))
        except Exception as error:
            _log.exception("writing order %s failed in a way it should not", intent.intent_id)
            reason = f"{type(error).__name__}: {error}"
            hands.inbox.put_urgent(OrderNotWritten(intent.intent_id, reason, certain=False))
        else:
            hands.latency.order_written(intent.symbol, intent.bar_end_ns, hands.clock.now().mono_ns)
            hands.inbox.put_urgent(OrderWritten(intent.intent_id, written.order_id, written.client_id))

    def _cancel(self, action: CancelOrder) -> None:
        if action.order_id is None or action.client_id is None:
            # Its address is not known on this connection yet: the core asks again when the broker has named it.
            _log.info("order %s has no address yet; its cancel waits", action.intent_id)
            return
        try:
            self._hands.broker.cancel(action.order_id, action.client_id)
        except BrokerError as error:
            _log.warning("cancel of %s was not written: %s", action.intent_id, error)
        except Exception:
            _log.exception("cancelling %s failed in a way it should not", action.intent_id)

    def _look(self, reason: str) -> None:
        if self._snapshot is None or self._snapshot.done():
            self._snapshot = asyncio.get_running_loop().create_task(self._take_snapshot(reason))

    async def _take_snapshot(self, reason: str) -> None:
        hands = self._hands
        started = hands.clock.now().mono_ns
        try:
            snapshot = await hands.broker.snapshot(hands.snapshot_s)
        except BrokerError as error:
            _log.warning("the look at the broker (%s) failed: %s", reason, error)
            snapshot = BrokerSnapshot(started_mono_ns=started, gap_touched=True)
        except Exception:
            _log.exception("the look at the broker failed in a way it should not")
            snapshot = BrokerSnapshot(started_mono_ns=started, gap_touched=True)
        hands.inbox.put(SnapshotTaken(snapshot))
