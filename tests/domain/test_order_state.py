"""The life-cycle table: what is in it moves, what is not raises, and what must never happen is not in it."""

from __future__ import annotations

import itertools

import pytest

from tradetui.domain.errors import IllegalTransition
from tradetui.domain.order_state import (
    LIVE_STATES,
    TERMINAL_STATES,
    TRANSITIONS,
    Fact,
    OrderState,
    is_reopening,
    next_state,
)

FILL_FACTS = (Fact.PART_FILLED, Fact.FILLED_UP, Fact.OVERFILLED)


def test_every_state_is_live_or_terminal_or_not_yet_journaled() -> None:
    assert set(OrderState) == LIVE_STATES | TERMINAL_STATES | {OrderState.NEW, OrderState.GATED}
    assert not LIVE_STATES & TERMINAL_STATES


def test_a_move_that_is_not_in_the_table_raises() -> None:
    for pair in itertools.product(OrderState, Fact):
        if pair not in TRANSITIONS:
            with pytest.raises(IllegalTransition, match=pair[0].value):
                next_state(*pair)


def test_an_execution_is_accepted_in_every_state_after_the_journal() -> None:
    for state in OrderState:
        if state in (OrderState.NEW, OrderState.GATED, OrderState.DENIED):
            continue
        for fact in FILL_FACTS:
            next_state(state, fact)


def test_no_order_is_sent_without_the_journal() -> None:
    reached = {OrderState.NEW}
    while True:
        more = {TRANSITIONS[pair] for pair in TRANSITIONS if pair[0] in reached and pair[1] is not Fact.COMMITTED}
        if more <= reached:
            break
        reached |= more
    assert reached == {OrderState.NEW, OrderState.GATED, OrderState.DENIED}


def test_doubt_is_left_only_by_evidence_or_the_operator() -> None:
    leaving = {
        fact for (state, fact), after in TRANSITIONS.items() if state is OrderState.UNKNOWN and after is not state
    }
    assert leaving == {
        *FILL_FACTS,
        Fact.ACKNOWLEDGED,
        Fact.WORKING,
        Fact.BROKER_CANCELLED,
        Fact.EXPIRED,
        Fact.REJECTED,
        Fact.PROVED_ABSENT,
        Fact.OPERATOR_CLOSED,
    }


def test_a_filled_order_comes_back_to_life_only_when_somebody_raised_it_at_the_broker() -> None:
    assert TRANSITIONS[OrderState.FILLED, Fact.RAISED] is OrderState.PARTIAL
    for fact in set(Fact) - {Fact.RAISED}:
        after = TRANSITIONS.get((OrderState.FILLED, fact))
        assert after is None or after in TERMINAL_STATES


def test_a_closed_order_is_reopened_only_by_the_brokers_word() -> None:
    reopening = {fact for state in TERMINAL_STATES for fact in Fact if is_reopening(state, fact)}
    assert reopening == {Fact.ACKNOWLEDGED, Fact.WORKING, Fact.RAISED}


def test_a_repeated_fact_changes_nothing_more() -> None:
    for (state, fact), after in TRANSITIONS.items():
        again = TRANSITIONS.get((after, fact), after)
        late = {OrderState.FILLED, OrderState.LATE_FILL, OrderState.OVERFILL}
        assert again is after or after in late or fact in FILL_FACTS, (state, fact)
