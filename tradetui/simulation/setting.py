"""The small market that simulated cores trade in: two stocks, weekday sessions, generous limits unless changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from tradetui.domain.clock import MINUTE_NS, SECOND_NS, to_ns
from tradetui.domain.instrument import Instrument
from tradetui.risk.limits import Limits
from tradetui.trading.settings import CoreSettings, Execution, StrategySetting, Timing

OPEN = to_ns(datetime(2026, 3, 2, 14, 30, tzinfo=UTC))
STRATEGY = "cross"
SYMBOLS = ("SPY", "QQQ")
ACCOUNT = "DU1234567"
SESSION_MINUTES = 390


@dataclass(frozen=True)
class DaySession:
    """One session of the simulated calendar."""

    date: date
    open_ns: int
    close_ns: int


class WeekdayCalendar:
    """09:30-16:00 at UTC-5 on every weekday."""

    def _of(self, day: date) -> DaySession:
        opened = to_ns(datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC))
        return DaySession(day, opened, opened + SESSION_MINUTES * MINUTE_NS)

    def current_or_next(self, ns: int) -> DaySession:
        """Return the session in progress or the next one."""
        day = datetime.fromtimestamp(ns // SECOND_NS, tz=UTC).date()
        while day.weekday() > 4 or self._of(day).close_ns <= ns:
            day += timedelta(days=1)
        return self._of(day)

    def session_at(self, ns: int) -> DaySession | None:
        """Return the session in progress."""
        session = self.current_or_next(ns)
        return session if session.open_ns <= ns else None

    def session_date(self, ns: int) -> date:
        """Return the trading date of `ns`."""
        return self.current_or_next(ns).date


def limits(**changes: object) -> Limits:
    """Return generous limits with some of them changed."""
    values: dict[str, object] = {
        "symbols": frozenset(SYMBOLS),
        "max_order_qty": 1000.0,
        "max_order_notional": 200_000.0,
        "max_position_qty": 2000.0,
        "max_position_notional": 400_000.0,
        "max_gross_notional": 800_000.0,
        "max_net_notional": 800_000.0,
        "max_leverage": 2.0,
        "max_positions": 10,
        "max_concentration_pct": 200.0,
        "max_sector_pct": 200.0,
        "daily_loss_limit": 5_000.0,
        "strategy_loss_limit": 5_000.0,
        "symbol_loss_limit": 5_000.0,
        "max_drawdown_pct": 20.0,
        "max_day_drawdown_pct": 20.0,
        "max_losing_streak": 20,
        "max_round_trips": 50,
        "max_denials": 20,
        "max_rejects": 10,
        "reject_window_s": 60.0,
        "max_slippage_bps": 2_000.0,
        "max_messages_per_minute": 500,
        "max_orders_per_fill": 100.0,
        "price_collar_pct": 5.0,
        "max_spread_pct": 1.0,
        "max_quote_age_s": 10.0,
        "orders_per_second": 10,
        "orders_per_minute": 50,
        "orders_per_day": 500,
        "duplicate_window_s": 0.5,
        "long_only": True,
        **changes,
    }
    return Limits(**values)  # type: ignore[arg-type]


def settings(**changes: object) -> CoreSettings:
    """Return core settings for SPY and QQQ with some of them changed."""
    values: dict[str, object] = {
        "account": ACCOUNT,
        "live": False,
        "instruments": {name: Instrument(symbol=name) for name in SYMBOLS},
        "limits": limits(),
        "strategies": (StrategySetting(name=STRATEGY, symbols=SYMBOLS, bar_size="1m"),),
        "calendar": WeekdayCalendar(),
        "execution": Execution(),
        "timing": Timing(),
        **changes,
    }
    return CoreSettings(**values)  # type: ignore[arg-type]
