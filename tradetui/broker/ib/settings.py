"""What the connector must be told. Durations are real seconds."""

from __future__ import annotations

from dataclasses import dataclass, field

from tradetui.domain.tick import DataType
from tradetui.marketdata.quality import TickRules


@dataclass(frozen=True, slots=True, kw_only=True)
class IBSettings:
    """Where the gateway is, whose account is traded, and every time limit.

    `account` empty takes the only account the gateway offers. `paper` must agree with the account id's prefix.
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 42
    account: str = ""
    paper: bool = True
    data_type: DataType = DataType.LIVE
    max_messages_per_s: int = 45
    tws_timezone: str = "America/New_York"
    """Zone of execution times that come without one."""

    connect_timeout_s: float = 10.0
    request_timeout_s: float = 15.0
    sync_timeout_s: float = 15.0
    history_timeout_s: float = 60.0
    reconnect_first_s: float = 1.0
    reconnect_max_s: float = 60.0
    stable_after_s: float = 60.0
    """READY for this long makes the next loss begin with the shortest pause again."""
    client_id_patience_s: float = 60.0
    """How long a client id in use is retried at the start, before it is refused."""
    client_id_reclaim_s: float = 1800.0
    """The same after a session of ours was lost: a gateway that missed its end may hold the id for many minutes."""
    heartbeat_s: float = 15.0
    heartbeat_limit_s: float = 5.0
    doubt_limit_s: float = 900.0
    """A link in doubt (1100, 2110) for this long without a word of its return is replaced by a new one."""
    trade_patience_s: float = 10.0
    """A symbol with live ticks but no trade messages for this long is fed from its last price instead."""
    line_retry_s: float = 60.0
    """Pause before a refused market data line is asked for again."""
    tick_rules: TickRules = field(default_factory=TickRules)
    """What counts as a bad tick. Its limits on time must be off where the market clock is learned from the broker."""
