"""All that one episode plays with, and what its observers remember of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from tradetui.domain.actions import Action, CancelOrder, Commit, DeliverBar, PlaceOrder, Reply
from tradetui.domain.events import Event, TimerFired
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.order import BrokerOrder, OrderRecord
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import LatchCleared, LatchSaved, OrderSaved
from tradetui.simulation.coverage import Coverage
from tradetui.simulation.evidence import Evidence
from tradetui.simulation.wire import Wire
from tradetui.simulation.world import World

Pair = tuple[str, str]


class Violation(Exception):
    """An invariant does not hold; the text begins with its number."""


@dataclass
class Scene:
    """A world with its wire, what the core was told, and what was reached.

    `blind` are the parts that the next looks will lack. `moment` names what has just happened, for the next fault.
    `protects` says that strategies protect positions here: `to_protect` are (strategy, symbol) that are to have a stop,
    `spent_stops` those of positions that are gone.
    """

    world: World
    wire: Wire
    evidence: Evidence = field(default_factory=Evidence)
    coverage: Coverage = field(default_factory=Coverage)
    sent_ids: set[str] = field(default_factory=set)
    sent_at: list[int] = field(default_factory=list)
    journal_known_bad: bool = False
    unhealthy: set[str] = field(default_factory=set)
    killed: bool = False
    stop_file: bool = False
    replies_read: int = 0
    flat_before: bool = False
    adopted: bool = False
    blind: list[tuple[str, ...]] = field(default_factory=list)
    moment: str = ""
    moment_age: int = 0
    protects: bool = False
    to_protect: set[Pair] = field(default_factory=set)
    spent_stops: set[str] = field(default_factory=set)
    trace: blake2b = field(default_factory=lambda: blake2b(digest_size=12))

    def happened(self, moment: str) -> None:
        """Note a moment that faults may aim at."""
        self.moment, self.moment_age = moment, 0

    def ours(self, order: BrokerOrder) -> OrderRecord | None:
        """Return the core's record of a broker's order."""
        intent_id = intent_of_ref(order.order_ref)
        return self.world.core.state.book.get(intent_id) if intent_id else None

    def state_of(self, order: BrokerOrder) -> list[OrderState]:
        """Return the core's state of a broker's order; empty when it is not ours."""
        ours = self.ours(order)
        return [ours.state] if ours is not None else []

    def live_states(self) -> list[OrderState]:
        """Return the states of all orders that may be live."""
        return [order.state for order in self.world.core.state.book.live()]

    def read_replies(self, actions: Sequence[Action] = ()) -> None:
        """Learn from the answers given to the operator whether trading is killed; a step may be about to end it."""
        replies = self.world.replies
        for reply in replies[self.replies_read :]:
            if reply.status != "denied" and reply.text.startswith("KILLED") and "has ended" not in reply.text:
                self.killed = True
            elif reply.text.startswith("no longer KILLED"):
                self.killed = False
        self.replies_read = len(replies)
        if any(isinstance(action, Reply) and action.text.startswith("no longer KILLED") for action in actions):
            self.killed = False

    def write_trace(self, event: Event, actions: Sequence[Action]) -> None:
        """Add one step to the trace's hash."""
        if not actions and isinstance(event, TimerFired):
            return
        line = f"{self.world.mono_ns} {self.world.market_ns} {type(event).__name__} {_lines(actions)}\n"
        self.trace.update(line.encode())


def _lines(actions: Sequence[Action]) -> str:
    words: list[str] = []
    for action in actions:
        match action:
            case Commit(records):
                for record in records:
                    words.append(type(record).__name__)
                    if isinstance(record, OrderSaved):
                        order = record.order
                        words.append(f"{order.intent.intent_id}:{order.state}:{record.fact}:{order.filled}")
                    elif isinstance(record, LatchSaved):
                        words.append(record.latch.key)
                    elif isinstance(record, LatchCleared):
                        words.append(record.key)
            case PlaceOrder(intent):
                words.append(f"place {intent.intent_id} {intent.side} {intent.qty} {intent.symbol}")
            case CancelOrder():
                words.append(f"cancel {action.intent_id} {action.order_id}")
            case Reply():
                words.append(f"reply {action.status} {action.text}")
            case DeliverBar():
                words.append(f"bar {action.strategy} {action.decide}")
            case _:
                words.append(type(action).__name__)
    return " ".join(words)
