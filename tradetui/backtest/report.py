"""The report in the terminal: what ran, the figures, the equity curve, and what to know before believing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tradetui.backtest.outcome import Outcome, thinned
from tradetui.backtest.summary import Metrics
from tradetui.domain.clock import to_datetime

_PERCENT = frozenset(
    {
        "total_return", "cagr", "volatility", "max_drawdown", "exposure", "hit_rate",
        "buy_hold_return", "buy_hold_cagr", "buy_hold_max_drawdown",
    }
)  # fmt: skip
_COUNTS = frozenset({"sessions", "bars", "orders", "fills", "refused", "breaker_trips", "open_positions", "trades"})
_LEFT = (
    "final_equity", "net_profit", "total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar",
    "buy_hold_return", "buy_hold_cagr", "buy_hold_max_drawdown",
)  # fmt: skip
_RIGHT = (
    "trades", "hit_rate", "avg_trade", "best_trade", "worst_trade", "profit_factor", "median_held_s", "exposure",
    "turnover", "fees", "slippage", "orders", "refused", "sessions",
)  # fmt: skip
_ASCII_AXES = str.maketrans("┤└┬┘┌┐─│┼", "|+++++-|+")
_MOST_POINTS = 400


def report_text(outcome: Outcome, saved: Path | None, width: int, *, ascii_only: bool) -> str:
    """Return the report for a terminal `width` columns wide."""
    lines = [_headline(outcome), "", *_table(outcome.metrics), ""]
    lines += curve_lines(thinned(outcome.curve, _MOST_POINTS), min(max(width, 40), 120), 14, ascii_only=ascii_only)
    lines += [f"note: {note}" for note in outcome.notes]
    lines.append("Sharpe and Sortino are of session returns, risk-free rate 0; fills are simulated at the next bar.")
    if saved is not None:
        lines.append(f"saved in {saved}")
    return "\n".join(lines) + "\n"


def figure_text(name: str, value: float | int | None) -> str:
    """Return one figure as text; a dash when it is not known."""
    if value is None:
        return "-"
    if name in _PERCENT:
        return f"{value:.2%}"
    if name in _COUNTS:
        return f"{value:,.0f}"
    if name == "median_held_s":
        return _duration(value)
    return f"{value:,.2f}"


def curve_lines(points: Sequence[tuple[int, float]], width: int, height: int, *, ascii_only: bool) -> list[str]:
    """Return the equity curve drawn in `width` x `height` cells; nothing for less than two points."""
    if len(points) < 2:
        return []
    # Here: drawing costs a tenth of a second to import, which --json and the worker must not pay.
    import plotext

    values = [value for _, value in points]
    low, high = min(values), max(values)
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    marker = "*" if ascii_only else "braille"
    figure.draw(figure.signal(list(range(len(values))), values, marker=marker).lines())
    ticks = [low, (low + high) / 2, high] if high > low else [low]
    figure.ruler("y").ticks(ticks, [f"{value:,.0f}" for value in ticks])
    places = [0, len(points) // 2, len(points) - 1]
    figure.ruler("x").ticks(places, [f"{to_datetime(points[place][0]):%Y-%m-%d}" for place in places])
    figure.axes(False, side=1)
    drawn = figure.build().string(colorless=True)
    return [line.rstrip() for line in (drawn.translate(_ASCII_AXES) if ascii_only else drawn).splitlines()]


def _headline(outcome: Outcome) -> str:
    about = outcome.identity
    first, last = (str(text)[:16].replace("T", " ") for text in _pair(about["data_range"]))
    symbols = ",".join(lane.symbol for lane in outcome.result.lanes)
    bars = f"{outcome.metrics['bars']:,}"
    return f"{about['strategy']} on {symbols}, {bars} bars, {first} to {last} UTC, run {about['run_id']}"


def _pair(value: object) -> tuple[object, object]:
    if not isinstance(value, list) or len(value) != 2:
        raise TypeError("a range has two ends")
    return value[0], value[1]


def _table(metrics: Metrics) -> list[str]:
    rows = max(len(_LEFT), len(_RIGHT))
    left = [_cell(name, metrics) for name in _LEFT] + [" " * 36] * (rows - len(_LEFT))
    right = [_cell(name, metrics) for name in _RIGHT] + [""] * (rows - len(_RIGHT))
    return [f"{one}    {two}".rstrip() for one, two in zip(left, right, strict=True)]


def _cell(name: str, metrics: Metrics) -> str:
    label = name.removesuffix("_s").replace("_", " ")
    return f"{label:<22}{figure_text(name, metrics[name]):>14}"


def _duration(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
