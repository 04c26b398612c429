"""The control contract: one object per rule, with a code, what was measured, the limit, and when it clears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tradetui.domain.order import Intent
from tradetui.risk.limits import Limits
from tradetui.risk.view import RiskView


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order was refused: `measured` and `limit` as text, `clears` tells when it would pass."""

    code: str
    measured: str
    limit: str
    clears: str

    @property
    def text(self) -> str:
        """One line for the operator."""
        return f"{self.code}: {self.measured}, limit {self.limit}; clears {self.clears}"


class Control(Protocol):
    """One rule of the gate."""

    code: str

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Return why `intent` breaks the rule, or None."""


def money(value: float) -> str:
    """Return a money figure for a refusal text."""
    return f"{value:,.2f}"


def quantity(value: float) -> str:
    """Return a quantity for a refusal text."""
    return f"{value:,.10g}"
