"""What every client library is put through rests on this: the actor's part, the control channel, waiting.

Runs inside a client's own environment, so it stands on the standard library alone.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

LIMIT_S = 20.0
SIZE = 1000
ACCOUNT = "DU1234567"
SPY_ID = 756733


class Actor(Protocol):
    """A client library, reduced to what the play asks of it. Every question waits for its answer or raises."""

    def connect(self, port: int) -> None: ...
    def close(self) -> None: ...
    def version(self) -> int: ...
    def is_connected(self) -> bool: ...
    def next_id(self) -> int: ...
    def let_arrive(self, seconds: float) -> None: ...
    def errors(self) -> list[tuple[int, int, str]]: ...
    def complaints(self) -> list[str]: ...
    def questions(self) -> dict[str, Callable[[], None]]: ...
    def place(self, order_id: int, **order: Any) -> None: ...
    def cancel(self, order_id: int) -> None: ...
    def cancel_all(self) -> None: ...
    def status(self, order_id: int) -> str: ...
    def field(self, order_id: int, name: str) -> Any: ...
    def filled(self, order_id: int) -> float: ...
    def commission(self, order_id: int) -> float | None: ...
    def what_if(self, order_id: int, **order: Any) -> tuple[float, float]: ...
    def condition(self, kind: str, *, is_more: bool, value: float | str) -> Any: ...
    def bulletins(self, happen: Callable[[], object]) -> None: ...


class Missing(AssertionError):
    """What the play waited for did not come."""


class Control:
    """The gateway's control channel."""

    def __init__(self, port: int) -> None:
        self._file = socket.create_connection(("127.0.0.1", port)).makefile("rw", encoding="utf-8")

    def __call__(self, command: str, **arguments: Any) -> dict[str, Any]:
        self._file.write(json.dumps({"cmd": command, **arguments}) + "\n")
        self._file.flush()
        answer: dict[str, Any] = json.loads(self._file.readline())
        assert answer["ok"], answer
        return answer

    def price(self, price: float, size: int = SIZE) -> None:
        """A quote and a print of SPY; the market's own ones stay out from then on."""
        self("set_price", symbol="SPY", price=price, size=size, hold=True)

    def market_time(self) -> str:
        """Exchange time, `20260316 15:01:02 US/Eastern`."""
        return str(self("clock")["market_time"])


class Patient(Protocol):
    """Somebody who can wait."""

    def let_arrive(self, seconds: float) -> None: ...
    def errors(self) -> list[tuple[int, int, str]]: ...


def until(actor: Patient, condition: Callable[[], object], what: str, limit: float = LIMIT_S) -> None:
    """Wait for `condition`. Raises Missing."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            raise Missing(f"{what}; last messages: {actor.errors()[-3:]}")
        actor.let_arrive(0.005)
