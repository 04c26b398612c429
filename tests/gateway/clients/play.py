"""What every client library is put through, written once: the play. The libraries are the actors.

Prints one JSON object: the acts that succeeded, those that failed and why, and everything the library complained about.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.gateway.clients.cases import CASES, Case
from tests.gateway.clients.stage import Actor, Control, until

PRICE = 500.0
#: Codes of notices and of the errors that the play provokes on purpose.
EXPECTED_CODES = frozenset({2104, 2106, 2158, 162, 200, 202, 321, 399, 430, 503})
Terms = tuple[bool, float | str]
CONDITIONS = ("price", "time", "margin", "execution", "volume", "percent")


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

    def oca(self, oca_type: int) -> None:
        """Two orders of one group: a partial fill of one reduces the other (types 2, 3), a full one ends it."""
        self.control.price(PRICE)
        group = {"ocaGroup": f"group {self._last_id}", "ocaType": oca_type}
        high = self.buy("LMT", {"lmtPrice": 495.0}, **group)
        low = self.buy("LMT", {"lmtPrice": 490.0}, **group)
        self.works(high)
        self.works(low)
        if oca_type > 1:
            self.control.price(499.0, 4)
            self.control.price(495.0, 4)
            until(self.actor, lambda: self.actor.filled(high) == 4, f"partial fill of order {high}")
            self._shows(low, "totalQuantity", 6.0)
        self.control.price(494.0)
        self.fills(high)
        self.reaches(low, "Cancelled")

    def condition(self, kind: str) -> None:
        """An order waits while its condition does not hold and trades once it does."""
        self.control.price(PRICE)
        waiting, holding = self._terms(kind)
        order_id = self._conditional(kind, waiting)
        self.works(order_id)
        self.actor.let_arrive(0.05)
        assert self.actor.status(order_id) == "PreSubmitted", self.actor.status(order_id)
        if kind == "execution":
            self.fills(self.buy("MKT", {}))
        elif kind == "price":
            self.control.price(506.0)
        else:
            self.actor.cancel(order_id)
            self.reaches(order_id, "Cancelled")
            order_id = self._conditional(kind, holding)
        self.fills(order_id)

    def _terms(self, kind: str) -> tuple[Terms, Terms]:
        """Terms of a condition that do not hold yet, and terms that do or soon will."""
        now = self.control.market_time()
        terms: dict[str, tuple[Terms, Terms]] = {
            "price": ((True, 505.0), (True, 505.0)),
            "time": ((True, f"{now.split()[0]} 23:00:00 US/Eastern"), (True, now)),
            "margin": ((False, 1.0), (True, 1.0)),
            "execution": ((True, "SPY"), (True, "SPY")),
            "volume": ((True, 2e9), (True, 1.0)),
            "percent": ((True, 500.0), (False, 500.0)),
        }
        return terms[kind]

    def _conditional(self, kind: str, terms: Terms) -> int:
        is_more, value = terms
        made = self.actor.condition(kind, is_more=is_more, value=value)
        return self.buy("MKT", {}, conditions=[made])

    def what_if(self) -> None:
        """Margin and commission of an order that is not placed."""
        self.control.price(PRICE)
        order = {"action": "BUY", "totalQuantity": 100, "orderType": "MKT", "whatIf": True}
        margin, commission = self.actor.what_if(self.new_id(), **order)
        assert margin > 0
        assert commission > 0

    def cancel_everything(self) -> None:
        """The global cancel."""
        self.control.price(PRICE)
        orders = [self.buy("LMT", {"lmtPrice": 400.0 + step}) for step in range(3)]
        for order_id in orders:
            self.works(order_id)
        self.actor.cancel_all()
        for order_id in orders:
            self.reaches(order_id, "Cancelled")

    def bulletins(self) -> None:
        """The exchange announces a halt."""
        self.actor.bulletins(lambda: self.control("halt", symbol="DIA"))

    def at_close(self, names: list[str]) -> None:
        """Orders for the closing auction trade at the close."""
        self.control.price(PRICE)
        orders = [self.buy(name, CASES[name].prices) for name in names]
        for order_id in orders:
            self.works(order_id)
        self.control("clock", jump_seconds=to_close(self.control.market_time()))
        for order_id in orders:
            self.fills(order_id)

    def acts(self, order_types: list[str]) -> dict[str, Callable[[], None]]:
        """Every act by its name, in order."""
        acts: dict[str, Callable[[], None]] = {f"ask {name}": ask for name, ask in self.actor.questions().items()}
        for name in order_types:
            acts[f"order {name}"] = partial(self.order_type, name)
        acts["bracket"] = self.bracket
        for oca_type in (1, 2, 3):
            acts[f"oca {oca_type}"] = partial(self.oca, oca_type)
        for kind in CONDITIONS:
            acts[f"condition {kind}"] = partial(self.condition, kind)
        acts["bulletins"] = self.bulletins
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


def outcome_of(actor: Actor, port: int, acts: dict[str, Callable[[], None]]) -> dict[str, Any]:
    """Connect, play, disconnect; what went well, what did not, and every complaint."""
    done: list[str] = []
    failed: dict[str, str] = {}
    for name, act in {"connect": lambda: actor.connect(port), **acts}.items():
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
    return outcome


def perform(actor: Actor, arguments: list[str]) -> None:
    """Play everything and print the outcome. Arguments: port, control port, the order types as JSON."""
    play = Play(actor, Control(int(arguments[1])))
    outcome = outcome_of(actor, int(arguments[0]), play.acts(json.loads(arguments[2])))
    sys.stdout.write(json.dumps(outcome) + "\n")
