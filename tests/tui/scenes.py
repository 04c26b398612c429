"""States of a core for the UI's tests: a demo day in several situations."""

from __future__ import annotations

import math

from tradetui.control.messages import Row, State

NS = 1_000_000_000
#: 2026-03-12 10:31:05 in New York, on a trading day.
NOW_NS = 1_773_325_865 * NS
SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")


def core_row(**changes: object) -> Row:
    row: Row = {
        "state": "RUN",
        "why": "",
        "phase": "trading",
        "mode": "PAPER",
        "profile": "demo",
        "account": "DU1234567",
        "version": "0.1.0",
        "pid": 4242,
        "config_hash": "abc",
        "started_ns": NOW_NS - 3600 * NS,
        "market_ns": NOW_NS,
        "speed": 60.0,
        "session_date": "2026-03-12",
        "session_open": True,
        "session_opens_ns": NOW_NS - 3665 * NS,
        "session_closes_ns": NOW_NS + 19735 * NS,
        "journal": "ok",
        "flatten": "",
        "kill_pending": False,
        "exchange_tz": "America/New_York",
        "loop_lag_ms": 1.2,
        "order_latency_p50_ms": 0.9,
        "order_latency_p99_ms": 3.1,
        "bars": 240,
        "signals": 9,
        "orders_sent": 9,
        "refusals": 1,
        "rss_mb": 84.0,
    }
    return {**row, **changes}  # type: ignore[dict-item]


def link_row(**changes: object) -> Row:
    row: Row = {
        "state": "READY",
        "host": "127.0.0.1",
        "port": 4002,
        "client_id": 7,
        "server_version": 178,
        "reason": "",
        "since_s": 754.0,
        "reconnects": 0,
        "messages_per_s": 41.0,
        "round_trip_ms": 2.0,
        "clock_skew_s": 0.0,
        "subscriptions": 4,
    }
    return {**row, **changes}  # type: ignore[dict-item]


def symbol_row(number: int, **changes: object) -> Row:
    last = 100.0 + 137.0 * (number % 5) + number
    row: Row = {
        "bid": last - 0.01,
        "ask": last + 0.01,
        "bid_size": 300.0,
        "ask_size": 500.0,
        "last": last,
        "prior_close": last * (1 - 0.004 * ((number % 3) - 1)),
        "change_pct": 0.4 * ((number % 3) - 1) + 0.03,
        "volume": 1_250_000.0 * (number + 1),
        "age_s": 0.0,
        "data_type": 1,
        "halted": False,
        "bar_end_ns": NOW_NS - 5 * NS,
        "bar_open": last,
        "bar_high": last + 0.2,
        "bar_low": last - 0.2,
        "bar_close": last,
        "bar_volume": 9000.0,
        "bars": 61,
        "spark": [last + math.sin(n / 3 + number) for n in range(30)],
        "blocked": "",
    }
    return {**row, **changes}  # type: ignore[dict-item]


def position_row(qty: float, broker_qty: float | None, **changes: object) -> Row:
    row: Row = {
        "qty": qty,
        "avg_cost": 100.0,
        "mark": 101.25,
        "value": qty * 101.25,
        "unrealized": qty * 1.25,
        "realized": 12.5,
        "broker_qty": broker_qty,
        "mismatch": broker_qty is not None and broker_qty != qty,
        "owners": {"ma_crossover": qty},
    }
    return {**row, **changes}  # type: ignore[dict-item]


def order_row(symbol: str, state: str, *, minutes_ago: int = 0, live: bool = False, **changes: object) -> Row:
    row: Row = {
        "owner": "ma_crossover",
        "symbol": symbol,
        "side": "BUY",
        "qty": 100.0,
        "filled": 100.0 if state == "FILLED" else 0.0,
        "order_type": "LMT",
        "limit_price": 512.34,
        "stop_price": None,
        "tif": "DAY",
        "purpose": "entry",
        "state": state,
        "live": live,
        "avg_price": 512.30 if state == "FILLED" else None,
        "commission": 1.0,
        "perm_id": 1,
        "order_id": 1,
        "broker_status": "",
        "last_code": None,
        "last_text": "",
        "reason": "fast above slow",
        "created_ns": NOW_NS - 60 * NS * minutes_ago,
        "updated_ns": NOW_NS - 60 * NS * minutes_ago,
    }
    return {**row, **changes}  # type: ignore[dict-item]


def risk_row(label: str, measured: float | None, limit: float, unit: str = "money", **changes: object) -> Row:
    row: Row = {
        "label": label,
        "measured": measured,
        "limit": limit,
        "unit": unit,
        "used": None if measured is None else measured / limit,
        "breached": measured is not None and measured >= limit,
    }
    return {**row, **changes}  # type: ignore[dict-item]


def log_row(text: str, *, level: str = "INFO", topic: str = "order", seconds_ago: int = 0, symbol: str = "") -> Row:
    return {"ts_ns": NOW_NS - seconds_ago * NS, "level": level, "topic": topic, "text": text, "symbol": symbol}


def demo_state(symbols: int = 4) -> State:
    """Return a calm demo day with `symbols` symbols."""
    names = [*SYMBOLS, *(f"SYM{n}" for n in range(symbols))][:symbols]
    return {
        "core": {"core": core_row()},
        "link": {"link": link_row()},
        "account": {
            "account": {
                "equity": 100_412.5,
                "cash": 60_000.0,
                "day_pnl": 412.5,
                "realized": 50.0,
                "unrealized": 362.5,
                "commissions": 9.0,
                "drawdown_pct": 0.2,
                "gross": 40_000.0,
                "net": 40_000.0,
                "leverage": 0.4,
                "provisional": False,
                "currency": "USD",
                "broker_equity": 100_412.5,
                "broker_cash": 60_000.0,
                "reconciled_ns": NOW_NS - 30 * NS,
            }
        },
        "latches": {},
        "symbols": {name: symbol_row(number) for number, name in enumerate(names)},
        "positions": {"SPY": position_row(100.0, 100.0), "QQQ": position_row(-40.0, -40.0, unrealized=-50.0)},
        "orders": {
            "o1": order_row("SPY", "FILLED", minutes_ago=20),
            "o2": order_row("QQQ", "FILLED", minutes_ago=9, side="SELL", qty=40.0, filled=40.0),
            "o3": order_row("IWM", "WORKING", minutes_ago=1, live=True),
            "o4": order_row("DIA", "DENIED", minutes_ago=5, last_text="gross 41,000 over 40,000"),
        },
        "fills": {},
        "risk": {
            "DAILY_LOSS": risk_row("daily loss", 0.0, 500.0),
            "DRAWDOWN": risk_row("drawdown", 0.2, 3.0, "%"),
            "GROSS_EXPOSURE": risk_row("gross exposure", 40_000.0, 100_000.0),
            "LEVERAGE": risk_row("leverage", 0.4, 1.0, "x"),
            "POSITION_SIZE": risk_row("largest position", 9_100.0, 10_000.0),
            "ORDER_RATE_DAY": risk_row("orders/day", 9.0, 100.0, "count"),
        },
        "strategies": {
            "ma_crossover": {"state": "running", "reason": "", "signals": 6},
            "momentum": {"state": "warming", "reason": "12 of 20 bars", "signals": 0},
        },
        "alerts": {
            "1": {
                "ts_ns": NOW_NS - 900 * NS,
                "severity": "WARNING",
                "cause": "disconnect",
                "text": "broker link lost for 4 s",
                "symbol": None,
                "delivery": "delivered",
                "detail": "",
            }
        },
        "alerting": {"alerting": {"state": "off: no credentials", "undelivered": 0}},
        "log": {
            "1": log_row("connected, server version 178", topic="link", seconds_ago=1200),
            "2": log_row("BUY 100 LMT 512.34 filled at 512.30", seconds_ago=1190, symbol="SPY"),
            "3": log_row("SELL 40 LMT filled", seconds_ago=540, symbol="QQQ"),
            "4": log_row("entry refused: gross 41,000 over 40,000", level="WARNING", topic="gate", seconds_ago=300),
            "5": log_row("BUY 100 LMT 512.34 working", seconds_ago=60, symbol="IWM"),
        },
    }
