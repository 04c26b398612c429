"""The backtest screen: a form, a worker process, its progress, the metrics and the equity curve.

The invariant: the run happens in another process, so keys, the kill key first of all, are answered while it runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual import events, work
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget

from tradetui.tui.backtest_job import (
    BacktestJob,
    BacktestRequest,
    Failed,
    Finished,
    JobEvent,
    Progress,
    worker_command,
)
from tradetui.tui.viewmodels.curve import curve_lines
from tradetui.tui.viewmodels.glyphs import Glyphs
from tradetui.tui.viewmodels.line_edit import LineEdit
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.widgets.lines import LinesBar

_FIELDS = (
    ("strategy", "ma_crossover"),
    ("symbols", "SPY"),
    ("bar file", ""),
    ("from", ""),
    ("to", ""),
)
_HINTS = {"bar file": "a Parquet or CSV file of bars", "from": "YYYY-MM-DD, optional", "to": "YYYY-MM-DD, optional"}
#: Metrics that are parts of one; those of the market's own course begin with buy_hold_.
_FRACTIONS = frozenset({"total_return", "return", "cagr", "volatility", "max_drawdown", "exposure", "hit_rate"})
_LABEL = 10
_BAR = 30


class BacktestScreen(Screen[None], inherit_bindings=False):
    """Runs one backtest at a time."""

    def __init__(self, *, home: str, profile: str, glyphs: Glyphs, command: Sequence[str] | None = None) -> None:
        super().__init__()
        self._home = home
        self._profile = profile
        self._glyphs = glyphs
        self._command = command
        self._edits = [LineEdit(text) for _, text in _FIELDS]
        self._active = 2
        self._job: BacktestJob | None = None
        self._event: JobEvent | None = None
        # Kept, not queried: the worker may report while Textual takes the screen apart.
        self._form_bar, self._result_bar = LinesBar(id="bt-form"), LinesBar(id="bt-result")
        self._foot_bar = LinesBar(id="bt-foot")

    def compose(self) -> Iterator[Widget]:
        """Yield head, form, result and foot."""
        yield LinesBar([(Span(" BACKTEST ", Tone.PAPER), Span(" in a process of its own", Tone.LABEL))], id="bt-head")
        yield Container(self._form_bar, self._result_bar, id="bt-body")
        yield self._foot_bar

    def on_mount(self) -> None:
        """Show the empty form."""
        for bar in self.query(LinesBar):
            bar.glyphs = self._glyphs
        self._show()

    def on_resize(self, event: events.Resize) -> None:
        """Place form and result side by side where there is room."""
        self.set_class(event.size.width >= 110, "-wide")
        self.call_after_refresh(self._show)

    async def on_unmount(self) -> None:
        """Leave no worker behind."""
        if self._job is not None:
            await self._job.close()

    def on_paste(self, event: events.Paste) -> None:
        """Take pasted text into the field: paths are seldom typed."""
        event.stop()
        for character in event.text.splitlines()[0] if event.text else "":
            self._edits[self._active].key("", character)
        self._show()

    def on_key(self, event: events.Key) -> None:
        """Edit the form, run, cancel or go back."""
        event.stop()
        event.prevent_default()
        match event.key:
            case "escape" | "ctrl+c":
                self._leave()
            case "enter":
                self._start()
            case "tab" | "down":
                self._active = (self._active + 1) % len(self._edits)
            case "shift+tab" | "up":
                self._active = (self._active - 1) % len(self._edits)
            case _:
                self._edits[self._active].key(event.key, event.character if event.is_printable else None)
        if self.is_current:
            self._show()

    @property
    def running(self) -> bool:
        """Whether a worker runs."""
        return self._job is not None

    @property
    def outcome(self) -> JobEvent | None:
        """What the worker reported last."""
        return self._event

    def _leave(self) -> None:
        if self._job is not None:
            self._job.cancel()
            self._event = Failed("cancelled")
        else:
            self.dismiss(None)

    def _start(self) -> None:
        if self._job is not None:
            return
        strategy, symbols, bars, start, end = (edit.text.strip() for edit in self._edits)
        request = BacktestRequest(
            home=self._home,
            profile=self._profile,
            strategy=strategy,
            symbols=tuple(symbols.upper().replace(",", " ").split()),
            bars=bars,
            start=start,
            end=end,
        )
        if not (strategy and request.symbols and bars):
            self._event = Failed("strategy, symbols and bar file are needed")
            return
        self._job = BacktestJob(self._command or worker_command(request))
        self._event = Progress(0.0)
        self._run(self._job)

    @work(exclusive=True)
    async def _run(self, job: BacktestJob) -> None:
        try:
            async for event in job.events():
                self._event = event
                self._show()
        except OSError as error:
            self._event = Failed(f"the worker could not be started: {error.strerror}")
        finally:
            self._job = None
        self._show()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        self._form_bar.show([*self._form(), (), *self._summary()])
        result = self._result_bar
        result.show(self._curve(result.size.width, result.size.height))
        keys = "Esc cancel the run" if self._job is not None else "Enter run   Tab next field   Esc back"
        self._foot_bar.show([(Span(" ^X KILL ", Tone.ALARM), Span(f"  {keys}", Tone.LABEL))])

    def _form(self) -> list[Line]:
        lines: list[Line] = []
        for number, ((label, _), edit) in enumerate(zip(_FIELDS, self._edits, strict=True)):
            active = number == self._active
            hint = "" if edit.text else _HINTS.get(label, "")
            lines.append(
                (
                    Span(f" {label:<{_LABEL}}", Tone.KEY if active else Tone.LABEL),
                    Span(edit.text, Tone.STRONG),
                    Span(self._glyphs.cursor if active else "", Tone.ACCENT),
                    Span(hint, Tone.DIM),
                )
            )
        return lines

    def _summary(self) -> list[Line]:
        match self._event:
            case Progress(fraction):
                full, empty = self._glyphs.meter(fraction, _BAR)
                return [(Span(" "), Span(full, Tone.ACCENT), Span(empty, Tone.DIM), Span(f" {fraction:4.0%}"))]
            case Failed(reason):
                return [(Span(f" {reason}", Tone.BAD),)]
            case Finished(metrics, _, trades):
                rows = {**metrics, "trades": float(trades)}
                return self._in_columns([_metric(name, value) for name, value in rows.items()])
            case None:
                return []

    def _in_columns(self, lines: list[Line]) -> list[Line]:
        # Above the curve there is little height but twice the width.
        if self.has_class("-wide"):
            return lines
        half = (len(lines) + 1) // 2
        room = max(self._form_bar.size.height - len(_FIELDS) - 1, 1)
        left, right = lines[: min(half, room)], lines[min(half, room) : 2 * min(half, room)]
        return [(*line, *(right[n] if n < len(right) else ())) for n, line in enumerate(left)]

    def _curve(self, width: int, height: int) -> Sequence[Line]:
        if not isinstance(self._event, Finished):
            return ()
        return curve_lines(self._event.equity, width, height, self._glyphs)


def _metric(name: str, value: float | str | None) -> Line:
    if value is None:
        text = "unknown"
    elif isinstance(value, str):
        text = value
    elif name.removeprefix("buy_hold_") in _FRACTIONS:
        text = f"{value:+.2%}"
    else:
        text = f"{value:,.0f}" if value == int(value) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.2f}"
    return (Span(f" {name.replace('_', ' '):<22}", Tone.LABEL), Span(f"{text:>14}  ", Tone.STRONG))
