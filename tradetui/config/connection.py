"""Where the market and the account are: broker, clock, instruments, and the demo that stands in for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from tradetui.config.values import (
    Account,
    Currency,
    Exchange,
    Expiry,
    MarketSource,
    Money,
    Port,
    Seconds,
    Section,
    Symbol,
)
from tradetui.domain.bar import BarSize
from tradetui.domain.instrument import SecType

DEFAULT_SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")
REPLAY_PREFIX = "replay:"

BarSizeKey = Annotated[BarSize, Field(strict=False)]
Symbols = Annotated[tuple[Symbol, ...], Field(strict=False, min_length=1, max_length=100)]
Speed = Annotated[float, Field(ge=0.1, le=3600, allow_inf_nan=False)]


class BrokerConfig(Section):
    """How to reach TWS or IB Gateway. The demo fixes host, port and account: it talks to its own paper gateway only."""

    host: Annotated[str, Field(min_length=1, max_length=253)] = "127.0.0.1"
    port: Port = 7497
    client_id: Annotated[int, Field(ge=0, le=2_147_483_647)] = 42
    account: Account | None = None
    """Account to trade; None takes the only one the gateway offers."""
    connect_timeout_s: Seconds = 10.0
    request_timeout_s: Seconds = 15.0
    """Time limit of one question to the broker; after it the answer is unknown."""
    reconnect_max_s: Seconds = 60.0
    """Longest pause between two connection attempts."""
    market_data_type: Literal["live", "frozen", "delayed", "delayed_frozen"] = "live"
    max_messages_per_s: Annotated[int, Field(ge=1, le=50)] = 45
    """IB closes the connection above 50."""


class ClockConfig(Section):
    """Market time against real time."""

    speed: Speed = 1.0
    """Market seconds per real second; anything but 1 is for the demo only."""


class InstrumentConfig(Section):
    """What differs from a US stock routed by SMART for one symbol."""

    sec_type: Annotated[SecType, Field(strict=False)] = SecType.STOCK
    exchange: Exchange = "SMART"
    primary_exchange: Exchange = ""
    currency: Currency = "USD"
    expiry: Expiry = ""
    """YYYYMM or YYYYMMDD for futures and options."""
    multiplier: Money = 1.0
    """Money per point and unit."""


class MarketConfig(Section):
    """What is watched."""

    symbols: Symbols = DEFAULT_SYMBOLS
    bar_size: BarSizeKey = BarSize.M1
    calendar: Annotated[str, Field(min_length=1, max_length=32)] = "XNYS"
    """Name of the exchange calendar that gives sessions, half days and holidays."""
    instruments: Mapping[Symbol, InstrumentConfig] = Field(default_factory=dict)
    """Per symbol: [market.instruments.SYMBOL]."""


class DemoConfig(Section):
    """The simulated market of `tradetui demo`."""

    port: Port = 4011
    """Port of the embedded paper gateway on 127.0.0.1."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 7
    """Same seed, same market."""
    market: MarketSource = "synthetic"
    """`synthetic`, or `replay:FILE` for recorded bars (CSV or Parquet, relative to the home)."""
    start: AwareDatetime | None = None
    """Market time at which the demo starts, with its offset from UTC; None leaves it to the gateway."""
    cash: Money = 100_000.0
    """Opening cash of the demo account."""
