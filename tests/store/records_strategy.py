"""Hypothesis strategies for journal records, and the image kept in memory that the journal must agree with."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from tradetui.domain.alert import Alert, Severity
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ids import exec_key
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import Intent, OrderRecord, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import (
    AdjustmentSaved,
    AlertQueued,
    ArmedFact,
    ArmedSaved,
    BarConsumed,
    CommandSaved,
    CommissionSaved,
    DayStarted,
    DeliverySaved,
    EquityMarked,
    FillSaved,
    JournalImage,
    LatchCleared,
    LatchSaved,
    Note,
    OpeningCashSaved,
    OrderSaved,
    Record,
    RefusalSaved,
)
from tradetui.store.loading import COMMANDS, ORDER_DAYS_NS

IDS = st.sampled_from(["a1", "b2", "c3", "d4"])
SYMBOLS = st.sampled_from(["SPY", "QQQ"])
TEXT = st.text(max_size=12)
STAMPS = st.integers(0, 2 * 10**18)
MONEY = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: x + 0.0)
MAYBE = st.none() | MONEY
MAYBE_INT = st.none() | st.integers(-(2**31), 2**31)
SIDES = st.sampled_from(Side)


def intent_of(intent_id: str) -> Intent:
    """The intent of an id never changes, so it is derived from the id."""
    return Intent(
        intent_id=intent_id,
        strategy="momentum",
        symbol="SPY" if intent_id < "c" else "QQQ",
        side=Side.BUY,
        qty=len(intent_id) * 50.0,
        purpose=Purpose.ENTRY,
        order_type=OrderType.LIMIT,
        tif=TimeInForce.DAY,
        limit_price=431.07,
        bar_end_ns=1_748_871_060_000_000_000,
        reason="above its average",
        decided_ns=17,
    )


ORDERS = st.builds(
    OrderRecord,
    intent=IDS.map(intent_of),
    state=st.sampled_from(OrderState),
    order_ref=TEXT,
    order_id=MAYBE_INT,
    client_id=MAYBE_INT,
    perm_id=MAYBE_INT,
    filled=MONEY,
    avg_price=MAYBE,
    commission=MAYBE,
    broker_status=TEXT,
    last_code=MAYBE_INT,
    last_text=TEXT,
    created_ns=STAMPS,
    updated_ns=STAMPS,
    sent_mono_ns=MAYBE_INT,
    cancel_mono_ns=MAYBE_INT,
    cancel_tries=st.integers(0, 9),
    checks=st.integers(0, 9),
    touched_by_gap=st.booleans(),
    foreign_changed=st.booleans(),
    changed_qty=MAYBE,
)
EXEC_IDS = st.sampled_from(["0000e0d5.69dd.01.01", "0000e0d5.69dd.01.02", "0000e0d5.70aa.01.01", "plain"])
FILLS = st.builds(
    Fill,
    exec_id=EXEC_IDS,
    account=st.just("DU123"),
    symbol=SYMBOLS,
    side=SIDES,
    qty=MONEY,
    price=MONEY,
    ts_ns=STAMPS,
    order_ref=TEXT,
    perm_id=st.integers(0, 2**40),
    liquidation=st.booleans(),
)
COMMISSIONS = st.builds(Commission, exec_id=EXEC_IDS, amount=MONEY, realized_pnl=MAYBE)
ADJUSTMENTS = st.builds(
    Adjustment,
    adjustment_id=IDS,
    symbol=SYMBOLS,
    owner=TEXT,
    qty=MONEY,
    price=MONEY,
    cash=MONEY,
    reason=TEXT,
    who=TEXT,
    ts_ns=STAMPS,
    source=TEXT,
)
LATCHES = st.builds(
    Latch,
    key=IDS,
    state=st.sampled_from(TradingState),
    who=TEXT,
    why=TEXT,
    ts_ns=STAMPS,
    cleared_by=st.sampled_from(ClearedBy),
    symbol=st.none() | SYMBOLS,
    session_date=TEXT,
)
ALERTS = st.builds(
    Alert,
    number=st.integers(1, 50),
    severity=st.sampled_from(Severity),
    cause=TEXT,
    text=TEXT,
    market_ns=STAMPS,
    symbol=st.none() | SYMBOLS,
    detail=TEXT,
    closes=st.booleans(),
)
DATES = st.sampled_from(["2025-06-02", "2025-06-03", "2025-06-04"])

RECORDS: st.SearchStrategy[Record] = st.one_of(
    st.builds(OrderSaved, ORDERS, TEXT, TEXT),
    st.builds(BarConsumed, st.sampled_from(["momentum", "cross"]), SYMBOLS, STAMPS),
    st.builds(FillSaved, FILLS, TEXT, st.just(1.0)),
    st.builds(CommissionSaved, COMMISSIONS),
    st.builds(AdjustmentSaved, ADJUSTMENTS),
    st.builds(OpeningCashSaved, MONEY),
    st.builds(LatchSaved, LATCHES),
    st.builds(LatchCleared, IDS, TEXT, TEXT, STAMPS),
    st.builds(DayStarted, date=DATES, equity=MONEY, realized=MONEY, ts_ns=STAMPS),
    st.builds(
        EquityMarked,
        ts_ns=STAMPS,
        date=DATES,
        equity=MONEY,
        cash=MONEY,
        realized=MONEY,
        unrealized=MONEY,
        peak_equity=MONEY,
    ),
    st.builds(AlertQueued, ALERTS),
    st.builds(DeliverySaved, number=st.integers(1, 50), state=TEXT, attempts=st.integers(0, 9)),
    st.builds(
        RefusalSaved,
        ts_ns=STAMPS,
        strategy=TEXT,
        symbol=SYMBOLS,
        intent_id=IDS,
        side=TEXT,
        qty=MONEY,
        code=TEXT,
        measured=TEXT,
        limit=TEXT,
        text=TEXT,
    ),
    st.builds(CommandSaved, command_id=IDS, kind=TEXT, who=TEXT, detail=TEXT, result=TEXT, ts_ns=STAMPS),
    st.builds(
        ArmedSaved,
        date=DATES,
        who=TEXT,
        ts_ns=STAMPS,
        facts=st.lists(st.builds(ArmedFact, TEXT, TEXT), max_size=3).map(tuple),
    ),
    st.builds(Note, ts_ns=STAMPS, level=TEXT, topic=TEXT, text=TEXT, symbol=TEXT),
)


class ImageInMemory:
    """Applies records the way the core's own memory does."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderRecord] = {}
        self.fills: dict[str, FillSaved] = {}
        self.commissions: dict[str, Commission] = {}
        self.adjustments: dict[str, Adjustment] = {}
        self.opening_cash: float | None = None
        self.latches: dict[str, Latch] = {}
        self.consumed: dict[tuple[str, str], int] = {}
        self.day: DayStarted | None = None
        self.peak: float | None = None
        self.commands: list[CommandSaved] = []
        self.last_alert = 0
        self.armed: ArmedSaved | None = None

    def apply(self, record: Record) -> None:
        match record:
            case OrderSaved(order):
                self.orders[order.intent.intent_id] = replace(order, sent_mono_ns=None)
            case BarConsumed(strategy, symbol, end_ns):
                known = self.consumed.get((strategy, symbol), end_ns)
                self.consumed[strategy, symbol] = max(known, end_ns)
            case FillSaved(fill):
                self._fill(record, fill)
            case CommissionSaved(commission):
                self.commissions[exec_key(commission.exec_id).base] = commission
            case AdjustmentSaved(adjustment):
                self.adjustments.setdefault(adjustment.adjustment_id, adjustment)
            case OpeningCashSaved(amount):
                self.opening_cash = amount
            case LatchSaved(latch):
                self.latches[latch.key] = latch
            case LatchCleared(key):
                self.latches.pop(key, None)
            case DayStarted():
                self.day = record
            case EquityMarked():
                self.peak = record.peak_equity
            case AlertQueued(alert):
                self.last_alert = max(self.last_alert, alert.number)
            case ArmedSaved():
                self.armed = record
            case CommandSaved():
                self.commands.append(record)
            case DeliverySaved() | RefusalSaved() | Note():
                pass

    def _fill(self, record: FillSaved, fill: Fill) -> None:
        key = exec_key(fill.exec_id)
        known = self.fills.get(key.base)
        if known is None or exec_key(known.fill.exec_id).revision <= key.revision:
            self.fills[key.base] = record

    def image(self) -> JournalImage:
        newest = max((order.updated_ns for order in self.orders.values()), default=0)
        orders = (o for o in self.orders.values() if o.is_live or o.updated_ns >= newest - ORDER_DAYS_NS)
        return JournalImage(
            orders=tuple(orders),
            fills=tuple(self.fills.values()),
            commissions=tuple(self.commissions.values()),
            adjustments=tuple(self.adjustments.values()),
            opening_cash=self.opening_cash,
            latches=tuple(sorted(self.latches.values(), key=lambda latch: latch.key)),
            consumed=tuple(BarConsumed(*key, end_ns) for key, end_ns in sorted(self.consumed.items())),
            day=self.day,
            peak_equity=self.peak,
            commands=tuple(self.commands[-COMMANDS:]),
            next_alert_number=self.last_alert + 1,
            armed=self.armed,
        )
