"""What the simulation has reached: faults in each order state, order transitions, session and trading states, rarities.

A campaign adds the coverage of its episodes up. An empty cell of something legal means the simulation is blind there.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tradetui.domain.order_state import LIVE_STATES, TRANSITIONS, Fact, OrderState

#: Facts are journaled under the name of what happened; these names are not facts of the state table.
_FACTS = {fact.value: fact for fact in Fact}

#: Moves of the table that no order can make in this program, each with its reason.
UNREACHABLE: dict[tuple[OrderState, Fact], str] = {
    **{(OrderState.NEW, fact): "an order is recorded only after the gate allowed it" for fact in Fact},
    **{(OrderState.GATED, fact): "gate and journal are one step: an order begins as JOURNALED" for fact in Fact},
}


@dataclass
class Coverage:
    """Counts of what was reached."""

    faults: Counter[tuple[str, OrderState]] = field(default_factory=Counter)
    sessions: Counter[tuple[str, str]] = field(default_factory=Counter)
    transitions: Counter[tuple[OrderState, Fact]] = field(default_factory=Counter)
    trading: Counter[str] = field(default_factory=Counter)
    sometimes: Counter[str] = field(default_factory=Counter)

    def add(self, other: Coverage) -> None:
        """Add another episode's counts."""
        self.faults.update(other.faults)
        self.sessions.update(other.sessions)
        self.transitions.update(other.transitions)
        self.trading.update(other.trading)
        self.sometimes.update(other.sometimes)

    def moved(self, before: OrderState, fact: str) -> None:
        """Count a move of an order, named as the journal names it."""
        known = _FACTS.get(fact)
        if known is not None and (before, known) in TRANSITIONS:
            self.transitions[before, known] += 1


def possible_transitions() -> list[tuple[OrderState, Fact]]:
    """Return the moves of the table that a simulation should take, in the table's order.

    A fact that leaves a state as it is changes no record, so that nothing tells of it: such loops are not counted.
    """
    return [move for move, after in TRANSITIONS.items() if move not in UNREACHABLE and after is not move[0]]


def live_states() -> list[OrderState]:
    """Return the live states in the order of an order's life."""
    return [state for state in OrderState if state in LIVE_STATES]
