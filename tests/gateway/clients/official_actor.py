"""The official API as an actor of the play: its connection and its orders."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ibapi.order import Order
from ibapi.order_condition import Create, OrderCondition

from tests.gateway.clients.official_link import OfficialLink, stock
from tests.gateway.clients.official_questions import questions
from tests.gateway.clients.play import perform
from tests.gateway.clients.stage import ACCOUNT, SPY_ID, Missing, until

KINDS = {
    "price": (OrderCondition.Price, "price"),
    "time": (OrderCondition.Time, "time"),
    "margin": (OrderCondition.Margin, "percent"),
    "execution": (OrderCondition.Execution, "symbol"),
    "volume": (OrderCondition.Volume, "volume"),
    "percent": (OrderCondition.PercentChange, "changePercent"),
}


class OfficialActor:
    """EClient on a reader thread, its callbacks in lists."""

    def __init__(self, client_id: int = 42) -> None:
        self._link = OfficialLink(client_id)
        self._client = self._link.client
        self._placed = 0

    # --- connection ---------------------------------------------------------------------------------------------
    def connect(self, port: int) -> None:
        self._link.connect(port)
        assert self._link.told("managedAccounts")[0][0] == ACCOUNT

    def close(self) -> None:
        self._client.disconnect()

    def version(self) -> int:
        return int(self._client.serverVersion())

    def is_connected(self) -> bool:
        return bool(self._client.isConnected())

    def next_id(self) -> int:
        return max(int(self._link.told("nextValidId")[-1][0]), self._placed + 1)

    def let_arrive(self, seconds: float) -> None:
        self._link.let_arrive(seconds)

    def errors(self) -> list[tuple[int, int, str]]:
        return self._link.errors()

    def complaints(self) -> list[str]:
        # It repeats every error callback in its log.
        return self._link.surplus + [line for line in self._link.log.lines if not line.startswith("ibapi.wrapper: ERR")]

    def questions(self) -> dict[str, Callable[[], None]]:
        return {
            **questions(self._link),
            "executions": self._executions,
            "profit and loss": self._profit_and_loss,
        }

    def _executions(self) -> None:
        from ibapi.execution import ExecutionFilter

        order_id = self._fresh_id()
        self.place(order_id, action="BUY", totalQuantity=10, orderType="MKT", orderRef="asked for")
        until(self, lambda: self.filled(order_id) == 10, "execution")
        asked = self._link.ask(self._client.reqExecutions, ExecutionFilter(), answer="execDetails")
        assert any(row[2].orderRef == "asked for" for row in asked)
        self._link.wait("execDetailsEnd")

    def _profit_and_loss(self) -> None:
        self._link.ask(self._client.reqPnL, ACCOUNT, "", answer="pnl")
        row = self._link.ask(self._client.reqPnLSingle, ACCOUNT, "", SPY_ID, answer="pnlSingle")[0]
        assert row[1] == 10

    def bulletins(self, happen: Callable[[], object]) -> None:
        self._client.reqNewsBulletins(True)
        happen()
        self._link.wait("updateNewsBulletin")
        self._client.cancelNewsBulletins()

    # --- orders -------------------------------------------------------------------------------------------------
    def _fresh_id(self) -> int:
        known = len(self._link.told("nextValidId"))
        self._client.reqIds(1)
        self._link.wait("nextValidId", known + 1)
        return self.next_id()

    def place(self, order_id: int, **order: Any) -> None:
        self._placed = max(self._placed, order_id)
        made = Order()
        # Older builds set these by default, and no gateway takes them any more.
        made.eTradeOnly = made.firmQuoteOnly = False
        for name, value in order.items():
            setattr(made, name, value)
        self._client.placeOrder(order_id, stock("SPY"), made)

    def condition(self, kind: str, *, is_more: bool, value: float | str) -> Any:
        number, threshold = KINDS[kind]
        made = Create(number)
        made.isConjunctionConnection = True
        fields = {"isMore": is_more, "conId": SPY_ID, "exchange": "SMART", "secType": "STK", "triggerMethod": 0}
        for name, each in fields.items():
            if hasattr(made, name):
                setattr(made, name, each)
        setattr(made, threshold, int(value) if kind in ("volume", "margin") else value)
        return made

    def cancel(self, order_id: int) -> None:
        for extra in self._cancel_extras():
            try:
                self._client.cancelOrder(order_id, *extra)
                return
            except (TypeError, AttributeError):
                continue
        raise Missing("no form of cancelOrder fits")

    def cancel_all(self) -> None:
        for extra in self._cancel_extras():
            try:
                self._client.reqGlobalCancel(*extra)
                return
            except (TypeError, AttributeError):
                continue
        raise Missing("no form of reqGlobalCancel fits")

    @staticmethod
    def _cancel_extras() -> Iterator[tuple[Any, ...]]:
        """What follows the order id: an object in the newest builds, a time in the middle ones, nothing before."""
        try:
            from ibapi.order_cancel import OrderCancel

            yield (OrderCancel(),)
        except ModuleNotFoundError:
            pass
        yield ()
        yield ("",)

    def status(self, order_id: int) -> str:
        said = [row[1] for row in list(self._link.told("orderStatus")) if row[0] == order_id]
        return str(said[-1]) if said else ""

    def field(self, order_id: int, name: str) -> Any:
        orders = [row[2] for row in list(self._link.told("openOrder")) if row[0] == order_id]
        return float(getattr(orders[-1], name)) if orders else None

    def filled(self, order_id: int) -> float:
        # Only live executions: those asked for come again under a request id.
        return sum(float(row[2].shares) for row in self._executions_of(order_id))

    def _executions_of(self, order_id: int) -> list[tuple[Any, ...]]:
        return [row for row in list(self._link.told("execDetails")) if row[0] == -1 and row[2].orderId == order_id]

    def commission(self, order_id: int) -> float | None:
        wanted = {row[2].execId for row in self._executions_of(order_id)}
        reports = [*self._link.told("commissionReport"), *self._link.told("commissionAndFeesReport")]
        charged = {row[0].execId: _commission(row[0]) for row in reports}
        if not wanted or not wanted <= charged.keys():
            return None
        return float(sum(charged[exec_id] for exec_id in wanted))

    def what_if(self, order_id: int, **order: Any) -> tuple[float, float]:
        self.place(order_id, **order)
        told = self._link.told
        until(self, lambda: any(row[0] == order_id for row in list(told("openOrder"))), "whatIf answer")
        state = next(row[3] for row in told("openOrder") if row[0] == order_id)
        return float(state.initMarginChange), float(_commission(state))


def _commission(told: Any) -> Any:
    """Newer builds call it commission and fees."""
    return told.commissionAndFees if hasattr(told, "commissionAndFees") else told.commission


if __name__ == "__main__":
    perform(OfficialActor(), sys.argv[1:])
