"""A line of text being typed. No cursor keys: what is typed goes to the end, where it is seen."""

from __future__ import annotations

from dataclasses import dataclass

MOST = 200


@dataclass(slots=True)
class LineEdit:
    """The text so far."""

    text: str = ""

    def key(self, key: str, character: str | None) -> bool:
        """Take a key by Textual's name and its character; return whether it belonged to the text."""
        if key in ("backspace", "ctrl+h"):
            self.text = self.text[:-1]
        elif key == "ctrl+u":
            self.text = ""
        elif key == "ctrl+w":
            self.text = self.text.rstrip().rpartition(" ")[0]
        elif character is not None and len(character) == 1 and character.isprintable():
            self.text = (self.text + character)[:MOST]
        else:
            return False
        return True
