"""The post-trade controls: what has happened is measured against limits; a breach trips a breaker.

One object per rule, as in the gate: a code, what was measured, the limit, whom it stops and what clears it. Invariant:
what is not known trips nothing here (the gate refuses entries on it), and a measure never depends on a clock alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tradetui.domain.latch import ClearedBy
from tradetui.risk.scopes import ScopedLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyFigures:
    """One strategy's day. `loss` is positive money lost, None unknown; the rest counts since it was last re-armed."""

    loss: float | None = None
    losing_streak: int = 0
    round_trips: Mapping[str, int] = field(default_factory=dict)
    denials: int = 0
    rejects: int = 0
    slippage_bps: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """The account's day. Losses are positive money, 0 when there is a profit; None means unknown."""

    loss: float | None = None
    drawdown_pct: float | None = None
    day_drawdown_pct: float | None = None
    strategies: Mapping[str, StrategyFigures] = field(default_factory=dict)
    symbol_losses: Mapping[str, float | None] = field(default_factory=dict)
    messages_in_minute: int = 0
    orders_per_fill: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measure of one control. `strategy` and `symbol` name whom it is about; both None: the account.

    A breach stops the strategy where there is one, in all its symbols, although it may have been measured in one.
    """

    code: str
    label: str
    unit: str
    measured: float | None
    limit: float
    cleared_by: ClearedBy
    strategy: str | None = None
    symbol: str | None = None

    @property
    def breached(self) -> bool:
        """Whether the limit is reached."""
        return self.measured is not None and self.measured >= self.limit

    @property
    def key(self) -> str:
        """Name of the latch that a breach sets: the code, and whom it stops."""
        stopped = self.strategy or self.symbol
        return self.code if stopped is None else f"{self.code}:{stopped}"

    @property
    def scope(self) -> str:
        """Whom it is about, in words."""
        names = [name for name in (self.strategy, self.symbol) if name]
        return " ".join(names) if names else "account"


class PostControl(Protocol):
    """One rule over what has happened."""

    code: str
    label: str
    unit: str
    cleared_by: ClearedBy

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield what the rule measures now, one reading for each account, strategy or symbol it speaks of."""


def _reading(
    control: PostControl, measured: float | None, limit: float, strategy: str | None = None, symbol: str | None = None
) -> Reading:
    return Reading(
        code=control.code,
        label=control.label,
        unit=control.unit,
        measured=measured,
        limit=limit,
        cleared_by=control.cleared_by,
        strategy=strategy,
        symbol=symbol,
    )


class AccountLoss:
    """The account's loss of the day, realised and open."""

    code, label, unit, cleared_by = "daily_loss", "daily loss", "money", ClearedBy.NEXT_SESSION

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield the account's loss."""
        yield _reading(self, figures.loss, limits.account.daily_loss_limit)


class PeakDrawdown:
    """How far equity is below its highest ever."""

    code, label, unit, cleared_by = "drawdown", "drawdown", "%", ClearedBy.OPERATOR

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield the drawdown."""
        yield _reading(self, figures.drawdown_pct, limits.account.max_drawdown_pct)


class DayDrawdown:
    """How far equity is below the day's high."""

    code, label, unit, cleared_by = "day_drawdown", "day's drawdown", "%", ClearedBy.NEXT_SESSION

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield the day's drawdown."""
        yield _reading(self, figures.day_drawdown_pct, limits.account.max_day_drawdown_pct)


class StrategyLoss:
    """A strategy's loss of the day."""

    code, label, unit, cleared_by = "strategy_loss", "loss", "money", ClearedBy.NEXT_SESSION

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each strategy's loss."""
        for name, own in figures.strategies.items():
            yield _reading(self, own.loss, limits.of(name, "").strategy_loss_limit, name)


class SymbolLoss:
    """The day's loss in one symbol, whoever traded it."""

    code, label, unit, cleared_by = "symbol_loss", "loss", "money", ClearedBy.NEXT_SESSION

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each symbol's loss."""
        for symbol, loss in figures.symbol_losses.items():
            yield _reading(self, loss, limits.of("", symbol).symbol_loss_limit, symbol=symbol)


class LosingStreak:
    """Round trips in a row that lost money after commissions."""

    code, label, unit, cleared_by = "losing_streak", "losing streak", "count", ClearedBy.REARM

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each strategy's streak."""
        for name, own in figures.strategies.items():
            yield _reading(self, float(own.losing_streak), float(limits.of(name, "").max_losing_streak), name)


class RoundTripCount:
    """Repeated execution: round trips of one strategy in one symbol on one day (RTS 6 article 15(3))."""

    code, label, unit, cleared_by = "round_trips", "round trips", "count", ClearedBy.REARM

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each strategy's round trips in each symbol."""
        for name, own in figures.strategies.items():
            for symbol, count in own.round_trips.items():
                yield _reading(self, float(count), float(limits.of(name, symbol).max_round_trips), name, symbol)


class DenialRow:
    """Orders in a row that were refused because they were faulty."""

    code, label, unit, cleared_by = "denials", "denials in a row", "count", ClearedBy.REARM

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each strategy's denials."""
        for name, own in figures.strategies.items():
            yield _reading(self, float(own.denials), float(limits.of(name, "").max_denials), name)


class RejectBurst:
    """Orders that the broker refused within a short time."""

    code, label, unit, cleared_by = "rejects", "broker rejects", "count", ClearedBy.REARM

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each strategy's rejects."""
        for name, own in figures.strategies.items():
            yield _reading(self, float(own.rejects), float(limits.of(name, "").max_rejects), name)


class AbnormalSlippage:
    """How much worse than the price at the decision a fill was."""

    code, label, unit, cleared_by = "slippage", "worst slippage", "bp", ClearedBy.REARM

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield each strategy's worst fill."""
        for name, own in figures.strategies.items():
            yield _reading(self, own.slippage_bps, limits.of(name, "").max_slippage_bps, name)


class MessageRate:
    """Orders and cancels in the last minute. Cancels and exits go on, whatever it says."""

    code, label, unit, cleared_by = "messages", "messages/minute", "count", ClearedBy.OPERATOR

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield the account's message rate."""
        yield _reading(self, float(figures.messages_in_minute), float(limits.account.max_messages_per_minute))


class OrderEfficiency:
    """(orders + cancels) / (fills + 1) of the day; IB calls more than 20 excessive (knowledge base, article 1765)."""

    code, label, unit, cleared_by = "orders_per_fill", "orders per fill", "x", ClearedBy.NEXT_SESSION

    def read(self, figures: DayFigures, limits: ScopedLimits) -> Iterator[Reading]:
        """Yield the account's ratio."""
        yield _reading(self, figures.orders_per_fill, limits.account.max_orders_per_fill)


#: Every post-trade control, most important first.
POST_CONTROLS: tuple[PostControl, ...] = (
    AccountLoss(),
    PeakDrawdown(),
    DayDrawdown(),
    StrategyLoss(),
    SymbolLoss(),
    LosingStreak(),
    RoundTripCount(),
    DenialRow(),
    RejectBurst(),
    AbnormalSlippage(),
    MessageRate(),
    OrderEfficiency(),
)
#: Their codes: a latch with such a key does what the limits say for it.
POST_CODES = frozenset(control.code for control in POST_CONTROLS)


def readings(figures: DayFigures, limits: ScopedLimits) -> list[Reading]:
    """Return what every control measures now."""
    return [reading for control in POST_CONTROLS for reading in control.read(figures, limits)]
