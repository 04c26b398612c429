"""Everything a client library logs as a warning or worse, as lines."""

from __future__ import annotations

import logging


class ComplaintLog(logging.Handler):
    """Collects what the libraries complain about."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if record.exc_info:
            text += f" ({record.exc_info[1]!r})"
        self.lines.append(f"{record.name}: {text[:500]}")

    @classmethod
    def installed(cls) -> ComplaintLog:
        """A log that hears every logger of the process."""
        log = cls()
        root = logging.getLogger()
        root.handlers[:] = [log]
        root.setLevel(logging.WARNING)
        return log
