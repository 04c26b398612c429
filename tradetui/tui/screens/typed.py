"""A dialog that confirms by typing. The invariant: Enter cancels unless every field holds what it must hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.viewmodels.line_edit import LineEdit
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.wrap import wrap_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to type. `word` must be typed exactly; None takes any text that is not empty."""

    label: str
    word: str | None = None

    def accepts(self, text: str) -> bool:
        """Return whether `text` is what the field wants. An empty text never is."""
        return bool(text.strip()) and (self.word is None or text == self.word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a typed dialog shows: `lines` above, `fields` to fill, `verb` on the button that acts."""

    lines: Sequence[Line]
    fields: tuple[Field, ...]
    verb: str


class TypedDialog(Dialog[tuple[str, ...] | None]):
    """Asks a question and returns the typed texts, or None. Cancel is chosen until everything is typed."""

    heading: ClassVar[str] = "confirm"

    def __init__(
        self, title: str, question: Callable[[], Question], *, cursor: str, clock: Callable[[], float]
    ) -> None:
        super().__init__(clock=clock)
        self._box_title = title
        self._question = question
        self._cursor_glyph = cursor
        self._edits: list[LineEdit] = [LineEdit() for _ in question().fields]
        self._active = 0

    @property
    def complete(self) -> bool:
        """Whether Enter would act."""
        fields = self._question().fields
        return all(field.accepts(edit.text) for field, edit in zip(fields, self._edits, strict=True))

    def on_mount(self) -> None:
        """Show the title of this question."""
        self.box.border_title = self._box_title
        self.box.add_class("-alarm")
        super().on_mount()

    def content(self, width: int) -> Sequence[Line]:
        """Return the question, its fields and the buttons."""
        question = self._question()
        lines = [*wrap_lines(question.lines, width, 2), ()]
        for number, field in enumerate(question.fields):
            lines += wrap_lines((self._field(number, field),), width, 2)
        return (*lines, (), self._buttons(question.verb))

    def take_key(self, key: str, character: str | None) -> None:
        """Edit the active field, change field, cancel or act."""
        if key == "escape":
            self.dismiss(None)
        elif key == "enter":
            self._enter()
        elif key in ("tab", "down", "shift+tab", "up"):
            step = 1 if key in ("tab", "down") else -1
            self._active = (self._active + step) % len(self._edits)
        else:
            self._edits[self._active].key(key, character)
        if self.is_current:
            self.update_content()

    def _enter(self) -> None:
        if self.complete:
            self.dismiss(tuple(edit.text for edit in self._edits))
        elif not any(edit.text for edit in self._edits):
            self.dismiss(None)
        else:
            fields = self._question().fields
            self._active = next(
                n
                for n, (field, edit) in enumerate(zip(fields, self._edits, strict=True))
                if not field.accepts(edit.text)
            )

    def _field(self, number: int, field: Field) -> Line:
        edit = self._edits[number]
        cursor = self._cursor_glyph if number == self._active else ""
        tone = Tone.GOOD if field.accepts(edit.text) else Tone.STRONG
        return (Span(f"{field.label}: ", Tone.LABEL), Span(edit.text, tone), Span(cursor, Tone.ACCENT))

    def _buttons(self, verb: str) -> Line:
        cancel = Span(" Cancel ", Tone.DIM if self.complete else Tone.CURSOR)
        act = Span(f" {verb} ", Tone.ALARM if self.complete else Tone.DIM)
        untouched = not any(edit.text for edit in self._edits)
        enter = verb if self.complete else "Cancel" if untouched else "not complete yet"
        return (cancel, Span("  "), act, Span(f"   Enter: {enter}   Esc: Cancel", Tone.DIM))
