"""Fault schedules: a YAML or JSON file that says which faults start when, checked whole before the gateway listens.

Invariant: a schedule that loads starts; its mistakes are named with file and entry, never met in the middle of a run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tradetui.domain.errors import OperatorError
from tradetui.gateway.control.command import CommandError, Json
from tradetui.gateway.faults.running import check, find

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

_KEYS: Final = frozenset({"seed", "faults"})
_MINUTES_A_DAY: Final = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Faults to start, each as a start command, and the seed of everything random in them."""

    seed: int = 0
    faults: tuple[Json, ...] = ()

    def start(self, gateway: GatewayServer) -> None:
        """Start or arm every fault. Raises OperatorError naming the entry that cannot be."""
        for number, entry in enumerate(self.faults, start=1):
            try:
                gateway.injected.start(entry)
            except CommandError as error:
                raise OperatorError(f"fault {number} of the schedule: {error}") from error


def load(path: Path) -> Schedule:
    """Read a schedule. Raises OperatorError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorError(f"--faults {path}: cannot be read: {error}") from error
    try:
        return parse(_data(path, text))
    except CommandError as error:
        raise OperatorError(f"--faults {path}: {error}") from error


def _data(path: Path, text: str) -> object:
    if path.suffix == ".json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise CommandError(f"is not JSON: {error}") from error
    # Only schedules in YAML need the library.
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise CommandError(f"is not YAML: {' '.join(str(error).split())}") from error


def parse(data: object) -> Schedule:
    """Check the content of a schedule: `{seed: 7, faults: [{kind: ..., ...}, ...]}`. Raises CommandError."""
    if not isinstance(data, dict) or not data.keys() <= _KEYS:
        raise CommandError("a schedule has the keys seed and faults, nothing else")
    seed = data.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise CommandError("seed must be a whole number")
    entries = data.get("faults", [])
    if not isinstance(entries, list):
        raise CommandError("faults must be a list")
    return Schedule(seed=seed, faults=tuple(_entries(entries)))


def _entries(entries: Sequence[object]) -> list[Json]:
    checked: list[Json] = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("kind"), str):
            raise CommandError(f"fault {number} needs a kind")
        # YAML takes the key `on` for a truth value.
        entry = {"on" if name is True else str(name): value for name, value in entry.items()}
        try:
            check(find(entry["kind"]), {**entry, "at": ""} if "at" in entry else entry)
        except CommandError as error:
            raise CommandError(f"fault {number}: {error}") from error
        checked.append({**entry, "at": _time_of_day(entry["at"])} if "at" in entry else dict(entry))
    return checked


def _time_of_day(value: object) -> object:
    """YAML reads 15:30 as 930 and 15:30:00 as 55800; what was meant is a time."""
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if value < _MINUTES_A_DAY:
        return f"{value // 60:02}:{value % 60:02}"
    return f"{value // 3600:02}:{value // 60 % 60:02}:{value % 60:02}"
