"""What a check found: one line, and what to do about it when something has to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tradetui.home import Paths

if TYPE_CHECKING:
    from tradetui.config import Config


class Status(StrEnum):
    """How it stands. FAIL keeps the program from trading, WARN may cost something, SKIP could not be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `remedy` is empty when nothing has to be done."""

    check: str
    status: Status
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is examined. `config` is None when the configuration is refused; `root` is where the system's files lie."""

    paths: Paths
    environ: Mapping[str, str]
    config: Config | None = None
    root: Path = Path("/")


def ok(check: str, text: str) -> Finding:
    """Return the finding that all is well."""
    return Finding(check, Status.OK, text)


def warn(check: str, text: str, remedy: str) -> Finding:
    """Return the finding that something may cost the operator."""
    return Finding(check, Status.WARN, text, remedy)


def fail(check: str, text: str, remedy: str) -> Finding:
    """Return the finding that trading is not possible like this."""
    return Finding(check, Status.FAIL, text, remedy)


def skip(check: str, text: str) -> Finding:
    """Return the finding that this could not be looked at."""
    return Finding(check, Status.SKIP, text)
