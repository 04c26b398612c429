"""Scans of the gateway's own instruments: what can be asked, and the ranking by today's figures.

Invariant: a rank follows from the market's own day statistics; an instrument without the figure is not ranked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree

from tradetui.gateway.market.market import DayStats, Market
from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.wire.record import Record

Figure = Callable[[DayStats], float | None]
MAX_ROWS: Final = 50


class ScanError(ValueError):
    """A scan that cannot be run, with the reason for the client."""


def _change(after: float | None, before: float | None) -> float | None:
    return None if after is None or not before else (after / before - 1.0) * 100.0


def _gain(stats: DayStats) -> float | None:
    return _change(stats.last, stats.previous_close)


def _gap(stats: DayStats) -> float | None:
    return _change(stats.open, stats.previous_close)


def _since_open(stats: DayStats) -> float | None:
    return _change(stats.last, stats.open)


def _volume(stats: DayStats) -> float | None:
    return float(stats.volume) if stats.volume else None


def _turnover(stats: DayStats) -> float | None:
    return stats.volume * stats.last if stats.volume and stats.last is not None else None


#: What can be ranked: scan code, its name, the figure, and whether the highest comes first.
SCANS: Final[dict[str, tuple[str, Figure, bool]]] = {
    "TOP_PERC_GAIN": ("Top % Gainers", _gain, True),
    "TOP_PERC_LOSE": ("Top % Losers", _gain, False),
    "TOP_OPEN_PERC_GAIN": ("Top % Gainers Since Open", _since_open, True),
    "TOP_OPEN_PERC_LOSE": ("Top % Losers Since Open", _since_open, False),
    "HIGH_OPEN_GAP": ("Top Gainers at Open", _gap, True),
    "LOW_OPEN_GAP": ("Top Losers at Open", _gap, False),
    "MOST_ACTIVE": ("Most Active", _volume, True),
    "MOST_ACTIVE_USD": ("Most Active ($)", _turnover, True),
}
#: Kinds of instrument by IB's code: the stock types it covers, none for all.
_INSTRUMENTS: Final = {"STK": (), "ETF.EQ.US": ("ETF",)}
_EVERYWHERE: Final = ("", "STK.US", "STK.US.MAJOR", "ETF.EQ.US", "ETF.EQ.US.MAJOR")
#: Filters by tag: the figure and whether it must be above the value.
_FILTERS: Final[dict[str, tuple[Figure, bool]]] = {
    "priceAbove": (lambda stats: stats.last, True),
    "priceBelow": (lambda stats: stats.last, False),
    "volumeAbove": (_volume, True),
    "changePercAbove": (_gain, True),
    "changePercBelow": (_gain, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One subscription's question."""

    code: str
    stock_types: tuple[str, ...]
    exchange: str
    rows: int
    filters: tuple[tuple[str, float], ...]


def scan_of(request: Record) -> Scan:
    """The question of a reqScannerSubscription. Raises ScanError if the gateway cannot answer it."""
    code = request.text("scanCode")
    if code not in SCANS:
        raise ScanError(f"Invalid scanner code {code}, use one of {', '.join(SCANS)}")
    instrument = request.text("instrument")
    if instrument not in _INSTRUMENTS:
        raise ScanError(f"Invalid scanner instrument {instrument}, use one of {', '.join(_INSTRUMENTS)}")
    location = request.text("location")
    rows = request.integer("rows")
    return Scan(
        code=code,
        stock_types=_INSTRUMENTS[instrument],
        exchange="" if location in _EVERYWHERE else location.rsplit(".", 1)[-1],
        rows=min(rows, MAX_ROWS) if rows is not None and rows > 0 else MAX_ROWS,
        filters=(*_plain_filters(request), *_tagged_filters(request.text("filterOptions"))),
    )


def _plain_filters(request: Record) -> list[tuple[str, float]]:
    named = (("abovePrice", "priceAbove"), ("belowPrice", "priceBelow"), ("aboveVolume", "volumeAbove"))
    asked = ((tag, request.number(name)) for name, tag in named)
    return [(tag, value) for tag, value in asked if value is not None]


def _tagged_filters(text: str) -> list[tuple[str, float]]:
    filters = []
    for pair in filter(None, text.split(";")):
        tag, _, value = pair.partition("=")
        try:
            filters.append((tag, float(value)))
        except ValueError:
            raise ScanError(f"Invalid value of scanner filter {pair}") from None
        if tag not in _FILTERS:
            raise ScanError(f"Invalid scanner filter {tag}, use one of {', '.join(_FILTERS)}")
    return filters


def ranking(market: Market, scan: Scan, now_ns: int) -> list[ContractDetails]:
    """The instruments that answer a scan, best first."""
    _, figure, highest_first = SCANS[scan.code]
    ranked = []
    for contract in market.contracts():
        if contract.sec_type != "STK" or scan.exchange not in ("", contract.primary_exchange):
            continue
        [details] = market.contract_details(contract, now_ns)
        stats = market.day_stats(contract.con_id)
        value = figure(stats)
        if value is not None and _admits(scan, details, stats):
            ranked.append((-value if highest_first else value, contract.symbol, details))
    return [details for _, _, details in sorted(ranked, key=lambda row: row[:2])][: scan.rows]


def _admits(scan: Scan, details: ContractDetails, stats: DayStats) -> bool:
    if scan.stock_types and details.stock_type not in scan.stock_types:
        return False
    for tag, bound in scan.filters:
        figure, above = _FILTERS[tag]
        value = figure(stats)
        if value is None or (value < bound if above else value > bound):
            return False
    return True


def parameters() -> str:
    """The XML document of what can be asked (scannerParameters)."""
    root = ElementTree.Element("ScanParameterResponse")
    instruments = ElementTree.SubElement(root, "InstrumentList", varName="instrumentList")
    for code in _INSTRUMENTS:
        entry = ElementTree.SubElement(instruments, "Instrument")
        ElementTree.SubElement(entry, "type").text = code
        ElementTree.SubElement(entry, "secType").text = "STK"
    locations = ElementTree.SubElement(root, "LocationTree", varName="locationTree")
    for code in filter(None, _EVERYWHERE):
        entry = ElementTree.SubElement(locations, "Location")
        ElementTree.SubElement(entry, "locationCode").text = code
    scans = ElementTree.SubElement(root, "ScanTypeList", varName="scanTypeList")
    for code, (name, _, _) in SCANS.items():
        entry = ElementTree.SubElement(scans, "ScanType")
        ElementTree.SubElement(entry, "displayName").text = name
        ElementTree.SubElement(entry, "scanCode").text = code
        ElementTree.SubElement(entry, "instruments").text = ",".join(_INSTRUMENTS)
    filters = ElementTree.SubElement(root, "FilterList", varName="filterList")
    for tag in _FILTERS:
        entry = ElementTree.SubElement(filters, "SimpleFilter")
        ElementTree.SubElement(entry, "id").text = tag
    return ElementTree.tostring(root, encoding="unicode")
