"""From an instrument's details to its book: hours, ticks, fees and margin by kind of product.

Invariant: every book of one venue is made here, so two instruments of a kind never follow different rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tradetui.gateway.venue import fees
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.hours import Hours
from tradetui.gateway.venue.margin import CURRENCY_RATE, ContractMargin, MarginRule, OptionMargin, ValueMargin
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.venue.money import MICROS, to_micros
from tradetui.gateway.venue.ticks import TickRule

#: Kinds of product that cannot be sold short.
LONG_ONLY = frozenset({"CRYPTO"})


class Products:
    """Makes books. `hours` are the groups by security type; the first is for all others."""

    def __init__(
        self, config: VenueConfig, default: Hours, hours: Mapping[str, Hours], books: Mapping[int, Book]
    ) -> None:
        self._config = config
        self._default = default
        self._hours = hours
        self._books = books

    def book(self, details: ContractDetails) -> Book:
        """An empty book for an instrument."""
        contract = details.contract
        multiplier = int(contract.multiplier or 1)
        lots = max(round(1 / details.size_increment), 1)
        return Book(
            details=details,
            hours=self._hours.get(contract.sec_type, self._default),
            ticks=TickRule(details.price_increments or ((0.0, details.min_tick),)),
            fees=fees.SCHEDULES.get(contract.sec_type, self._config.commissions),
            margin=self._margin(details, multiplier, lots),
            multiplier=multiplier,
            lots=lots,
            by_quote=contract.sec_type == "CASH",
            short_limit=0 if contract.sec_type in LONG_ONLY else self._config.short_limits.get(contract.symbol),
        )

    def _margin(self, details: ContractDetails, multiplier: int, lots: int) -> MarginRule:
        contract = details.contract
        match contract.sec_type:
            case "FUT":
                initial, maintenance = self._config.futures_margins.get(contract.symbol, self._config.other_futures)
                return ContractMargin(to_micros(initial), to_micros(maintenance))
            case "OPT":
                right = 1 if contract.right.startswith("C") else -1
                return OptionMargin(to_micros(contract.strike), right, multiplier, self._spot(details.under_con_id))
            case "CASH":
                return ValueMargin(multiplier, lots, CURRENCY_RATE, CURRENCY_RATE, CURRENCY_RATE)
            case "CRYPTO":
                return ValueMargin(multiplier, lots, MICROS, MICROS, MICROS)
            case _:
                return ValueMargin(multiplier, lots)

    def _spot(self, con_id: int) -> Callable[[], int | None]:
        def price() -> int | None:
            book = self._books.get(con_id)
            return None if book is None else book.mark()

        return price
