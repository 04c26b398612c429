"""The synthetic market: a seeded world of correlated instruments that needs no file, no network and no account.

Shares stream from the start. Futures, options, the index, a currency and a coin are there too, and stream once somebody
asks for them.
Invariant: everything about it follows from (seed, symbols, trades per minute); the start only says where to listen in.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.actions import Actions, ActionSource
from tradetui.gateway.market.barmarket import BarMarket
from tradetui.gateway.market.directory import Directory
from tradetui.gateway.market.families import FamilySource
from tradetui.gateway.market.futures import Futures
from tradetui.gateway.market.instruments import KNOWN, OTHERS, known
from tradetui.gateway.market.options import Chain, Options
from tradetui.gateway.market.synthesis import SyntheticSource
from tradetui.gateway.venue.corporate_action import CorporateAction
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
        actions: Sequence[CorporateAction] = (),
    ) -> None:
        """`actions` are the splits and dividends of its shares; their prices fall accordingly.

        Raises OperatorError for an unknown or repeated symbol, a negative seed, or trades outside 4..600."""
        if not symbols or len(set(symbols)) != len(symbols):
            raise OperatorError(f"symbols {', '.join(symbols) or '(none)'}: name each of them once, and at least one")
        unknown = [symbol for symbol in symbols if known(symbol) is None]
        if unknown:
            raise OperatorError(
                f"the synthetic market has no {', '.join(unknown)}; it has {', '.join(DEFAULT_SYMBOLS)}"
            )
        profiles = [profile for symbol in symbols if (profile := known(symbol)) is not None]
        events = Actions(actions, {profile.symbol: profile.con_id for profile in profiles})
        base = ActionSource(SyntheticSource(seed, [*profiles, *OTHERS], calendar), calendar, events)
        futures, self._options = Futures(calendar, base), Options(calendar, base, profiles)
        contracts = [profile.contract() for profile in profiles]
        super().__init__(
            directory=Directory(contracts, calendar, OTHERS, (futures, self._options)),
            source=FamilySource(base, futures, self._options),
            calendar=calendar,
            seed=seed,
            start_ns=start_ns,
            trades_per_minute=trades_per_minute,
            spreads={profile.con_id: profile.spread for profile in (*profiles, *OTHERS)},
            actions=events,
        )

    def option_chain(self, symbol: str, now_ns: int) -> Chain | None:
        """The options listed on a share; None without any."""
        return self._options.chain(symbol, now_ns)


def demo_start(calendar: TradingCalendar, wall_ns: int) -> int:
    """Where a demo begins: a minute before the open of the latest session that has begun by `wall_ns`."""
    upcoming = calendar.current_or_next(wall_ns)
    session = upcoming if upcoming.open_ns <= wall_ns else calendar.session(upcoming.index - 1)
    return session.open_ns - 60_000_000_000
