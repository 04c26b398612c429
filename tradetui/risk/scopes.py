"""The limits that hold for one strategy in one symbol: of account, strategy and symbol the tightest.

Invariant: no scope ever loosens another; a limit set nowhere but on the account holds everywhere.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.risk.limits import Limits, StrategyLimits, SymbolLimits

_NO_STRATEGY = StrategyLimits()
_NO_SYMBOL = SymbolLimits()


class ScopedLimits:
    """The limits of an account with their tightest combinations, each worked out once."""

    __slots__ = ("_merged", "account")

    def __init__(self, account: Limits) -> None:
        self.account = account
        self._merged: dict[tuple[str, str], Limits] = {}

    def of(self, strategy: str, symbol: str) -> Limits:
        """Return what holds for `strategy` in `symbol`; an empty name stands for no strategy or symbol.

        A strategy's own position, gross and rate limits measure its own part and are not in here: see `own`.
        """
        key = (strategy, symbol)
        found = self._merged.get(key)
        if found is None:
            found = self._merged[key] = self._merge(strategy, symbol)
        return found

    def own(self, strategy: str) -> StrategyLimits:
        """Return the limits on the strategy's own part."""
        return self.account.strategy.get(strategy, _NO_STRATEGY)

    def is_scoped(self, strategy: str, symbol: str) -> bool:
        """Return whether anything but the account's limits holds there."""
        return strategy in self.account.strategy or symbol in self.account.symbol

    def _merge(self, strategy: str, symbol: str) -> Limits:
        account = self.account
        own, of_symbol = self.own(strategy), account.symbol.get(symbol, _NO_SYMBOL)
        if not self.is_scoped(strategy, symbol):
            return account
        position = _tightest(account.max_position_notional, of_symbol.max_position_notional)
        flat = own.flat_minutes_before_close
        return replace(
            account,
            max_order_qty=_tightest(account.max_order_qty, own.max_order_qty, of_symbol.max_order_qty),
            max_order_notional=_tightest(
                position, account.max_order_notional, own.max_order_notional, of_symbol.max_order_notional
            ),
            max_position_qty=_tightest(account.max_position_qty, of_symbol.max_position_qty),
            max_position_notional=position,
            max_concentration_pct=_tightest(account.max_concentration_pct, of_symbol.max_concentration_pct),
            price_collar_pct=_tightest(account.price_collar_pct, of_symbol.price_collar_pct),
            max_spread_pct=_tightest(account.max_spread_pct, of_symbol.max_spread_pct),
            strategy_loss_limit=_tightest(account.strategy_loss_limit, own.daily_loss_limit),
            symbol_loss_limit=_tightest(account.symbol_loss_limit, of_symbol.daily_loss_limit),
            max_losing_streak=_fewest(account.max_losing_streak, own.max_losing_streak),
            max_round_trips=_fewest(account.max_round_trips, own.max_round_trips, of_symbol.max_round_trips),
            max_denials=_fewest(account.max_denials, own.max_denials),
            max_rejects=_fewest(account.max_rejects, own.max_rejects),
            max_slippage_bps=_tightest(account.max_slippage_bps, own.max_slippage_bps),
            flat_minutes_before_close=max(account.flat_minutes_before_close, flat or 0.0),
        )


def _tightest(*limits: float | None) -> float:
    return min(limit for limit in limits if limit is not None)


def _fewest(*limits: int | None) -> int:
    return min(limit for limit in limits if limit is not None)
