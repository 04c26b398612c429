"""The order life cycle as one table. Rule 1: everything that moves an order's state lives in this file.

An order at an unreliable broker is a protocol: facts arrive late, twice, out of order or never. A (state, fact) pair
that is in the table has one next state; a pair that is not raises IllegalTransition and changes nothing. Facts that may
lawfully repeat or arrive late are in the table as loops, so that raising always means a bug.

UNKNOWN means "may be live". It blocks entries on its symbol and is left only by evidence or by the operator. An error
code is never a fact here: it only asks for a look at the broker (Fact.REJECTED needs an order that was never
acknowledged and a code that IB documents as final).
"""

from __future__ import annotations

from enum import StrEnum

from tradetui.domain.errors import IllegalTransition


class OrderState(StrEnum):
    """Where an order is."""

    NEW = "NEW"
    DENIED = "DENIED"
    GATED = "GATED"
    JOURNALED = "JOURNALED"
    SENT = "SENT"
    ACKED = "ACKED"
    WORKING = "WORKING"
    PARTIAL = "PARTIAL"
    CANCEL_WANTED = "CANCEL_WANTED"
    UNKNOWN = "UNKNOWN"
    FILLED = "FILLED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    LOST = "LOST"
    LATE_FILL = "LATE_FILL"
    OVERFILL = "OVERFILL"


class Fact(StrEnum):
    """What moves an order."""

    GATE_ALLOWED = "gate allowed"
    GATE_DENIED = "gate denied"
    COMMITTED = "journal committed"
    COMMIT_FAILED = "journal failed"
    WRITTEN = "written to the socket"
    NOT_WRITTEN = "nothing was written"
    ACKNOWLEDGED = "broker acknowledged"
    WORKING = "broker reports it working"
    PART_FILLED = "execution, quantity left"
    FILLED_UP = "execution, nothing left"
    OVERFILLED = "executions exceed the quantity"
    CANCEL_ASKED = "cancel wanted"
    BROKER_CANCELLED = "broker reports it cancelled"
    REJECTED = "broker refused it"
    EXPIRED = "broker let it expire"
    IN_DOUBT = "outcome in doubt"
    PROVED_ABSENT = "proved never to have reached the broker"
    OPERATOR_CLOSED = "operator marked it dead"
    RAISED = "quantity raised by hand, and working"


S = OrderState
F = Fact

#: States in which the order may be live at the broker and counts as exposure.
LIVE_STATES = frozenset({S.JOURNALED, S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN})
#: States an order only leaves because of a late execution or because the broker shows it alive again.
TERMINAL_STATES = frozenset({S.DENIED, S.FILLED, S.CANCELLED, S.REJECTED, S.EXPIRED, S.LOST, S.LATE_FILL, S.OVERFILL})
#: Live at the broker by the broker's own word.
ACKNOWLEDGED_STATES = frozenset({S.ACKED, S.WORKING, S.PARTIAL, S.CANCEL_WANTED})

_CLOSED = (S.CANCELLED, S.REJECTED, S.EXPIRED, S.LOST)


def _build() -> dict[tuple[OrderState, Fact], OrderState]:
    table: dict[tuple[OrderState, Fact], OrderState] = {
        (S.NEW, F.GATE_ALLOWED): S.GATED,
        (S.NEW, F.GATE_DENIED): S.DENIED,
        (S.GATED, F.COMMITTED): S.JOURNALED,
        (S.GATED, F.COMMIT_FAILED): S.DENIED,
        (S.JOURNALED, F.WRITTEN): S.SENT,
        # The answer can overtake the note that we wrote the order.
        (S.ACKED, F.WRITTEN): S.ACKED,
        (S.WORKING, F.WRITTEN): S.WORKING,
        (S.PARTIAL, F.WRITTEN): S.PARTIAL,
        (S.CANCEL_WANTED, F.WRITTEN): S.CANCEL_WANTED,
        (S.UNKNOWN, F.WRITTEN): S.UNKNOWN,
        (S.JOURNALED, F.NOT_WRITTEN): S.LOST,
    }
    for state in LIVE_STATES:
        table[state, F.OVERFILLED] = S.OVERFILL
        table[state, F.FILLED_UP] = S.FILLED
        table[state, F.BROKER_CANCELLED] = S.CANCELLED
        table[state, F.EXPIRED] = S.EXPIRED
        table[state, F.IN_DOUBT] = S.UNKNOWN
        table[state, F.CANCEL_ASKED] = S.CANCEL_WANTED
        table[state, F.ACKNOWLEDGED] = S.ACKED
        table[state, F.WORKING] = S.WORKING
        table[state, F.PART_FILLED] = S.PARTIAL
    # Monotone: an older or weaker fact does not undo a stronger one.
    for state in (S.WORKING, S.PARTIAL, S.CANCEL_WANTED):
        table[state, F.ACKNOWLEDGED] = state
    for state in (S.PARTIAL, S.CANCEL_WANTED):
        table[state, F.WORKING] = state
    table[S.CANCEL_WANTED, F.PART_FILLED] = S.CANCEL_WANTED
    # In doubt stays in doubt when we want it cancelled: the wish is kept on the record, the doubt in the state.
    table[S.UNKNOWN, F.CANCEL_ASKED] = S.UNKNOWN
    for state in (S.JOURNALED, S.SENT, S.UNKNOWN):
        table[state, F.REJECTED] = S.REJECTED
        table[state, F.PROVED_ABSENT] = S.LOST
    for state in (S.ACKED, S.CANCEL_WANTED, S.WORKING):
        table[state, F.REJECTED] = S.REJECTED
    # A cancel may overtake an order that never reached the broker.
    table[S.CANCEL_WANTED, F.PROVED_ABSENT] = S.LOST
    table[S.UNKNOWN, F.OPERATOR_CLOSED] = S.CANCELLED
    table[S.CANCEL_WANTED, F.OPERATOR_CLOSED] = S.CANCELLED
    for state in _CLOSED:
        for fact in (F.PART_FILLED, F.FILLED_UP):
            table[state, fact] = S.LATE_FILL
        table[state, F.OVERFILLED] = S.OVERFILL
        # The broker shows it alive again (Inactive that came back, a false cancel): believe the broker, alert.
        table[state, F.ACKNOWLEDGED] = S.ACKED
        table[state, F.WORKING] = S.WORKING
    for state in (*_CLOSED, S.FILLED, S.LATE_FILL, S.OVERFILL):
        for fact in (F.BROKER_CANCELLED, F.EXPIRED, F.REJECTED, F.WRITTEN, F.CANCEL_ASKED, F.IN_DOUBT):
            table.setdefault((state, fact), state)
        table.setdefault((state, F.PROVED_ABSENT), state)
    for state in (S.FILLED, S.LATE_FILL, S.OVERFILL):
        for fact in (F.ACKNOWLEDGED, F.WORKING):
            table[state, fact] = state
        table[state, F.OVERFILLED] = S.OVERFILL
    # A correction can lower a filled order below its quantity; what is left is not working at the broker.
    for state in (S.FILLED, S.LATE_FILL, S.OVERFILL):
        for fact in (F.PART_FILLED, F.FILLED_UP):
            table[state, fact] = S.LATE_FILL if state is S.LATE_FILL else S.FILLED
        # Somebody raised its quantity at the broker's: what was filled up, or beyond, works again.
        table[state, F.RAISED] = S.PARTIAL
    return table


TRANSITIONS: dict[tuple[OrderState, Fact], OrderState] = _build()


def next_state(state: OrderState, fact: Fact) -> OrderState:
    """Return the state after `fact`.

    Raises:
        IllegalTransition: the table holds no such move; the caller's order is unchanged.
    """
    try:
        return TRANSITIONS[state, fact]
    except KeyError:
        raise IllegalTransition(f"order in state {state} cannot take the fact {fact.value!r}") from None


def is_reopening(state: OrderState, fact: Fact) -> bool:
    """Return whether `fact` brings a closed order back to life, which must be alerted."""
    return state in TERMINAL_STATES and TRANSITIONS.get((state, fact)) in LIVE_STATES
