"""One scenario: its story, the market it plays in, what goes wrong when, and what a good client must end with.

Invariant: a file that loads can be played; a mistake is named with the file, the entry and the reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradetui.domain.errors import OperatorError
from tradetui.gateway.control.command import CommandError, Json
from tradetui.gateway.control.commands import COMMANDS
from tradetui.gateway.faults.schedule import Schedule
from tradetui.gateway.faults.schedule import parse as parse_schedule

FOLDER: Final = Path(__file__).with_name("stories")
_KEYS: Final = frozenset({"title", "story", "client", "market", "faults", "commands", "expect"})
_MARKET_KEYS: Final = frozenset({"market", "start", "seed"})
_EXPECT_KEYS: Final = frozenset({"books", "open_orders", "positions", "client"})
BOOKS: Final = ("equal", "differ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """How it must end. `books` equal: the client's ledger is the venue's; differ: the client must show that it is not.

    `open_orders` and `positions` (by symbol) are the venue's at the end; None says nothing about them.
    """

    client: str
    books: str = "equal"
    open_orders: int | None = None
    positions: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A story to play. `commands` are control commands, each with the market time it is given at (`at`)."""

    name: str
    title: str
    story: str
    client: str
    market: str
    start: str
    seed: int
    schedule: Schedule
    commands: tuple[Json, ...]
    expect: Expectation


def names() -> list[str]:
    """The scenarios that come with the gateway."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load(name: str) -> Scenario:
    """A scenario by name, or by the path of a file of one's own. Raises OperatorError."""
    own = Path(name)
    path = own if own.suffix in (".yaml", ".yml") else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise OperatorError(f"--scenario {name}: there is none; give a file, or one of {', '.join(names())}")
    # Only scenarios and schedules need the library.
    import yaml

    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _scenario(path.stem, data)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise OperatorError(f"scenario {path}: cannot be read: {' '.join(str(error).split())}") from None
    except CommandError as error:
        raise OperatorError(f"scenario {path}: {error}") from None


def _scenario(name: str, data: object) -> Scenario:
    story = _table(data, _KEYS, "a scenario")
    market = _table(story.get("market", {}), _MARKET_KEYS, "market")
    return Scenario(
        name=name,
        title=_text(story, "title"),
        story=_text(story, "story"),
        client=_text(story, "client"),
        market=_text(market, "market", "synthetic"),
        start=_text(market, "start", "2026-03-16T10:00-04:00"),
        seed=_whole(market, "seed", 7),
        schedule=parse_schedule({"seed": _whole(market, "seed", 7), "faults": story.get("faults", [])}),
        commands=_commands(story.get("commands", [])),
        expect=_expectation(_table(story.get("expect"), _EXPECT_KEYS, "expect")),
    )


def _expectation(table: Json) -> Expectation:
    books = _text(table, "books", "equal")
    if books not in BOOKS:
        raise CommandError(f"expect: books {books!r} is unknown; give one of {', '.join(BOOKS)}")
    positions = table.get("positions")
    if positions is not None and not _is_positions(positions):
        raise CommandError("expect: positions must be a table of numbers by symbol")
    return Expectation(
        client=_text(table, "client"),
        books=books,
        open_orders=_whole(table, "open_orders", 0) if "open_orders" in table else None,
        positions=positions if isinstance(positions, dict) else None,
    )


def _is_positions(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, int | float) for each in value.values())


def _commands(entries: object) -> tuple[Json, ...]:
    if not isinstance(entries, Sequence) or isinstance(entries, str):
        raise CommandError("commands must be a list")
    checked: list[Json] = []
    for number, entry in enumerate(entries, start=1):
        if not isinstance(entry, dict) or entry.get("cmd") not in COMMANDS:
            raise CommandError(f"command {number} needs a cmd: one of {', '.join(sorted(COMMANDS))}")
        if not isinstance(entry.get("after"), int | float):
            raise CommandError(f"command {number} needs after: market seconds from the start")
        checked.append({str(name): value for name, value in entry.items()})
    return tuple(checked)


def _table(value: object, known: frozenset[str], what: str) -> Json:
    if not isinstance(value, dict):
        raise CommandError(f"{what} must be a table with {', '.join(sorted(known))}")
    surplus = sorted(str(name) for name in value.keys() - known)
    if surplus:
        raise CommandError(f"{what} has no {', '.join(surplus)}; it has {', '.join(sorted(known))}")
    return value


def _text(table: Json, name: str, default: str | None = None) -> str:
    value = table.get(name, default)
    if not isinstance(value, str) or not value.strip():
        raise CommandError(f"{name} must be text")
    return value.strip()


def _whole(table: Json, name: str, default: int) -> int:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise CommandError(f"{name} must be a whole number")
    return value
