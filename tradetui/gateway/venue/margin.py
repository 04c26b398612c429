"""Reg-T margin, kept simple and stated: what a position ties up, and what an order would.

Stocks and ETFs: initial 50 % of the market value, long or short; maintenance 25 % long, 30 % short. Buying power is
available funds divided by the initial rate, i.e. twice (IB shows four times for intraday accounts).
Invariant: an order that cannot raise the account's worst-case exposure is never refused for margin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tradetui.gateway.venue.account import Account
from tradetui.gateway.venue.money import MICROS

INITIAL_RATE = 500_000
MAINTENANCE_LONG_RATE = 250_000
MAINTENANCE_SHORT_RATE = 300_000


@dataclass(frozen=True, slots=True)
class Exposure:
    """What working orders could add to one holding: units bought, units sold, and the price that values them."""

    con_id: int
    bought: int
    sold: int
    price: int
    multiplier: int


def initial(value: int) -> int:
    """Initial margin of a signed market value, micro-dollars."""
    return abs(value) * INITIAL_RATE // MICROS


def maintenance(value: int) -> int:
    """Maintenance margin of a signed market value, micro-dollars."""
    return abs(value) * (MAINTENANCE_LONG_RATE if value > 0 else MAINTENANCE_SHORT_RATE) // MICROS


def account_initial(account: Account) -> int:
    """Initial margin of all holdings."""
    return sum(initial(holding.value) for holding in account.holdings.values())


def account_maintenance(account: Account) -> int:
    """Maintenance margin of all holdings."""
    return sum(maintenance(holding.value) for holding in account.holdings.values())


def buying_power(available_funds: int) -> int:
    """Value of stock that `available_funds` can open, 0 when they are negative."""
    return max(available_funds, 0) * MICROS // INITIAL_RATE


def worst_case_initial(account: Account, exposures: Iterable[Exposure]) -> int:
    """Initial margin if, per contract, the worse of 'all buys fill' and 'all sells fill' happened."""
    total = account_initial(account)
    for exposure in exposures:
        holding = account.holdings.get(exposure.con_id)
        held = holding.quantity if holding else 0
        before = initial(holding.value) if holding else 0
        worst = max(abs(held), abs(held + exposure.bought), abs(held - exposure.sold))
        total += initial(worst * exposure.price * exposure.multiplier) - before
    return total
