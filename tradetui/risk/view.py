"""What the gate may look at: the facts of one moment for one order, gathered by whoever runs it.

The live core and the backtester fill the same structure, so the rules cannot differ between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tradetui.domain.clock import Now
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import TradingState
from tradetui.domain.tick import Quote


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is held and what may still fill in one symbol, unknown orders included.

    `held` is signed; `buying` and `selling` are positive quantities that own live orders may still trade.
    """

    held: float = 0.0
    buying: float = 0.0
    selling: float = 0.0

    @property
    def worst(self) -> float:
        """Largest absolute quantity that the live orders can lead to."""
        return max(abs(self.held + self.buying), abs(self.held - self.selling), abs(self.held))

    def closable(self, sign: int) -> float:
        """Return how much an order of side `sign` can still close without crossing zero."""
        if sign > 0:
            return max(0.0, -self.held - self.buying)
        return max(0.0, self.held - self.selling)


@dataclass(frozen=True, slots=True)
class OrderCounts:
    """Orders sent so far: by this strategy and by all, in the last second and minute (real time) and today."""

    strategy_second: int = 0
    strategy_minute: int = 0
    strategy_day: int = 0
    second: int = 0
    minute: int = 0
    day: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """Facts of one moment. None means unknown, and what is unknown blocks new exposure.

    `gross_other` is the value of positions and possible fills in all other symbols at their marks; `symbols_other`
    counts them; `net_low_other` and `net_high_other` are the lowest and highest net value that they can reach;
    `sector_other` is the gross value of those in the symbol's own sector. `strategy_exposure` is the strategy's own
    part in the symbol, `strategy_gross_other` the gross value of its part in all others. `funds_reserved` is what open
    orders will still take of the available funds. `state_why` and `state_clears` say why the state is not RUN, and what
    ends that. `to_close_s` and `since_open_s` are market seconds. `unresolved` and
    `unhealthy` say why entries are blocked, empty when they are not.
    """

    now: Now
    instrument: Instrument
    state: TradingState = TradingState.RUN
    state_why: str = ""
    state_clears: str = ""
    link_ready: bool = True
    journal_ok: bool = True
    unhealthy: str = ""
    unresolved: str = ""
    session_open: bool = True
    since_open_s: float | None = None
    to_close_s: float | None = None
    quote: Quote | None = None
    exposure: Exposure = field(default_factory=Exposure)
    gross_other: float | None = 0.0
    symbols_other: int = 0
    net_low_other: float | None = 0.0
    net_high_other: float | None = 0.0
    sector_other: float | None = 0.0
    strategy_exposure: Exposure = field(default_factory=Exposure)
    strategy_gross_other: float | None = 0.0
    equity: float | None = None
    available_funds: float | None = None
    funds_reserved: float | None = 0.0
    day_pnl: float | None = None
    drawdown_pct: float | None = None
    strategy_working: int = 0
    opposite_working: bool = False
    known_intent: bool = False
    duplicate_age_s: float | None = None
    counts: OrderCounts = field(default_factory=OrderCounts)

    @property
    def mark(self) -> float | None:
        """Reference price of the symbol."""
        return self.quote.mark if self.quote is not None else None

    @property
    def quote_age_s(self) -> float | None:
        """Real seconds since the quote last changed."""
        if self.quote is None:
            return None
        return (self.now.mono_ns - self.quote.mono_ns) / 1e9
