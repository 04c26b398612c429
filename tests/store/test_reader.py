"""Questions to the journal are answered from committed rows, without writing, also while the core writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.store.records_strategy import intent_of
from tradetui.domain.errors import OperatorError, StoreError
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.order import OrderRecord, Side
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import CommissionSaved, FillSaved, LatchSaved, Note, OrderSaved, RefusalSaved
from tradetui.store.journal import Journal
from tradetui.store.reader import Reader

REF = "tt:momentum:aaaa1111"


def order(state: OrderState, at_ns: int, intent_id: str = "aaaa1111") -> OrderRecord:
    ref = f"tt:momentum:{intent_id}"
    return OrderRecord(
        intent=intent_of(intent_id),
        state=state,
        order_ref=ref,
        created_ns=20,
        updated_ns=at_ns,
        perm_id=777,
        limits_version=3,
    )


def fill(exec_id: str, at_ns: int) -> Fill:
    return Fill(
        exec_id=exec_id,
        account="DU1",
        symbol="SPY",
        side=Side.BUY,
        qty=10,
        price=431.1,
        ts_ns=at_ns,
        order_ref=REF,
        perm_id=777,
    )


def refusal(intent_id: str) -> RefusalSaved:
    return RefusalSaved(
        ts_ns=5,
        strategy="momentum",
        symbol="SPY",
        intent_id=intent_id,
        side="BUY",
        qty=10,
        code="COLLAR",
        measured="3.1 %",
        limit="2 %",
        text="too far from the market",
        limits_version=2,
    )


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = await Journal.open(tmp_path / "journal.db")
    await opened.commit([OrderSaved(order(OrderState.JOURNALED, 20), "journaled")])
    await opened.commit([OrderSaved(order(OrderState.FILLED, 40), "execution, nothing left")])
    await opened.commit([OrderSaved(order(OrderState.UNKNOWN, 41, "bbbb2222"), "outcome in doubt")])
    await opened.commit(
        [FillSaved(fill("e1.01", 39), "momentum", 1.0), CommissionSaved(Commission(exec_id="e1.01", amount=1))]
    )
    await opened.commit([refusal("cccc3333")])
    latch = Latch(
        key="kill",
        state=TradingState.KILLED,
        who="ops",
        why="killed: test",
        ts_ns=50,
        cleared_by=ClearedBy.OPERATOR_TYPED,
    )
    await opened.commit([LatchSaved(latch)])
    yield opened
    await opened.close()


@pytest.fixture
def reader(journal: Journal, tmp_path: Path) -> Iterator[Reader]:
    opened = Reader.open(tmp_path / "journal.db")
    yield opened
    opened.close()


def test_orders_come_newest_first_and_can_be_limited_to_live_ones(reader: Reader) -> None:
    assert [row["id"] for row in reader.ask("orders", {})] == ["bbbb2222", "aaaa1111"]
    assert [row["id"] for row in reader.ask("orders", {"live": True})] == ["bbbb2222"]
    assert reader.ask("orders", {"symbol": "NOPE"}) == []


def test_fills_carry_their_commission_and_their_order(reader: Reader) -> None:
    (row,) = reader.ask("fills", {"symbol": "SPY"})
    assert (row["id"], row["commission"], row["intent_id"]) == ("e1", 1.0, "aaaa1111")


@pytest.mark.parametrize("given", ["aaaa1111", "aaaa", REF, "e1.01", "e1"])
def test_an_order_is_explained_by_any_of_its_ids(reader: Reader, given: str) -> None:
    story = reader.ask("explain", {"id": given})
    assert [row["what"] for row in story] == ["decided", "gate", "JOURNALED", "fill", "FILLED"]
    assert "momentum wanted BUY" in str(story[0]["text"])
    assert story[1]["text"] == "passed by limits version 3"
    assert "commission 1.00" in str(story[3]["text"])


def test_an_order_the_gate_refused_is_explained_with_measured_and_limit(reader: Reader) -> None:
    (row,) = reader.ask("explain", {"id": "cccc3333"})
    assert row["text"] == "COLLAR: too far from the market (measured 3.1 %, limit 2 %), by limits version 2"


def test_an_id_that_fits_nothing_or_several_orders_is_refused(reader: Reader) -> None:
    with pytest.raises(OperatorError, match="no order has the id"):
        reader.ask("explain", {"id": "zzzz"})
    with pytest.raises(OperatorError, match="several ids"):
        reader.ask("explain", {"id": "777"})


def test_why_names_latches_orders_in_doubt_and_refusals(reader: Reader) -> None:
    rows = reader.ask("why", {"symbol": "SPY"})
    assert [(row["kind"], row["code"]) for row in rows] == [
        ("latch", "kill"),
        ("unknown", "bbbb2222"),
        ("refusal", "COLLAR"),
    ]
    assert "KILLED: killed: test" in str(rows[0]["text"])


def test_unknown_questions_and_wrong_limits_are_refused_by_name(reader: Reader) -> None:
    with pytest.raises(OperatorError, match="no question 'weather'"):
        reader.ask("weather", {})
    with pytest.raises(OperatorError, match="limit is 0"):
        reader.ask("log", {"limit": 0})


async def test_a_reader_sees_commits_made_after_it_was_opened_and_never_blocks_them(
    journal: Journal, reader: Reader
) -> None:
    await journal.commit([Note(ts_ns=60, level="ERROR", topic="x", text="fresh")])
    (row,) = reader.ask("log", {"level": "ERROR"})
    assert row["text"] == "fresh"


def test_a_journal_whose_core_was_killed_can_be_read_without_a_writer(journal: Journal, tmp_path: Path) -> None:
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    for file in ("journal.db", "journal.db-wal"):
        (crashed / file).write_bytes((tmp_path / file).read_bytes())
    reader = Reader.open(crashed / "journal.db")
    assert len(reader.ask("orders", {})) == 2
    reader.close()


def test_a_missing_journal_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no journal yet"):
        Reader.open(tmp_path / "none.db")
