"""Every order type of the play: its prices, what a modification changes, and what lets it trade."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """One order type: its prices, what a modification changes, and the price that lets it trade.

    `at_close`: it waits for the closing auction. `rests` false: it trades on arrival, so it can be neither changed
    nor cancelled before.
    """

    prices: dict[str, float]
    change: dict[str, float] = field(default_factory=dict)
    fill_at: float | None = None
    rests: bool = True
    at_close: bool = False


#: Buys at a market of 499.99 x 500.01, all of which wait there, except MKT.
CASES = {
    "MKT": Case({}, rests=False),
    "LMT": Case({"lmtPrice": 495.0}, {"lmtPrice": 495.5}, 494.0),
    "STP": Case({"auxPrice": 505.0}, {"auxPrice": 505.5}, 506.0),
    "STP LMT": Case({"auxPrice": 505.0, "lmtPrice": 507.0}, {"auxPrice": 505.5}, 506.0),
    "TRAIL": Case({"auxPrice": 5.0, "trailStopPrice": 505.0}, {"auxPrice": 5.5}, 506.0),
    "TRAIL LIMIT": Case({"auxPrice": 5.0, "trailStopPrice": 505.0, "lmtPriceOffset": 2.0}, {"auxPrice": 5.5}, 506.0),
    "MIT": Case({"auxPrice": 495.0}, {"auxPrice": 495.5}, 494.0),
    "LIT": Case({"auxPrice": 495.0, "lmtPrice": 496.0}, {"auxPrice": 495.5}, 494.0),
    "REL": Case({"auxPrice": 0.01, "lmtPrice": 499.0}, {"lmtPrice": 499.5}, 494.0),
    "MIDPRICE": Case({"lmtPrice": 495.0}, {"lmtPrice": 495.5}, 494.0),
    "MOC": Case({}, at_close=True),
    "LOC": Case({"lmtPrice": 600.0}, {"lmtPrice": 601.0}, at_close=True),
}
