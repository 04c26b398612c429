"""Text from outside, made fit for screens, logs and alerts.

Invariant: what leaves here is one line without control characters, escape sequences, tags or console markup.
"""

from __future__ import annotations

import re
import unicodedata

MAX_LENGTH = 500

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)?", re.DOTALL)
_TAGS = re.compile(r"<[^<>]*>")
_BRACKETS = str.maketrans({"[": "(", "]": ")", "<": "(", ">": ")", "\\": "/"})
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;_/+%()#@=&'\"!?$*-]*")


def clean_text(text: str) -> str:
    """Return `text` as one harmless line of at most MAX_LENGTH characters."""
    if len(text) <= MAX_LENGTH and _PLAIN.fullmatch(text):
        return text
    text = _TAGS.sub(" ", _ESCAPES.sub("", text[: 4 * MAX_LENGTH]))
    text = "".join(char if unicodedata.category(char)[0] not in "CZ" else " " for char in text)
    return " ".join(text.translate(_BRACKETS).split())[:MAX_LENGTH]
