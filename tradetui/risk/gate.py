"""The gate: the last step before the socket. It fails closed on exposure and open on exits."""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.domain.order import Intent
from tradetui.risk.control import Control, Refusal
from tradetui.risk.entry_controls import (
    AllowedSymbol,
    DailyLoss,
    Drawdown,
    FreshData,
    Healthy,
    MarketHours,
    OneWorking,
    OrderRate,
    PriceCollar,
    RepeatedOrder,
    Resolved,
    SelfTrade,
    StrategyRate,
)
from tradetui.risk.exposure_controls import (
    Concentration,
    Funds,
    GrossExposure,
    Leverage,
    NetExposure,
    OrderSize,
    PositionCount,
    PositionSize,
    SectorShare,
    StrategySize,
)
from tradetui.risk.limits import Limits
from tradetui.risk.order_controls import (
    KnownIntent,
    LinkReady,
    NoCrossing,
    ReduceOnly,
    SoundFields,
    TradingAllowed,
    is_reducing,
)
from tradetui.risk.scopes import ScopedLimits
from tradetui.risk.view import RiskView

#: Every order passes these.
ORDER_CONTROLS: tuple[Control, ...] = (
    SoundFields(),
    KnownIntent(),
    LinkReady(),
    TradingAllowed(),
    NoCrossing(),
    ReduceOnly(),
)
#: Orders that can add exposure pass these too.
ENTRY_CONTROLS: tuple[Control, ...] = (
    AllowedSymbol(),
    Resolved(),
    Healthy(),
    MarketHours(),
    FreshData(),
    OneWorking(),
    SelfTrade(),
    RepeatedOrder(),
    OrderRate(),
    StrategyRate(),
    OrderSize(),
    PositionSize(),
    StrategySize(),
    PositionCount(),
    GrossExposure(),
    NetExposure(),
    Leverage(),
    Concentration(),
    SectorShare(),
    Funds(),
    PriceCollar(),
    DailyLoss(),
    Drawdown(),
)
#: Refusals that say the order was faulty, not the moment: a row of them stops the strategy.
FAULTY_ORDER = frozenset(
    {
        SoundFields.code,
        AllowedSymbol.code,
        RepeatedOrder.code,
        OrderRate.code,
        StrategyRate.code,
        OrderSize.code,
        PriceCollar.code,
    }
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer; `refusals` is empty when the order may go. `version` names the limits that judged it."""

    refusals: tuple[Refusal, ...]
    version: int = 0

    @property
    def allowed(self) -> bool:
        """Whether the order may be sent."""
        return not self.refusals


class Gate:
    """Checks orders against one set of limits. Holds no state of its own: every fact is in the view."""

    def __init__(self, limits: Limits | ScopedLimits, version: int = 0) -> None:
        self.limits = limits if isinstance(limits, ScopedLimits) else ScopedLimits(limits)
        self.version = version
        self._allowed = Decision((), version)

    def check(self, intent: Intent, view: RiskView) -> Decision:
        """Return the decision on `intent`, with every reason against it, most basic first."""
        limits = self.limits.of(intent.strategy, intent.symbol)
        refusals = _failed(ORDER_CONTROLS, intent, view, limits)
        if refusals and refusals[0].code == SoundFields.code:
            return Decision(tuple(refusals), self.version)  # nothing can be computed with broken numbers
        if not is_reducing(intent, view):
            refusals += _failed(ENTRY_CONTROLS, intent, view, limits)
        return Decision(tuple(refusals), self.version) if refusals else self._allowed


def _failed(controls: tuple[Control, ...], intent: Intent, view: RiskView, limits: Limits) -> list[Refusal]:
    return [refusal for control in controls if (refusal := control.check(intent, view, limits)) is not None]
