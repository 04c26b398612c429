"""What a venue is configured with. A venue is a function of this, its instruments, and the calls it receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.venue.corporate_action import CorporateAction
from tradetui.gateway.venue.fees import CommissionSchedule

#: Overnight initial and maintenance margin per contract, USD.
FUTURES_MARGINS: Mapping[str, tuple[float, float]] = {
    "ES": (24_300.0, 22_100.0),
    "MES": (2_430.0, 2_210.0),
    "NQ": (36_300.0, 33_000.0),
    "MNQ": (3_630.0, 3_300.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueConfig:
    """Accounts with starting cash in USD, fees, and identity.

    `instance` makes perm ids and execution ids of this venue different from those of an earlier one whose state was
    thrown away; give a new number (e.g. the start time in seconds) whenever state is not restored.
    `cancel_latency_ns` is the market time a cancel takes to reach the exchange; fills win the race until then.
    `depth_levels` is how many ticks of book behind the displayed quote a large order may walk through; 0 makes it wait
    for the following quotes. Orders for the closing auction are taken until `close_cutoff_ns` before the close.
    `futures_margins` are (initial, maintenance) USD per contract by symbol, `other_futures` for those not named;
    `short_limits` how many shares of a symbol can be borrowed, unlimited where absent. An account whose equity is below
    its maintenance margin is found every `liquidation_every_ns` and liquidated. `corporate_actions` take effect in the
    night before their ex-dates.
    """

    starting_cash: Mapping[str, float] = field(default_factory=lambda: {"DU1234567": 1_000_000.0})
    currency: str = "USD"
    commissions: CommissionSchedule = field(default_factory=CommissionSchedule)
    cancel_latency_ns: int = 0
    instance: int = 0xE0D5
    execution_exchange: str = "ARCA"
    check_margin: bool = True
    depth_levels: int = 0
    close_cutoff_ns: int = 600 * SECOND_NS
    futures_margins: Mapping[str, tuple[float, float]] = field(default_factory=lambda: FUTURES_MARGINS)
    other_futures: tuple[float, float] = (20_000.0, 18_000.0)
    short_limits: Mapping[str, int] = field(default_factory=dict)
    liquidation_every_ns: int = 60 * SECOND_NS
    corporate_actions: tuple[CorporateAction, ...] = ()

    @property
    def first_perm_id(self) -> int:
        """Perm ids fit in 31 bits; instances a second apart are a thousand orders apart."""
        return 1_000_000_000 + self.instance % 1_000_000 * 1_000
