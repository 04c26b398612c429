"""Step 1: the whole journal.

Tables that say what happened (`*_events`, `fill_revisions`, `commands`, `refusals`) take no update and no delete, and
an intent never changes once written: triggers hold that against our own bugs. `seq` and rowids order rows, not clocks.
"""

_APPEND_ONLY = ("order_events", "fill_revisions", "latch_events", "commands", "refusals")

SQL = """
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    started_wall_ns INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL,
    profile TEXT NOT NULL,
    account TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    ended_wall_ns INTEGER,
    end_reason TEXT
) STRICT;

CREATE TABLE intents (
    intent_id TEXT PRIMARY KEY,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    qty REAL NOT NULL,
    purpose TEXT NOT NULL,
    order_type TEXT NOT NULL,
    tif TEXT NOT NULL,
    limit_price REAL,
    stop_price REAL,
    outside_rth INTEGER NOT NULL,
    bar_end_ns INTEGER NOT NULL,
    leg TEXT NOT NULL,
    reason TEXT NOT NULL,
    decided_ns INTEGER NOT NULL,
    reference_price REAL
) STRICT;
CREATE INDEX intents_by_symbol ON intents (symbol);
CREATE TRIGGER intents_are_final BEFORE UPDATE ON intents
BEGIN SELECT RAISE(ABORT, 'an intent never changes'); END;

CREATE TABLE orders (
    intent_id TEXT PRIMARY KEY REFERENCES intents (intent_id),
    state TEXT NOT NULL,
    order_ref TEXT NOT NULL,
    order_id INTEGER,
    client_id INTEGER,
    perm_id INTEGER,
    filled REAL NOT NULL,
    avg_price REAL,
    commission REAL,
    broker_status TEXT NOT NULL,
    last_code INTEGER,
    last_text TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    cancel_mono_ns INTEGER,
    cancel_tries INTEGER NOT NULL,
    checks INTEGER NOT NULL,
    touched_by_gap INTEGER NOT NULL,
    foreign_changed INTEGER NOT NULL,
    changed_qty REAL
) STRICT;
CREATE INDEX orders_by_time ON orders (updated_ns);
CREATE INDEX orders_by_state ON orders (state);
CREATE INDEX orders_by_perm_id ON orders (perm_id);
CREATE INDEX orders_by_ref ON orders (order_ref);

CREATE TABLE order_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    intent_id TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    state TEXT NOT NULL,
    fact TEXT NOT NULL,
    detail TEXT NOT NULL,
    filled REAL NOT NULL,
    order_id INTEGER,
    perm_id INTEGER,
    broker_status TEXT NOT NULL
) STRICT;
CREATE INDEX order_events_by_intent ON order_events (intent_id);

CREATE TABLE fills (
    exec_base TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    exec_id TEXT NOT NULL,
    account TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    qty REAL NOT NULL,
    price REAL NOT NULL,
    ts_ns INTEGER NOT NULL,
    order_ref TEXT NOT NULL,
    perm_id INTEGER NOT NULL,
    order_id INTEGER NOT NULL,
    client_id INTEGER NOT NULL,
    liquidation INTEGER NOT NULL,
    owner TEXT NOT NULL,
    multiplier REAL NOT NULL
) STRICT;
CREATE INDEX fills_by_time ON fills (ts_ns);
CREATE INDEX fills_by_ref ON fills (order_ref);

CREATE TABLE fill_revisions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    exec_id TEXT NOT NULL,
    symbol TEXT NOT NULL,
    side TEXT NOT NULL,
    qty REAL NOT NULL,
    price REAL NOT NULL,
    ts_ns INTEGER NOT NULL,
    owner TEXT NOT NULL
) STRICT;

CREATE TABLE commissions (
    exec_base TEXT PRIMARY KEY,
    exec_id TEXT NOT NULL,
    amount REAL NOT NULL,
    currency TEXT NOT NULL,
    realized_pnl REAL
) STRICT;

CREATE TABLE adjustments (
    adjustment_id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    owner TEXT NOT NULL,
    qty REAL NOT NULL,
    price REAL NOT NULL,
    cash REAL NOT NULL,
    reason TEXT NOT NULL,
    who TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    after_fills INTEGER NOT NULL
) STRICT;

CREATE TABLE latches (
    key TEXT PRIMARY KEY,
    state INTEGER NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    ts_ns INTEGER NOT NULL,
    cleared_by TEXT NOT NULL,
    symbol TEXT,
    session_date TEXT NOT NULL
) STRICT;

CREATE TABLE latch_events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    what TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE consumed_bars (
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    bar_end_ns INTEGER NOT NULL,
    PRIMARY KEY (strategy, symbol, bar_end_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE days (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    date TEXT NOT NULL UNIQUE,
    equity REAL NOT NULL,
    realized REAL NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE equity (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ns INTEGER NOT NULL,
    date TEXT NOT NULL,
    equity REAL NOT NULL,
    cash REAL NOT NULL,
    realized REAL NOT NULL,
    unrealized REAL NOT NULL,
    peak_equity REAL NOT NULL
) STRICT;

CREATE TABLE alerts (
    number INTEGER PRIMARY KEY,
    severity INTEGER NOT NULL,
    cause TEXT NOT NULL,
    text TEXT NOT NULL,
    market_ns INTEGER NOT NULL,
    symbol TEXT,
    detail TEXT NOT NULL,
    closes INTEGER NOT NULL,
    delivery TEXT NOT NULL DEFAULT 'QUEUED',
    attempts INTEGER NOT NULL DEFAULT 0,
    sid TEXT,
    code INTEGER,
    outcome TEXT NOT NULL DEFAULT '',
    queued_wall_ns INTEGER NOT NULL,
    delivery_wall_ns INTEGER
) STRICT;
CREATE INDEX alerts_by_delivery ON alerts (delivery);

CREATE TABLE refusals (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ns INTEGER NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    side TEXT NOT NULL,
    qty REAL NOT NULL,
    code TEXT NOT NULL,
    measured TEXT NOT NULL,
    "limit" TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;
CREATE INDEX refusals_by_symbol ON refusals (symbol);
CREATE INDEX refusals_by_intent ON refusals (intent_id);

CREATE TABLE commands (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    who TEXT NOT NULL,
    detail TEXT NOT NULL,
    result TEXT NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE notes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    ts_ns INTEGER NOT NULL,
    level TEXT NOT NULL,
    topic TEXT NOT NULL,
    text TEXT NOT NULL,
    symbol TEXT NOT NULL
) STRICT;
"""

SQL += "".join(
    f"""
CREATE TRIGGER {table}_take_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_take_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
    for table in _APPEND_ONLY
)
