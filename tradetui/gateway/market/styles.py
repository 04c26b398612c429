"""How each instrument of a market ticks: tick, usual spread, displayed size, quotes or prints.

Invariant: an instrument's style follows from its details alone, whenever it is asked for the first time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.directory import Directory
from tradetui.gateway.market.tickpath import MIN_TRADES, Style
from tradetui.gateway.venue.model import ContractDetails

MAX_TRADES = 600
#: Displayed size by security type; shares show more where the spread is a single tick.
_DEPTHS = {"FUT": 30, "CASH": 2_000_000, "CRYPTO": 2, "OPT": 40, "IND": 1}
_SPREADS = {"OPT": 3}
#: Instruments that join later tick at other offsets than the first ones, below a millisecond.
_OFFSET_NS = 10_000
_LATER_OFFSETS = 50


class StyleBook:
    """Styles by con_id, made when needed. `spreads` are usual spreads in ticks (1 where absent)."""

    def __init__(self, directory: Directory, trades: int, spreads: Mapping[int, int]) -> None:
        """Raises OperatorError for a number of trades per minute outside 4..600."""
        if not MIN_TRADES <= trades <= MAX_TRADES:
            raise OperatorError(f"{trades} trades per minute is outside {MIN_TRADES}..{MAX_TRADES}; choose one inside")
        self._directory = directory
        self._trades = trades
        self._spreads = spreads
        self._positions: Sequence[int] = [contract.con_id for contract in directory.contracts]
        self._made: dict[int, Style] = {con_id: self._make(con_id) for con_id in self._positions}

    def __len__(self) -> int:
        return len(self._made)

    def of(self, con_id: int) -> Style:
        """The style of an instrument. Raises LookupError for a number that names none."""
        style = self._made.get(con_id)
        if style is None:
            style = self._made[con_id] = self._make(con_id)
        return style

    def half_spread(self, con_id: int) -> float:
        """Half the usual spread in USD, rounded up to a tick."""
        style = self.of(con_id)
        return round(-(-style.spread // 2) * style.tick, style.digits)

    def _make(self, con_id: int) -> Style:
        details = self._directory.numbered(con_id)
        if details is None:
            raise LookupError(f"no instrument {con_id}")
        sec_type = details.contract.sec_type
        spread = self._spreads.get(con_id, _SPREADS.get(sec_type, 1))
        return Style(
            trades=self._trades,
            spread=spread,
            depth=_DEPTHS.get(sec_type, 600 if spread == 1 else 300),
            offset_ns=self._offset(con_id),
            tick=details.min_tick,
            lot=_lot(details),
            shows_quotes=sec_type != "IND",
            shows_prints=sec_type != "CASH",
        )

    def _offset(self, con_id: int) -> int:
        if con_id in self._positions:
            return self._positions.index(con_id) * _OFFSET_NS
        return (con_id % _LATER_OFFSETS + _LATER_OFFSETS) * _OFFSET_NS


def _lot(details: ContractDetails) -> int:
    return 100 if details.contract.sec_type == "STK" else 1
