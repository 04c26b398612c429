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
    Funds,
    GrossExposure,
    Healthy,
    MarketHours,
    OneWorking,
    OrderRate,
    OrderSize,
    PositionCount,
    PositionSize,
    PriceCollar,
    RepeatedOrder,
    Resolved,
    SelfTrade,
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
    OrderSize(),
    PositionSize(),
    PositionCount(),
    GrossExposure(),
    Funds(),
    PriceCollar(),
    DailyLoss(),
    Drawdown(),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer; `refusals` is empty when the order may go."""

    refusals: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        """Whether the order may be sent."""
        return not self.refusals


_ALLOWED = Decision(())


class Gate:
    """Checks orders against one set of limits. Holds no state of its own: every fact is in the view."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def check(self, intent: Intent, view: RiskView) -> Decision:
        """Return the decision on `intent`, with every reason against it, most basic first."""
        refusals = self._failed(ORDER_CONTROLS, intent, view)
        if refusals and refusals[0].code == SoundFields.code:
            return Decision(tuple(refusals))  # nothing can be computed with broken numbers
        if not is_reducing(intent, view):
            refusals += self._failed(ENTRY_CONTROLS, intent, view)
        return Decision(tuple(refusals)) if refusals else _ALLOWED

    def _failed(self, controls: tuple[Control, ...], intent: Intent, view: RiskView) -> list[Refusal]:
        return [refusal for control in controls if (refusal := control.check(intent, view, self.limits)) is not None]
