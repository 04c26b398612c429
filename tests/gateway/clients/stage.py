"""What every client library is put through, written once: the play. The libraries are the actors.

Runs inside a client's own environment, so it stands on the standard library alone. Prints one JSON object: the acts
that succeeded, those that failed and why, and everything the library complained about.
"""

from __future__ import annotations

import json
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

LIMIT_S = 15.0
PRICE = 500.0
SIZE = 1000
ACCOUNT = "DU1234567"
#: Codes of notices and of the errors that the play provokes on purpose.
EXPECTED_CODES = frozenset({2104, 2106, 2158, 162, 200, 202, 399})


@dataclass(frozen=True, slots=True)
class Case:
    """One order type: its prices, what a modification changes, and the price that lets it trade.

    `at_close`: it waits for the closing auction. `rests` false: it trades on arrival, so it can be neither changed
    nor cancelled before.
    """

    prices: dict[str, float]
    change: dict[str, float] = field(default_factory=dict)
    fill_at: float | None = None
    rests: bool = True
    at_close: bool = False


#: Buys at a market of 499.99 x 500.01, all of which wait there, except MKT.
CASES = {
    "MKT": Case({}, rests=False),
    "LMT": Case({"lmtPrice": 495.0}, {"lmtPrice": 495.5}, 494.0),
    "STP": Case({"auxPrice": 505.0}, {"auxPrice": 505.5}, 506.0),
    "STP LMT": Case({"auxPrice": 505.0, "lmtPrice": 507.0}, {"auxPrice": 505.5}, 506.0),
    "TRAIL": Case({"auxPrice": 5.0, "trailStopPrice": 505.0}, {"auxPrice": 5.5}, 506.0),
    "TRAIL LIMIT": Case({"auxPrice": 5.0, "trailStopPrice": 505.0, "lmtPriceOffset": 2.0}, {"auxPrice": 5.5}, 506.0),
    "MIT": Case({"auxPrice": 495.0}, {"auxPrice": 495.5}, 494.0),
    "LIT": Case({"auxPrice": 495.0, "lmtPrice": 496.0}, {"auxPrice": 495.5}, 494.0),
    "REL": Case({"auxPrice": 0.01, "lmtPrice": 499.0}, {"lmtPrice": 499.5}, 494.0),
    "MIDPRICE": Case({"lmtPrice": 495.0}, {"lmtPrice": 495.5}, 494.0),
    "MOC": Case({}, at_close=True),
    "LOC": Case({"lmtPrice": 600.0}, {"lmtPrice": 601.0}, at_close=True),
}


class Actor(Protocol):
    """A client library, reduced to what the play asks of it. Every question waits for its answer or raises."""

    def connect(self, port: int) -> None: ...
    def close(self) -> None: ...
    def version(self) -> int: ...
    def is_connected(self) -> bool: ...
    def next_id(self) -> int: ...
    def let_arrive(self, seconds: float) -> None: ...
    def errors(self) -> list[tuple[int, int, str]]: ...
    def complaints(self) -> list[str]: ...
    def questions(self) -> dict[str, Callable[[], None]]: ...
    def place(self, order_id: int, **order: Any) -> None: ...
    def cancel(self, order_id: int) -> None: ...
    def cancel_all(self) -> None: ...
    def status(self, order_id: int) -> str: ...
    def field(self, order_id: int, name: str) -> Any: ...
    def filled(self, order_id: int) -> float: ...
    def commission(self, order_id: int) -> float | None: ...
    def margin_change(self, order_id: int, **order: Any) -> float: ...


class Missing(AssertionError):
    """What the play waited for did not come."""


class Control:
    """The gateway's control channel."""

    def __init__(self, port: int) -> None:
        self._file = socket.create_connection(("127.0.0.1", port)).makefile("rw", encoding="utf-8")

    def __call__(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._file.write(json.dumps({"cmd": command, **arguments}) + "\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        assert answer["ok"], answer
        return answer

    def price(self, price: float) -> None:
        self("set_price", symbol="SPY", price=price, size=SIZE, hold=True)


def until(actor: Actor, condition: Callable[[], object], what: str, limit: float = LIMIT_S) -> None:
    """Wait for `condition`. Raises Missing."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise Missing(f"{what}; last messages: {actor.errors()[-3:]}")
        actor.let_arrive(0.005)


class Play:
    """The acts about orders. Order ids count up from the client's first."""

    def __init__(self, actor: Actor, control: Control) -> None:
        self.actor = actor
        self.control = control
        self._last_id = 0

    def new_id(self) -> int:
        """The next order id."""
        self._last_id = max(self._last_id + 1, self.actor.next_id())
        return self._last_id

    def buy(self, order_type: str, prices: dict[str, float], **more: Any) -> int:
        """Send one buy order for ten shares."""
        order_id = self.new_id()
        order = {"action": "BUY", "totalQuantity": 10, "orderType": order_type, "tif": "DAY", **prices, **more}
        self.actor.place(order_id, **order)
        return order_id

    def works(self, order_id: int) -> None:
        """Wait until the order is with the broker."""
        until(
            self.actor,
            lambda: self.actor.status(order_id) in ("Submitted", "PreSubmitted"),
            f"order {order_id} is {self.actor.status(order_id)!r}, not working",
        )

    def reaches(self, order_id: int, status: str) -> None:
        """Wait for a state."""
        until(
            self.actor,
            lambda: self.actor.status(order_id) == status,
            f"order {order_id} never became {status}",
        )

    def fills(self, order_id: int) -> None:
        """Wait for the whole fill: status, execution and commission."""
        self.reaches(order_id, "Filled")
        until(self.actor, lambda: self.actor.filled(order_id) == 10, f"execution of order {order_id}")
        until(self.actor, lambda: (self.actor.commission(order_id) or 0) > 0, f"commission of order {order_id}")

    def order_type(self, name: str) -> None:
        """Place, change, cancel; place again and let it trade."""
        case, actor = CASES[name], self.actor
        self.control.price(PRICE)
        if case.rests:
            order_id = self.buy(name, case.prices)
            self.works(order_id)
            if case.change:
                self._change(order_id, name, case)
            actor.cancel(order_id)
            self.reaches(order_id, "Cancelled")
        order_id = self.buy(name, case.prices)
        if case.at_close:
            self.works(order_id)
            return
        if case.fill_at is not None:
            self.works(order_id)
            # A print sends it to the market, the following quote is what it trades against.
            self.control.price(case.fill_at)
            self.control.price(case.fill_at)
        self.fills(order_id)

    def _change(self, order_id: int, name: str, case: Case) -> None:
        order = {"action": "BUY", "totalQuantity": 10, "orderType": name, "tif": "DAY", **case.prices, **case.change}
        self.actor.place(order_id, **order)
        for field_name, value in case.change.items():
            self._shows(order_id, field_name, value)

    def _shows(self, order_id: int, name: str, value: float) -> None:
        until(
            self.actor,
            lambda: self.actor.field(order_id, name) == value,
            f"changed {name} of order {order_id}",
        )

    def bracket(self) -> None:
        """Parent, take-profit and stop-loss: children wait for the parent, one child's fill cancels the other."""
        self.control.price(PRICE)
        parent = self.buy("LMT", {"lmtPrice": 501.0}, transmit=False)
        self.works_or_held(parent)
        leave = {"action": "SELL", "parentId": parent}
        profit = self.buy("LMT", {"lmtPrice": 510.0}, transmit=False, **leave)
        loss = self.buy("STP", {"auxPrice": 490.0}, transmit=True, **leave)
        self.fills(parent)
        self.works(profit)
        self.works(loss)
        self.control.price(511.0)
        self.fills(profit)
        self.reaches(loss, "Cancelled")

    def works_or_held(self, order_id: int) -> None:
        """An order with transmit=False says nothing yet; only make sure that nothing refused it."""
        self.actor.let_arrive(0.05)
        assert self.actor.status(order_id) in ("", "PendingSubmit", "PreSubmitted"), self.actor.errors()[-3:]

    def oca(self) -> None:
        """Two orders of one group: the fill of one cancels the other."""
        self.control.price(PRICE)
        group = {"ocaGroup": f"group {self._last_id}", "ocaType": 1}
        high = self.buy("LMT", {"lmtPrice": 495.0}, **group)
        low = self.buy("LMT", {"lmtPrice": 490.0}, **group)
        self.works(high)
        self.works(low)
        self.control.price(494.0)
        self.fills(high)
        self.reaches(low, "Cancelled")

    def what_if(self) -> None:
        """Margin and commission of an order that is not placed."""
        self.control.price(PRICE)
        order = {"action": "BUY", "totalQuantity": 100, "orderType": "MKT", "whatIf": True}
        assert self.actor.margin_change(self.new_id(), **order) > 0

    def cancel_everything(self) -> None:
        """The global cancel."""
        self.control.price(PRICE)
        orders = [self.buy("LMT", {"lmtPrice": 400.0 + step}) for step in range(3)]
        for order_id in orders:
            self.works(order_id)
        self.actor.cancel_all()
        for order_id in orders:
            self.reaches(order_id, "Cancelled")

    def at_close(self, names: list[str]) -> None:
        """Orders for the closing auction trade at the close."""
        self.control.price(PRICE)
        orders = [self.buy(name, CASES[name].prices) for name in names]
        for order_id in orders:
            self.works(order_id)
        self.control("clock", jump_seconds=to_close(self.control("clock")["market_time"]))
        for order_id in orders:
            self.fills(order_id)

    def acts(self, order_types: list[str]) -> dict[str, Callable[[], None]]:
        """Every act by its name, in order."""
        acts: dict[str, Callable[[], None]] = {f"ask {name}": ask for name, ask in self.actor.questions().items()}
        for name in order_types:
            acts[f"order {name}"] = partial(self.order_type, name)
        acts["bracket"] = self.bracket
        acts["oca"] = self.oca
        acts["whatIf"] = self.what_if
        acts["global cancel"] = self.cancel_everything
        auctions = [name for name in order_types if CASES[name].at_close]
        if auctions:
            acts["closing auction"] = lambda: self.at_close(auctions)
        return acts


def to_close(market_time: str) -> float:
    """Seconds from `20260316 10:01:02 US/Eastern` to a little after the close."""
    hours, minutes, seconds = map(int, market_time.split()[1].split(":"))
    return 16 * 3600 + 30 - (hours * 3600 + minutes * 60 + seconds)


def perform(actor: Actor, arguments: list[str]) -> None:
    """Play everything and print the outcome. Arguments: port, control port, the order types as JSON."""
    play = Play(actor, Control(int(arguments[1])))
    done: list[str] = []
    failed: dict[str, str] = {}
    acts = {"connect": lambda: actor.connect(int(arguments[0])), **play.acts(json.loads(arguments[2]))}
    for name, act in acts.items():
        try:
            act()
            done.append(name)
        except Exception as error:
            failed[name] = f"{error!r} {traceback.format_exc(limit=-2)}"
            if name == "connect":
                break
    outcome = {
        "version": actor.version(),
        "connected": actor.is_connected(),
        "done": done,
        "failed": failed,
        "surprises": [error for error in actor.errors() if error[1] not in EXPECTED_CODES],
        "complaints": actor.complaints(),
    }
    actor.close()
    sys.stdout.write(json.dumps(outcome) + "\n")
