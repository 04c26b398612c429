"""Runs one drill from the empty box to its record. A step that fails ends the drill; the processes end in any case."""

from __future__ import annotations

from collections.abc import Callable

from tradetui.bench.stage import Play
from tradetui.domain.errors import OperatorError
from tradetui.drills.exercises import EXERCISES
from tradetui.drills.record import Record
from tradetui.drills.rig import SYMBOLS, Rig, open_rig


def perform(name: str, say: Callable[[str], None]) -> tuple[Record, str]:
    """Run the drill `name`; return its record and, when it failed, the end of its processes' logs."""
    record = Record(name, say)
    try:
        with open_rig() as (rig, play):
            return record, _exercise(record, rig, play)
    except OperatorError as error:
        return record, str(error)


def _exercise(record: Record, rig: Rig, play: Play) -> str:
    def trades() -> str:
        rig.start(play)
        return f"{len(SYMBOLS)} positions and {len(SYMBOLS)} working orders"

    try:
        record.step("a core trades on a paper gateway of its own", trades)
        EXERCISES[record.drill](rig, record)
    except OperatorError:
        return rig.log_tail()
    return ""
