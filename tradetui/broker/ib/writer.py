"""Orders and cancels onto the socket, at once.

Invariant: when `place` returns, the bytes are with the transport and the id is spent; when it raises NotConnected, no
byte left. An order never waits in a queue of ours; cancels beyond the broker's limit go out as soon as it allows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from tradetui.broker.ib.contracts import ContractBook
from tradetui.broker.ib.orders import OrderIds, Unsendable, build_order
from tradetui.broker.ib.pacing import Pacer
from tradetui.broker.ib.session import Session
from tradetui.broker.ib.settings import IBSettings
from tradetui.broker.ib.status import LinkStatus
from tradetui.broker.port import Written
from tradetui.domain.errors import BrokerError, BrokerRefused, NotConnected
from tradetui.domain.order import Intent

#: IB's code for "the order to cancel is not found": what it would say of another client's order.
NOT_YOURS = 10147


class OrderWriter:
    """Writes to the session it is attached to."""

    def __init__(
        self, settings: IBSettings, status: LinkStatus, contracts: ContractBook, pacer: Pacer, order_ids: OrderIds
    ) -> None:
        self._client_id = settings.client_id
        self._status = status
        self._contracts = contracts
        self._pacer = pacer
        self._order_ids = order_ids
        self._session: Session | None = None
        self._held: deque[int] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._none_held = asyncio.Event()
        self._none_held.set()
        self._ending = False
        #: Parents written and not transmitted yet: their children need the order id.
        self._parents: dict[str, int] = {}

    def attach(self, session: Session) -> None:
        """Write to this session from now on."""
        self._session = session
        self._ending = False

    def detach(self) -> None:
        """There is no session; cancels still held are dropped: the core asks again after the reconnect."""
        self._session = None
        self._parents.clear()
        self._held.clear()
        self._none_held.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def drain(self, limit_s: float) -> None:
        """Take no more orders, and wait until the cancels held for the message limit have left, or the limit passed."""
        self._ending = True
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._none_held.wait()

    def place(self, intent: Intent, order_ref: str, *, transmit: bool = True) -> Written:
        """Write one order; one that is not transmitted works only when the last of its family is.

        Raises:
            NotConnected: nothing was written.
            BrokerError: the write failed part-way; the order may be live.
        """
        session = self._ready_session()
        contract = self._contracts.contract(intent.symbol)
        if contract is None:
            raise Unsendable(f"no contract is known for {intent.symbol}; nothing was written")
        parent_id = self._parent_of(intent)
        instrument = self._contracts.instrument(intent.symbol)
        order = build_order(intent, order_ref, self._status.account, instrument, parent_id=parent_id, transmit=transmit)
        order_id = self._order_ids.take()
        connection = session.client.conn
        before = connection.numMsgSent
        try:
            session.client.placeOrder(order_id, contract, order)
        except Exception as error:
            if connection.numMsgSent == before:
                raise NotConnected(f"the order was not written: {error}") from error
            raise BrokerError(f"the write of order {order_id} failed part-way: {error}") from error
        self._pacer.note()
        if connection.numMsgSent == before:
            raise NotConnected("the socket went before the order; nothing was written")
        if not session.is_open:
            raise BrokerError(f"the socket broke under order {order_id}; it may be live")
        if not transmit:
            self._parents[intent.parent_id or intent.intent_id] = parent_id or order_id
        return Written(order_id, self._client_id)

    def _parent_of(self, intent: Intent) -> int:
        if not intent.parent_id:
            return 0
        # Taken out here and put back by the write: when one of a family fails, the rest must not be transmitted.
        parent = self._parents.pop(intent.parent_id, None)
        if parent is None:
            raise Unsendable(f"{intent.intent_id}: its parent or a sibling was not written; nothing was written")
        return parent

    def cancel(self, order_id: int, client_id: int) -> None:
        """Write one cancel, or hold it for the part of a second that the broker's message limit asks for.

        Raises:
            NotConnected: nothing was written.
            BrokerRefused: the order belongs to another client id.
        """
        session = self._open_session()
        if client_id != self._client_id:
            text = f"order {order_id} belongs to client {client_id}, only that client can cancel it"
            raise BrokerRefused(NOT_YOURS, text)
        delay_s = self._pacer.order_delay_s()
        if not self._held and delay_s == 0:
            self._write_cancel(session, order_id)
            return
        self._held.append(order_id)
        self._none_held.clear()
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._write_held)

    def _write_held(self) -> None:
        self._timer = None
        session = self._session
        while self._held and session is not None and session.is_open:
            delay_s = self._pacer.order_delay_s()
            if delay_s > 0:
                self._timer = asyncio.get_running_loop().call_later(delay_s, self._write_held)
                return
            self._write_cancel(session, self._held.popleft())
        self._none_held.set()

    def _write_cancel(self, session: Session, order_id: int) -> None:
        session.client.cancelOrder(order_id)
        self._pacer.note()

    def _open_session(self) -> Session:
        if self._session is None or not self._session.is_open:
            raise NotConnected(f"there is no session with the gateway: {self._status.reason}")
        return self._session

    def _ready_session(self) -> Session:
        session = self._open_session()
        if self._ending:
            raise NotConnected("the session is being closed; nothing was written")
        if not self._status.is_ready:
            raise NotConnected(f"the link is {self._status.state}: {self._status.reason}; nothing was written")
        if session.client.conn.transport.get_write_buffer_size() > 0:
            # It would leave at some later moment, at a price nobody looked at.
            raise NotConnected("the gateway does not take messages just now; nothing was written")
        return session
