"""The journal as the core's shell keeps it: what is awaited is durable, what is not may be lost by a crash.

A failing journal keeps a backlog in memory; a crash loses it. `image_of` is what a restart begins from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tradetui.domain.order import OrderRecord
from tradetui.domain.records import (
    AdjustmentSaved,
    AlertQueued,
    ArmedSaved,
    BarConsumed,
    CommandSaved,
    CommissionSaved,
    DayFigureSaved,
    DayStarted,
    EquityMarked,
    FillSaved,
    JournalImage,
    LatchCleared,
    LatchSaved,
    LimitSaved,
    OpeningCashSaved,
    OrderSaved,
    Record,
    StrategyRearmed,
)


class JournalModel:
    """`written` survives a crash, `batch` (awaited by nothing) in part, the backlog of a failing journal not at all."""

    def __init__(self) -> None:
        self.written: list[Record] = []
        self.batch: list[tuple[Record, ...]] = []
        self.failing = False

    @property
    def records(self) -> list[Record]:
        """Every record the core made and no crash has lost."""
        return self.written + [record for step in self.batch for record in step]

    def take(self, records: Iterable[Record], *, awaited: bool) -> bool:
        """Take one step's records; return False when they were awaited and could not be written."""
        self.batch.append(tuple(records))
        if not awaited:
            return True
        self.flush()
        return not self.failing

    def flush(self) -> None:
        """Write what waits, unless the journal fails."""
        if not self.failing:
            self.written += [record for step in self.batch for record in step]
            self.batch.clear()

    def crash(self, kept: float = 1.0) -> None:
        """Lose what was not durable: the last steps of the batch, or all of it when the journal was failing."""
        survived = 0 if self.failing else round(len(self.batch) * kept)
        self.written += [record for step in self.batch[:survived] for record in step]
        self.batch.clear()
        self.failing = False


def image_of(records: Iterable[Record]) -> JournalImage:
    """Return what a journal with these records restarts from."""
    orders: dict[str, OrderRecord] = {}
    fills: dict[str, FillSaved] = {}
    commissions, adjustments, commands = [], [], []
    latches = {}
    consumed = {}
    figures: dict[tuple[str, str], DayFigureSaved] = {}
    rearms, limits = {}, {}
    image = JournalImage()
    for record in records:
        match record:
            case OrderSaved(order):
                orders[order.intent.intent_id] = order
            case FillSaved(fill):
                fills[fill.exec_id] = record
            case CommissionSaved(commission):
                commissions.append(commission)
            case AdjustmentSaved(adjustment):
                adjustments.append(adjustment)
            case OpeningCashSaved(amount):
                image = replace(image, opening_cash=amount)
            case LatchSaved(latch):
                latches[latch.key] = latch
            case LatchCleared(key):
                latches.pop(key, None)
            case BarConsumed():
                consumed[record.strategy, record.symbol] = record
            case DayStarted():
                image = replace(image, day=record, day_high=None)
            case EquityMarked():
                image = replace(image, peak_equity=record.peak_equity, day_high=record.day_high)
            case DayFigureSaved():
                figures[record.kind, record.name] = record
            case StrategyRearmed():
                rearms[record.strategy] = record
            case LimitSaved():
                limits[record.name] = record
            case CommandSaved():
                commands.append(record)
            case ArmedSaved():
                image = replace(image, armed=record)
            case AlertQueued(alert):
                image = replace(image, next_alert_number=alert.number + 1)
            case _:
                pass
    return replace(
        image,
        orders=tuple(orders.values()),
        fills=tuple(fills.values()),
        commissions=tuple(commissions),
        adjustments=tuple(adjustments),
        commands=tuple(commands),
        day_figures=tuple(item for item in figures.values() if image.day and item.date == image.day.date),
        rearms=tuple(rearms.values()),
        limits=tuple(limits.values()),
        latches=tuple(latches.values()),
        consumed=tuple(consumed.values()),
    )
