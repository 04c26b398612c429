"""Trades and quotes as they leave the broker layer: clean numbers, None for unknown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class DataType(IntEnum):
    """IB's market data types. Only LIVE allows entries on a live account."""

    LIVE = 1
    FROZEN = 2
    DELAYED = 3
    DELAYED_FROZEN = 4


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade print: `ts_ns` is the exchange's time of the trade, UTC nanoseconds."""

    symbol: str
    ts_ns: int
    price: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """The latest known top of book of one symbol.

    `ts_ns` is market time and `mono_ns` monotonic time of the last change. None means not known.
    """

    symbol: str
    ts_ns: int
    mono_ns: int
    bid: float | None = None
    ask: float | None = None
    bid_size: float | None = None
    ask_size: float | None = None
    last: float | None = None
    last_size: float | None = None
    open: float | None = None
    high: float | None = None
    low: float | None = None
    prior_close: float | None = None
    volume: float | None = None
    data_type: DataType = DataType.LIVE
    halted: bool = False

    @property
    def mid(self) -> float | None:
        """Middle of an uncrossed two-sided quote, else None."""
        if self.bid is None or self.ask is None or self.ask < self.bid:
            return None
        return (self.bid + self.ask) / 2

    @property
    def mark(self) -> float | None:
        """Price used to value a position: last trade, else mid, else prior close."""
        if self.last is not None:
            return self.last
        return self.mid if self.mid is not None else self.prior_close
