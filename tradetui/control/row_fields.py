"""The rows of each section that the core shows, field by field: what a screen or a script may rely on.

The invariant: None means unknown, never zero; a later field is NotRequired, so that an older core can be read.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class CoreRow(TypedDict):
    """state: RUN|PAUSED|HALTED|KILLED. mode: PAPER|LIVE|UNKNOWN. phase: starting|syncing|trading|stopping.

    `flatten` is empty, what a running flatten does, `NOT FLAT: ...` or `FLAT`. `kill_pending`: orders of a kill are not
    confirmed dead yet. `review` is empty or says in one line what a restart left to be resolved. `exchange_tz` is
    the exchange's time zone by its IANA name; without it clients show UTC. `armed` is None where nothing has to be
    armed; an arm command names the `arming_digest` of what was shown as its target. `acknowledged` is the number of the
    newest alert that somebody has read, on whatever screen.
    """

    state: str
    phase: str
    mode: str
    profile: str
    account: str
    version: str
    pid: int
    config_hash: str
    started_ns: int
    market_ns: int
    speed: float
    session_date: str
    session_open: bool
    session_opens_ns: int | None
    session_closes_ns: int | None
    journal: str
    loop_lag_ms: float | None
    order_latency_p50_ms: float | None
    order_latency_p99_ms: float | None
    bars: int
    signals: int
    orders_sent: int
    refusals: int
    limits_version: NotRequired[int]
    rss_mb: float | None
    why: NotRequired[str]
    health: NotRequired[str]
    flatten: NotRequired[str]
    kill_pending: NotRequired[bool]
    review: NotRequired[str]
    acknowledged: NotRequired[int]
    acknowledged_by: NotRequired[str]
    armed: NotRequired[bool | None]
    last_armed: NotRequired[str]
    arming_digest: NotRequired[str]
    exchange_tz: NotRequired[str]


class LinkRow(TypedDict):
    """state: a SessionState. `down_s` is real seconds since the state began."""

    state: str
    host: str
    port: int
    client_id: int
    server_version: int | None
    reason: str
    since_s: float
    reconnects: int
    messages_per_s: float
    round_trip_ms: float | None
    clock_skew_s: float | None
    subscriptions: int


class AccountRow(TypedDict):
    """Our own figures; the broker's stand beside them for comparison. `provisional`: a commission is still missing."""

    equity: float | None
    cash: float | None
    day_pnl: float | None
    realized: float
    unrealized: float | None
    commissions: float
    drawdown_pct: float | None
    gross: float | None
    net: float | None
    leverage: float | None
    provisional: bool
    currency: str
    broker_equity: float | None
    broker_cash: float | None
    reconciled_ns: int | None


class LatchRow(TypedDict):
    """One reason to trade less; the row key is the latch key."""

    state: str
    who: str
    why: str
    ts_ns: int
    cleared_by: str
    symbol: str | None
    strategy: NotRequired[str | None]


class SymbolRow(TypedDict):
    """`spark`: the last closes, oldest first. `blocked`: why entries are blocked now, empty when they are not."""

    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    last: float | None
    prior_close: float | None
    change_pct: float | None
    volume: float | None
    age_s: float | None
    data_type: int
    halted: bool
    bar_end_ns: int | None
    bar_open: float | None
    bar_high: float | None
    bar_low: float | None
    bar_close: float | None
    bar_volume: float | None
    bars: int
    spark: list[float]
    blocked: str


class PositionRow(TypedDict):
    """`broker_qty` None: not known now. `owners` maps strategy (or EXTERNAL) to its signed quantity."""

    qty: float
    avg_cost: float
    mark: float | None
    value: float | None
    unrealized: float | None
    realized: float
    broker_qty: float | None
    mismatch: bool
    owners: dict[str, float]


class OrderRow(TypedDict):
    """Row key: intent id, or `perm:<permId>` for an external order (owner EXTERNAL)."""

    owner: str
    symbol: str
    side: str
    qty: float
    filled: float
    order_type: str
    limit_price: float | None
    stop_price: float | None
    tif: str
    purpose: str
    state: str
    live: bool
    avg_price: float | None
    commission: float | None
    perm_id: int | None
    order_id: int | None
    broker_status: str
    last_code: int | None
    last_text: str
    reason: str
    created_ns: int
    updated_ns: int


class FillRow(TypedDict):
    """Row key: execution id without its revision."""

    ts_ns: int
    owner: str
    symbol: str
    side: str
    qty: float
    price: float
    commission: float | None
    intent_id: str | None


class RiskRow(TypedDict):
    """One meter. Row key: control code. `used` is measured/limit in 0..1 and beyond, None when not measurable.

    `scope` names the strategy or symbol that is nearest to a limit on many; empty: the account.
    """

    label: str
    measured: float | None
    limit: float | None
    unit: str
    used: float | None
    breached: bool
    scope: NotRequired[str]


class LimitRow(TypedDict):
    """One limit. Row key: its name. `value` holds now, `file` is the configuration's, `staged` waits for a second step.

    `what` was last done to it (file, tighter, staged, confirmed, session, dropped), by `who` at `ts_ns`, for `reason`.
    """

    value: float | None
    file: float | None
    staged: float | None
    staged_date: str
    what: str
    who: str
    reason: str
    ts_ns: int
    version: int


class StrategyRow(TypedDict):
    """state: loading|warming|running|stopped|failed|hung. `off`: why breakers keep it from adding exposure."""

    state: str
    reason: str
    symbols: list[str]
    bar_size: str
    last_bar_ns: int | None
    decisions: int
    signals: int
    refusals: int
    errors: int
    realized: float
    unrealized: float | None
    source_hash: str
    off: NotRequired[str]


class AlertRow(TypedDict):
    """Row key: alert number. delivery: queued|sending|sent|delivered|undelivered|failed|suppressed|folded."""

    ts_ns: int
    severity: str
    cause: str
    text: str
    symbol: str | None
    delivery: str
    detail: str


class AlertingRow(TypedDict):
    """`state`: on, or off with the reason."""

    state: str
    undelivered: int


class LogRow(TypedDict):
    """Row key: rising number as text."""

    ts_ns: int
    level: str
    topic: str
    text: str
    symbol: str


class ReviewRow(TypedDict):
    """One item of the restart review. kind: adopted|unknown|mismatch|external. Row key: its place in the list.

    `key` is an intent id, `perm:<permId>` or `position:<symbol>`; `blocks`: trading waits for it after a restart.
    """

    key: str
    kind: str
    symbol: str
    text: str
    action: str
    blocks: bool


class ArmingRow(TypedDict):
    """One setting of a live core as text; `armed`: what it was when the core was last armed, None when not there then.

    Row key: the setting's name. The section is empty where nothing has to be armed.
    """

    now: str | None
    armed: str | None
