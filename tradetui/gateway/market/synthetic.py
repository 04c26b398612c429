"""The synthetic market: a seeded world of correlated instruments that needs no file, no network and no account.

Invariant: everything about it follows from (seed, symbols, trades per minute); the start only says where to listen in.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.barmarket import BarMarket
from tradetui.gateway.market.instruments import KNOWN, known
from tradetui.gateway.market.synthesis import SyntheticSource
from tradetui.marketdata.calendar import TradingCalendar

DEFAULT_SYMBOLS: tuple[str, ...] = tuple(profile.symbol for profile in KNOWN)


class SyntheticMarket(BarMarket):
    """Known instruments with one common factor, intraday shapes and volatility regimes."""

    def __init__(
        self,
        *,
        seed: int,
        calendar: TradingCalendar,
        start_ns: int,
        symbols: Sequence[str] = DEFAULT_SYMBOLS,
        trades_per_minute: int = 60,
    ) -> None:
        """Raises OperatorError for an unknown or repeated symbol, a negative seed, or trades outside 4..600."""
        if not symbols or len(set(symbols)) != len(symbols):
            raise OperatorError(f"symbols {', '.join(symbols) or '(none)'}: name each of them once, and at least one")
        unknown = [symbol for symbol in symbols if known(symbol) is None]
        if unknown:
            raise OperatorError(
                f"the synthetic market has no {', '.join(unknown)}; it has {', '.join(DEFAULT_SYMBOLS)}"
            )
        profiles = [profile for symbol in symbols if (profile := known(symbol)) is not None]
        super().__init__(
            contracts=[profile.contract() for profile in profiles],
            source=SyntheticSource(seed, profiles, calendar),
            calendar=calendar,
            seed=seed,
            start_ns=start_ns,
            trades_per_minute=trades_per_minute,
            spreads={profile.con_id: profile.spread for profile in profiles},
        )


def demo_start(calendar: TradingCalendar, wall_ns: int) -> int:
    """Where a demo begins: a minute before the open of the latest session that has begun by `wall_ns`."""
    upcoming = calendar.current_or_next(wall_ns)
    session = upcoming if upcoming.open_ns <= wall_ns else calendar.session(upcoming.index - 1)
    return session.open_ns - 60_000_000_000
