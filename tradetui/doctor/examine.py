"""All checks in the order an operator reads them: machine, files, settings, broker, core.

Invariant: a check that fails in a way nobody foresaw is a finding too; the others still run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tradetui.doctor import (
    alerting,
    clock,
    core,
    disk,
    files,
    gateway,
    service,
    settings,
    software,
    strategies,
    terminal,
)
from tradetui.doctor.finding import Case, Finding, fail

Check = Callable[[Case], Iterator[Finding]]

BEFORE_CONFIG: tuple[Check, ...] = (
    software.check_python,
    software.check_ib_library,
    files.check_home,
    files.check_env_file,
    files.check_state,
    disk.check_disk,
    clock.check_clock,
)
AFTER_CONFIG: tuple[Check, ...] = (
    settings.check_account,
    clock.check_sessions,
    strategies.check_strategies,
    gateway.check_gateway,
    gateway.check_neighbours,
    alerting.check_alerting,
    core.check_stop_file,
    core.check_core,
    service.check_service,
    terminal.check_terminal,
)


def examine(case: Case) -> Iterator[Finding]:
    """Yield every finding as soon as it is there."""
    for check in BEFORE_CONFIG:
        yield from _guarded(check, case)
    case, finding = settings.with_config(case)
    yield finding
    for check in AFTER_CONFIG:
        yield from _guarded(check, case)


def _guarded(check: Check, case: Case) -> Iterator[Finding]:
    try:
        yield from check(case)
    except Exception as error:
        name = check.__name__.removeprefix("check_").replace("_", " ")
        yield fail(name, f"could not be looked at: {type(error).__name__}: {error}", "please report this")
