"""Panel 6: the tail of the core's log and of the operator's own commands. Bounded, newest last."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.operator import OperatorLine, Status
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import clock
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

MOST = 500
_LEVELS = {"INFO": Tone.DIM, "WARNING": Tone.WARN, "ERROR": Tone.BAD, "CRITICAL": Tone.ALARM}
_SHORT = {"WARNING": "WARN", "CRITICAL": "CRIT"}

COLUMNS = (
    Column(title="TIME", width=8, priority=1),
    Column(title="LEVEL", width=5),
    Column(title="TOPIC", width=9, priority=3),
    Column(title="TEXT", width=10, stretch=True),
)


class LogTail:
    """Merges the core's log with the operator's lines in the order in which they arrived here."""

    def __init__(self) -> None:
        self._rows: list[GridRow] = []
        self._core_pid: int | None = None
        self._newest_core: int | None = None
        self._newest_line = 0

    def view(self, picture: Picture) -> GridView:
        """Take in what is new in `picture` and return the panel."""
        self._notice_another_core(picture)
        log = picture.section("log")
        for number in sorted(int(key) for key in log if key.isdecimal()):
            if self._newest_core is None or number > self._newest_core:
                self._rows.append(_core_row(f"{self._core_pid}.{number}", log.get(str(number), {}), picture))
                self._newest_core = number
        for line in picture.lines:
            if line.number > self._newest_line:
                self._rows.append(_operator_row(line, picture))
                self._newest_line = line.number
        del self._rows[:-MOST]
        return GridView(
            columns=COLUMNS,
            rows=tuple(self._rows),
            titles=False,
            empty=(Span("no events yet", Tone.DIM),),
            newest_last=True,
        )

    def _notice_another_core(self, picture: Picture) -> None:
        # Another core numbers its log anew; what the last one said stays on the screen.
        pid = rows.whole(picture.core, "pid")
        if pid is not None and pid != self._core_pid:
            self._core_pid = pid
            self._newest_core = None


def _core_row(key: str, row: Row, picture: Picture) -> GridRow:
    level = rows.text(row, "level")
    symbol = rows.text(row, "symbol")
    said = rows.text(row, "text")
    return GridRow(
        f"core {key}",
        (
            Cell(clock(rows.whole(row, "ts_ns"), picture.zone), Tone.DIM),
            Cell(_SHORT.get(level, level), _LEVELS.get(level, Tone.WARN)),
            Cell(rows.text(row, "topic"), Tone.LABEL),
            Cell(f"{symbol} {said}" if symbol and symbol not in said else said, _text_tone(level)),
        ),
    )


def _operator_row(line: OperatorLine, picture: Picture) -> GridRow:
    bad = line.status in (Status.DENIED, Status.UNKNOWN, Status.NOT_SENT, Status.WITHOUT_SOCKET)
    return GridRow(
        f"operator {line.number}",
        (
            Cell(clock(rows.whole(picture.core, "market_ns"), picture.zone), Tone.DIM),
            Cell("YOU", Tone.BAD if bad else Tone.ACCENT),
            Cell("command", Tone.LABEL),
            Cell(line.text, Tone.BAD if bad else Tone.TEXT),
        ),
    )


def _text_tone(level: str) -> Tone:
    return {"ERROR": Tone.BAD, "CRITICAL": Tone.BAD, "WARNING": Tone.WARN}.get(level, Tone.TEXT)
