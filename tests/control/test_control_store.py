"""The store: whatever the sequence of messages, the state shown is one the core really had."""

from __future__ import annotations

import copy
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.control.codec import CodecError, Message, decode, encode, state_messages
from tradetui.control.messages import Changes, Row, Section, State
from tradetui.control.store import Applied, Store

keys = st.sampled_from("abc")
sections = st.sampled_from(("core", "orders", "log"))
rows = st.fixed_dictionaries({"qty": st.integers(0, 3), "text": st.sampled_from(("", "x", "é"))})
changes = st.dictionaries(sections, st.dictionaries(keys, st.none() | rows, max_size=3), max_size=3)


def as_message(message: object) -> Message:
    return decode(encode(cast("Message", message)))


def snapshot(state: State, seq: int) -> list[Message]:
    return [as_message(part) for part in state_messages("snapshot", cast("Changes", state), seq)]


def delta(changed: Changes, seq: int) -> Message:
    return as_message(next(iter(state_messages("delta", changed, seq))))


def advance(state: State, changed: Changes) -> None:
    for name, changed_rows in changed.items():
        section: Section = state.setdefault(name, {})
        for key, row in changed_rows.items():
            if row is None:
                section.pop(key, None)
            else:
                section[key] = row


def filled(state: object) -> State:
    return {name: rows for name, rows in cast("State", state).items() if rows}


@given(st.dictionaries(sections, st.dictionaries(keys, rows, max_size=3)), st.lists(changes, max_size=12))
def test_any_sequence_of_deltas_equals_a_fresh_snapshot(first: State, following: list[Changes]) -> None:
    core = copy.deepcopy(first)
    store = Store()
    for part in snapshot(core, 1):
        store.apply(part)
    for number, changed in enumerate(following, start=2):
        advance(core, changed)
        assert store.apply(delta(changed, number)) is Applied.COMPLETE
    fresh = Store()
    for part in snapshot(core, 1):
        fresh.apply(part)
    assert filled(store.state) == filled(fresh.state) == filled(core)


@given(
    st.lists(changes, min_size=1, max_size=10),
    st.lists(st.sampled_from(("pass", "lose", "repeat")), min_size=10, max_size=10),
)
def test_lost_and_repeated_messages_never_show_a_state_the_core_did_not_have(
    following: list[Changes], fates: list[str]
) -> None:
    core: State = {}
    history = [filled(core)]
    store = Store()
    seq = 1
    for part in snapshot(core, seq):
        store.apply(part)
    for changed, fate in zip(following, fates, strict=False):
        seq += 1
        advance(core, changed)
        history.append(filled(copy.deepcopy(core)))
        deliveries = {"pass": 1, "lose": 0, "repeat": 2}[fate]
        outcomes = [store.apply(delta(changed, seq)) for _ in range(deliveries)]
        assert filled(store.state) in history
        if Applied.GAP in outcomes:
            seq += 1
            for part in snapshot(core, seq):
                assert store.apply(part) is Applied.COMPLETE
            assert filled(store.state) == filled(core)


@given(st.lists(changes, max_size=8))
def test_changed_since_names_every_section_that_differs(following: list[Changes]) -> None:
    core: State = {}
    store = Store()
    for part in snapshot(core, 1):
        store.apply(part)
    for number, changed in enumerate(following, start=2):
        before, version = filled(copy.deepcopy(dict(store.state))), store.version
        advance(core, changed)
        store.apply(delta(changed, number))
        after = filled(store.state)
        differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert differing <= store.changed_since(version)
        assert store.changed_since(store.version) == frozenset()


def test_a_delta_before_any_snapshot_is_a_gap() -> None:
    store = Store()
    assert store.apply(delta({"core": {"core": {"state": "RUN"}}}, 1)) is Applied.GAP
    assert store.state == {}


def test_the_old_state_stays_until_the_last_part_of_a_new_snapshot() -> None:
    store = Store()
    store.apply(as_message({"t": "snapshot", "seq": 1, "state": {"core": {"core": {"state": "RUN"}}}, "last": True}))
    part = as_message({"t": "snapshot", "seq": 5, "state": {"core": {"core": {"state": "KILLED"}}}, "last": False})
    assert store.apply(part) is Applied.PARTIAL
    assert not store.synced
    assert store.row("core") == {"state": "RUN"}
    end = as_message({"t": "snapshot", "seq": 6, "state": {"orders": {"a": {"qty": 1}}}, "last": True})
    assert store.apply(end) is Applied.COMPLETE
    assert store.row("core") == {"state": "KILLED"}
    assert store.section("orders") == {"a": {"qty": 1}}


def test_a_snapshot_that_begins_anew_drops_the_unfinished_one() -> None:
    store = Store()
    store.apply(as_message({"t": "snapshot", "seq": 1, "state": {"orders": {"old": {"qty": 1}}}, "last": False}))
    store.apply(as_message({"t": "snapshot", "seq": 9, "state": {"fills": {"f": {"qty": 1}}}, "last": True}))
    assert store.section("orders") == {}
    assert store.section("fills") == {"f": {"qty": 1}}


def test_a_new_connection_keeps_the_picture_but_needs_a_snapshot() -> None:
    store = Store()
    for part in snapshot({"core": {"core": {"state": "RUN"}}}, 1):
        store.apply(part)
    store.forget_numbering()
    assert store.row("core") == {"state": "RUN"}
    assert store.apply(delta({}, 2)) is Applied.GAP


def test_rows_are_replaced_so_that_a_held_row_does_not_change_under_its_holder() -> None:
    store = Store()
    for part in snapshot({"orders": {"a": {"qty": 1}}}, 1):
        store.apply(part)
    held: Row = store.section("orders")["a"]
    store.apply(delta({"orders": {"a": {"qty": 2}}}, 2))
    assert held == {"qty": 1}


@pytest.mark.parametrize(
    "message",
    [
        {"t": "delta", "state": {}},
        {"t": "delta", "seq": True, "state": {}},
        {"t": "delta", "seq": 1, "state": []},
        {"t": "delta", "seq": 1, "state": {"core": 3}},
        {"t": "snapshot", "seq": 1, "state": {"core": {"core": 3}}},
    ],
)
def test_a_message_of_another_shape_is_refused_and_changes_nothing(message: Message) -> None:
    store = Store()
    for part in snapshot({"orders": {"a": {"qty": 1}}}, 1):
        store.apply(part)
    with pytest.raises(CodecError):
        store.apply(message)
    assert store.section("orders") == {"a": {"qty": 1}}
