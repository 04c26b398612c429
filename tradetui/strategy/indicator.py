"""The indicator contract: one step function, the same live and in a backtest."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from tradetui.domain.bar import Bar


class Indicator(Protocol):
    """A value computed from closed bars. `warmup` is the number of bars before `value` stops being None."""

    warmup: int

    @property
    def value(self) -> float | None:
        """Latest value, None until warm, never None again after."""

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""


class Stepped(Protocol):
    """An indicator that a backtest may run over whole columns before the first bar is decided.

    `inputs` names the fields of Bar that `step` takes, in order. `step` does what `update` does and returns the new
    value, so both ways give the same bits. `value` must be settable, and nothing else of the object may be read by a
    strategy, because a column run leaves everything but `value` untouched.
    """

    inputs: ClassVar[tuple[str, ...]]
    warmup: int
    value: float | None

    @property
    def step(self) -> Callable[..., float | None]:
        """Take one bar's inputs and return the value after it."""

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
