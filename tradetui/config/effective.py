"""The gate's limits out of the risk section. The invariant: each key means the limit of the same name, nowhere else.

The live core and the backtester ask here, so that a key cannot mean two things.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from tradetui.config.limits import RiskConfig
from tradetui.risk.limits import BreakerAction, Limits, StrategyLimits, SymbolLimits


def limits_of(risk: RiskConfig, symbols: Sequence[str]) -> Limits:
    """Return the limits that `risk` sets for an account that may trade `symbols`."""
    named = {item.name: getattr(risk, item.name) for item in fields(Limits) if hasattr(risk, item.name)}
    named["breaker_action"] = BreakerAction(risk.breaker_action)
    named["actions"] = {code: BreakerAction(action) for code, action in risk.actions.items()}
    named["sectors"] = {name: frozenset(members) for name, members in risk.sectors.items()}
    named |= {key: general for key, general in _following(risk).items() if named[key] is None}
    named["strategy"] = {name: StrategyLimits(**own.model_dump()) for name, own in risk.strategy.items()}
    named["symbol"] = {name: SymbolLimits(**own.model_dump()) for name, own in risk.symbol.items()}
    return Limits(symbols=frozenset(symbols), **named)


def _following(risk: RiskConfig) -> dict[str, float]:
    """Return what a key that was left out takes over."""
    return {
        "max_net_notional": risk.max_gross_notional,
        "strategy_loss_limit": risk.daily_loss_limit,
        "symbol_loss_limit": risk.daily_loss_limit,
        "max_day_drawdown_pct": risk.max_drawdown_pct,
    }
