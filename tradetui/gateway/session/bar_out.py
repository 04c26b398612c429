"""Bars as messages: dates in both of IB's formats, and the two field orders of history and of live updates.

Invariant: figures that a series does not have (volume of MIDPOINT, BID, ASK) leave as -1, never as zero.
"""

from dataclasses import dataclass

from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.session import times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_market import HISTORY, HISTORY_UPDATE, REALTIME_BAR

_EPOCH_FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BarStyle:
    """How one request wants its dates: as exchange time or epoch, whole days always as a date."""

    date_format: int
    by_day: bool
    version: int

    def date(self, bar: HistoryBar) -> str:
        """The label of a bar: its start."""
        if self.by_day:
            return times.day(bar.start_ns)
        if self.date_format == _EPOCH_FORMAT:
            return str(times.epoch(bar.start_ns))
        return times.stamp(bar.start_ns, self.version)


def is_by_day(bar_size: str) -> bool:
    """Whether bars of this size are labelled with a date only."""
    return bar_size.split()[-1].rstrip("s").lower() in ("day", "week", "month", "d", "w", "m") if bar_size else False


def send_history(client: ClientSession, request_id: int, bars: list[HistoryBar], style: BarStyle) -> None:
    """historicalData (17): all bars and the span they cover."""
    start = times.stamp(bars[0].start_ns, client.version) if bars else ""
    end = times.stamp(bars[-1].end_ns, client.version) if bars else ""
    rows: Value = [Record(date=style.date(bar), **_figures(bar)) for bar in bars]
    client.send(HISTORY, reqId=request_id, start=start, end=end, bars=rows)


def send_update(client: ClientSession, request_id: int, bar: HistoryBar, style: BarStyle) -> None:
    """historicalDataUpdate (90): one bar, close before high and low."""
    figures = _figures(bar)
    values = {"reqId": request_id, "date": style.date(bar), **figures}
    frame = HISTORY_UPDATE.encode(client.version, dict(values))
    client.stream(HISTORY_UPDATE, (HISTORY_UPDATE.id, request_id, bar.start_ns), frame)


def send_realtime_bar(client: ClientSession, request_id: int, bar: HistoryBar) -> None:
    """realtimeBar (50): one complete five-second bar."""
    start = times.epoch(bar.start_ns)
    frame = REALTIME_BAR.encode(client.version, {"reqId": request_id, "time": start, **_figures(bar)})
    client.stream(REALTIME_BAR, (REALTIME_BAR.id, request_id, start), frame)


def _figures(bar: HistoryBar) -> dict[str, Value]:
    return {
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": -1 if bar.volume is None else bar.volume,
        "wap": -1.0 if bar.wap is None else bar.wap,
        "count": -1 if bar.count is None else bar.count,
    }
