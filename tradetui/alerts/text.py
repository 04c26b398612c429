"""Text that leaves this machine: cleaned, masked, cut to what a WhatsApp template variable may hold.

Invariant: whatever a broker or a config file puts into an alert, a variable is one printable line without markup,
without a full account id, never empty and never longer than its limit.

The approved template has three variables: "tradetui {{1}} {{2}}: {{3}} (sent automatically)".
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from tradetui.alerts.fanout import base_key
from tradetui.alerts.model import Message
from tradetui.domain.alert import Severity
from tradetui.domain.clock import to_datetime

MAX_LABEL = 40
MAX_SUBJECT = 90
# The rendered template must stay within 1024 characters (Twilio error 63021); this leaves room for its fixed words.
MAX_TEXT = 700

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_MARKUP = re.compile(r"\[/?(?:[a-z#@!][^\[\]]*)?\]")
# No word boundaries: what stood around an id may just have been removed. Better one symbol masked too many.
_ACCOUNT = re.compile(r"(D?[UFI][A-Z]?)\d{2,}(\d{3})")
# WhatsApp reads *, ~ and ` as formatting; {{ }} is the template's own syntax; ' in a value made Twilio answer 21656.
_REPLACED = str.maketrans({"*": "", "~": "", "`": "", "{": "(", "}": ")", "[": "(", "]": ")", "'": "\u2019"})


@dataclass(frozen=True, slots=True)
class Style:
    """How messages of one installation read: `label` such as LIVE or PAPER, and whether `detail` may be sent."""

    label: str
    include_figures: bool = False


def clean(text: str) -> str:
    """Return `text` as one printable line: no control characters, no markup, single spaces, accounts masked."""
    bare = _MARKUP.sub("", _ANSI.sub("", text))
    spaced = "".join(" " if char.isspace() else char for char in bare)
    printable = "".join(char for char in spaced if unicodedata.category(char)[0] != "C")
    return mask_accounts(" ".join(printable.translate(_REPLACED).split()))


def mask_accounts(text: str) -> str:
    """Return `text` with IB account ids reduced to prefix and last three digits: DU1234567 becomes DU***567."""
    return _ACCOUNT.sub(r"\1***\2", text)


def token(message: Message, style: Style) -> str:
    """Return the mark that identifies a message in the recipient's chat and in the carrier's list, such as #live-17."""
    label = re.sub(r"[^a-z0-9]+", "", style.label.lower()) or "tradetui"
    return f"#{label}-{base_key(message.key)}"


def names_token(body: str, mark: str) -> bool:
    """Return whether `body` holds exactly `mark`: #live-1 is not found in a text that names #live-17."""
    return re.search(rf"(?<![\w#-]){re.escape(mark)}(?![\w-]|\.\w)", body) is not None


def template_variables(message: Message, style: Style) -> dict[str, str]:
    """Return the template's variables "1", "2" and "3" for `message`."""
    headline = f"{style.label} {Severity(message.severity).name}"
    subject = " ".join(
        part for part in (token(message, style), message.cause.replace("_", " "), message.symbol) if part
    )
    stamp = to_datetime(message.wall_ns).strftime("%Y-%m-%d %H:%M:%S UTC")
    figures = f" - {message.detail}" if message.detail and style.include_figures else ""
    body = _cut(clean(message.text + figures), MAX_TEXT - len(stamp) - 3)
    return {"1": _cut(clean(headline), MAX_LABEL), "2": _cut(clean(subject), MAX_SUBJECT), "3": f"{body} ({stamp})"}


def span(seconds: float) -> str:
    """Return a duration as an operator says it: 40 s, 4 min 10 s, 2 h 05 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _cut(text: str, limit: int) -> str:
    if not text:
        return "-"  # an empty variable is refused by the carrier
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"
