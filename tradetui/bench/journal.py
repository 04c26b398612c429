"""One durable commit of the journal, as large as the one that goes before an order, on the disk of temporary files."""

from __future__ import annotations

import asyncio
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from tradetui.bench.gate import an_entry
from tradetui.bench.measure import Measurement, percentile
from tradetui.domain.ids import order_ref
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import BarConsumed, Note, OrderSaved, Record
from tradetui.store.journal import Journal, Run

COMMITS = 500
#: Real seconds between two commits: a trading program commits out of rest, not in a row.
PAUSE_S = 0.005


def measure(scale: float) -> list[Measurement]:
    """Return what a commit takes, WAL with synchronous FULL, thread hop included."""
    with tempfile.TemporaryDirectory(prefix="tradetui-bench-") as folder:
        samples = asyncio.run(_commits(Path(folder) / "journal.db", max(20, int(COMMITS * scale))))
    what = "an order's records committed and synced, thread hop included"
    return [
        Measurement(name="journal.p50", what=what, value=percentile(samples, 50), unit="ms"),
        Measurement(name="journal.p99", what=what, value=percentile(samples, 99), unit="ms"),
    ]


async def _commits(path: Path, count: int) -> list[float]:
    """Return the milliseconds of each of `count` commits."""
    journal = await Journal.open(path)
    samples = []
    try:
        await journal.begin_run(
            Run(run_id="bench", pid=1, version="", profile="demo", account="DU1234567", config_hash="")
        )
        for number in range(count):
            records = _records(number)
            begin = time.perf_counter()
            await journal.commit(records)
            samples.append((time.perf_counter() - begin) * 1000)
            await asyncio.sleep(PAUSE_S)
    finally:
        await journal.close()
    return samples


def _records(number: int) -> list[Record]:
    intent = replace(an_entry(), intent_id=f"i{number}", bar_end_ns=number)
    order = OrderRecord(
        intent=intent,
        state=OrderState.JOURNALED,
        order_ref=order_ref(intent.strategy, intent.intent_id),
        created_ns=number,
        updated_ns=number,
    )
    return [
        BarConsumed(intent.strategy, intent.symbol, number),
        OrderSaved(order, "journaled"),
        Note(ts_ns=number, level="INFO", topic="order", text="bench BUY 100 SPY LMT: entry", symbol="SPY"),
    ]
