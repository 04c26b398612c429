"""The broker's margin desk: an account whose equity fell below its maintenance margin is sold out, as IB does it.

Invariant: a liquidation only ever reduces a position, never beyond flat, and goes on until equity covers margin again
or nothing is left that can be traded. Orders that could open more are cancelled first; orders that close are kept.
"""

from __future__ import annotations

from tradetui.gateway.venue.account import Account, Holding
from tradetui.gateway.venue.floor import Due, Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.matching import Matching
from tradetui.gateway.venue.model import OrderRequest, OrderStatus
from tradetui.gateway.venue.money import MICROS, shown
from tradetui.gateway.venue.refusal import MARGIN_CANCELLED
from tradetui.gateway.venue.terms import terms_of
from tradetui.gateway.venue.working import WorkingOrder

#: IB closes a little more than is missing, so that the next tick does not bring it back.
CUSHION = 100_000


class Liquidation:
    """Looks after every account while it holds anything."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle, matching: Matching) -> None:
        self._floor = floor
        self._lifecycle = lifecycle
        self._matching = matching

    def look(self) -> None:
        """Liquidate what is under water, and come back while anything is held."""
        floor = self._floor
        floor.margin_due = None
        for order in floor.orders.working():
            if order.liquidation and floor.room(order, floor.books[order.con_id]) == 0:
                self._lifecycle.cancel(order)
        for account in floor.office.accounts.values():
            if any(holding.quantity for holding in account.holdings.values()):
                floor.office.mark_account(account)
                if account.net_liquidation < floor.office.maintenance(account):
                    self._liquidate(account)
                floor.watch_margin()

    def _liquidate(self, account: Account) -> None:
        working = [order for order in self._floor.orders.working() if order.account == account.code]
        if any(order.liquidation for order in working):
            return
        for order in working:
            holding = account.holdings.get(order.con_id)
            if holding is None or holding.quantity * order.side >= 0:
                self._lifecycle.cancel(order, MARGIN_CANCELLED)
        # Markets that are closed or halted now must wait; the rest has to make up for them.
        open_now = [
            holding for con_id, holding in account.holdings.items() if holding.quantity and self._trades(con_id)
        ]
        if open_now:
            heaviest = max(open_now, key=self._margin)
            self._sell_out(account, heaviest, self._units(account, heaviest))

    def _trades(self, con_id: int) -> bool:
        book = self._floor.books[con_id]
        return book.is_tradable and book.hours.is_open and not book.halted and book.bid is not None

    def _margin(self, holding: Holding) -> int:
        rule = self._floor.books[holding.contract.con_id].margin
        return rule.maintenance(holding.quantity, holding.mark)

    def _units(self, account: Account, holding: Holding) -> int:
        """The fewest units of `holding` whose margin covers what is missing, with a cushion; all of them at most."""
        missing = self._floor.office.maintenance(account) - account.net_liquidation
        missing += missing * CUSHION // MICROS
        held = abs(holding.quantity)
        return min(-(-missing * held // max(self._margin(holding), 1)), held)

    def _sell_out(self, account: Account, holding: Holding, units: int) -> None:
        floor = self._floor
        book = floor.books[holding.contract.con_id]
        side = -1 if holding.quantity > 0 else 1
        request = OrderRequest(
            contract=holding.contract,
            action="BUY" if side > 0 else "SELL",
            quantity=shown(units, book.lots),
            order_type="MKT",
            account=account.code,
        )
        order = WorkingOrder(
            perm_id=floor.orders.allocate_perm_id(),
            client_id=0,
            order_id=0,
            account=account.code,
            con_id=book.details.contract.con_id,
            request=request,
            side=side,
            terms=terms_of(request),
            quantity=units,
            limit=None,
            stop=None,
            placed_ns=floor.now_ns,
            lots=book.lots,
            status=OrderStatus.PRE_SUBMITTED,
            expires_ns=book.hours.calendar.next_close(floor.now_ns),
            liquidation=True,
        )
        floor.orders.add(order)
        book.orders[order.perm_id] = order
        if order.expires_ns is not None:
            floor.timers.at(order.expires_ns, Due.EXPIRE, order.perm_id)
        self._lifecycle.tell(order)
        self._matching.arrive(order, book)
        self._lifecycle.refresh_status(order)
