"""The core's log file: bounded, private, and never in the way of trading.

Invariant: a log that cannot be written costs log lines, nothing else; account numbers are masked.
"""

from __future__ import annotations

import logging
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

if TYPE_CHECKING:
    from loguru import Record

LOG_NAME = "core.log"
ROTATE_AT = "10 MB"
KEPT_FILES = 5

_ACCOUNT = re.compile(r"\b(D?[UFI]\d{2})\d{2,}(\d{3})\b")
_FORMAT = "{time:YYYY-MM-DDTHH:mm:ss.SSS!UTC}Z {level: <8} {extra[part]}: {message}"


class _ToLoguru(logging.Handler):
    """Passes standard logging on, the library's included."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one record over."""
        level = record.levelname if record.levelname in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL") else "INFO"
        part = record.name.removeprefix("tradetui.")
        logger.bind(part=part).opt(exception=record.exc_info).log(level, "{}", record.getMessage())


def set_up_logging(folder: Path, *, to_terminal: bool) -> None:
    """Write the log to `folder`/core.log, and to standard error as well when `to_terminal`."""
    logger.remove()
    logger.configure(extra={"part": "core"}, patcher=_mask)
    logger.add(
        folder / LOG_NAME,
        level="INFO",
        format=_FORMAT,
        rotation=ROTATE_AT,
        retention=KEPT_FILES,
        backtrace=False,
        # Local variables in tracebacks could hold secrets.
        diagnose=False,
        catch=True,
    )
    if to_terminal:
        logger.add(sys.stderr, level="INFO", format=_FORMAT, backtrace=False, diagnose=False, catch=True)
    root = logging.getLogger()
    root.handlers = [_ToLoguru()]
    root.setLevel(logging.INFO)
    # The IB library logs whole messages and positions below warning.
    logging.getLogger("ib_insync").setLevel(logging.WARNING)
    logging.getLogger("ib_async").setLevel(logging.WARNING)


def masked(text: str) -> str:
    """Return `text` with account numbers cut to their first and last characters."""
    return _ACCOUNT.sub(r"\1***\2", text)


def _mask(record: Record) -> None:
    record["message"] = masked(record["message"])
