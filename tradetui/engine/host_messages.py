"""What core and strategy host say to each other: JSON lines over the host's standard input and output.

Invariant: a line decodes to exactly one of these messages or the conversation ends; a host is told nothing but bars and
its own position.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from tradetui.domain.actions import StrategyPosition
from tradetui.domain.bar import Bar
from tradetui.domain.errors import StrategyError
from tradetui.domain.order import Signal
from tradetui.store.plain import from_tagged, to_tagged

#: Longest line either side accepts.
MAX_LINE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load a strategy: registered as `strategy`, in `file` when given, else found in `folder`. `params` is JSON."""

    name: str
    strategy: str
    file: str
    folder: str
    symbols: tuple[str, ...]
    params: str


@dataclass(frozen=True, slots=True)
class WarmUp:
    """Take these bars without deciding, oldest first; answer with `Warm`."""

    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBar:
    """A closed bar. With `decide` an answer `Decided` with the same `number` is due; without, none comes."""

    number: int
    bar: Bar
    decide: bool
    position: StrategyPosition
    equity: float | None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The strategy is ready for bars and needs `warmup_bars` of them; `sha256` is of its file."""

    warmup_bars: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Warm:
    """Every bar so far was taken."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The wishes at bar `number`; none is a decision too."""

    number: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The strategy cannot be loaded, or raised: the host ends itself after this."""

    reason: str


ToHost = Load | WarmUp | NewBar
FromHost = Loaded | Warm | Decided | Failed


def encode(message: ToHost | FromHost) -> bytes:
    """Return `message` as one line.

    Raises:
        ValueError: a number in it is not finite.
    """
    return json.dumps(to_tagged(message), allow_nan=False, separators=(",", ":")).encode() + b"\n"


def decode_to_host(line: bytes) -> ToHost:
    """Return the core's message in `line`.

    Raises:
        ValueError: it is none.
    """
    return cast(ToHost, from_tagged(ToHost, json.loads(line)))


def decode_from_host(line: bytes) -> FromHost:
    """Return the host's message in `line`.

    Raises:
        StrategyError: it is none; a strategy's signals are among what is checked here.
    """
    try:
        return cast(FromHost, from_tagged(FromHost, json.loads(line)))
    except (ValueError, RecursionError) as error:
        raise StrategyError(f"the host's answer is not understood: {error}") from None
