"""The indicator contract: one step function, the same live and in a backtest."""

from __future__ import annotations

from typing import Protocol

from tradetui.domain.bar import Bar


class Indicator(Protocol):
    """A value computed from closed bars. `warmup` is the number of bars before `value` stops being None."""

    warmup: int

    @property
    def value(self) -> float | None:
        """Latest value, None until warm."""

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
