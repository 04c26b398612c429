"""What the console's keys do, each through the control channel's own commands.

Invariant: a key can do nothing that the control channel cannot, and no key ends in an exception.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.control.command import Json

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

ENTER: Final = ("\r", "\n")
ERASE: Final = ("\x7f", "\b")
ESCAPE: Final = "\x1b"
_LONGEST: Final = 200
_STEP: Final = 0.01


class Keyboard:
    """Takes keys one by one. `prompt` is what to show for them; `symbol` is the instrument they act on."""

    def __init__(self, gateway: GatewayServer, quit_: Callable[[], None]) -> None:
        self._gateway = gateway
        self._quit = quit_
        self._control = ControlChannel(gateway, 0)
        self._typed: str | None = None
        self._halted: set[str] = set()
        self._told = ""
        self._symbols = list(dict.fromkeys(contract.symbol for contract in gateway.hub.market.contracts()))
        self.symbol = self._symbols[0] if self._symbols else ""
        self._actions: dict[str, Callable[[], None]] = {
            "q": quit_,
            "p": self._pause,
            "+": lambda: self._speed(2.0),
            "-": lambda: self._speed(0.5),
            "s": self._next_symbol,
            "u": lambda: self._price(1 + _STEP),
            "d": lambda: self._price(1 - _STEP),
            "h": self._halt,
            "f": self._begin_typing,
            "c": lambda: self._do({"cmd": "clear_faults"}, "every fault ended"),
        }

    @property
    def prompt(self) -> str:
        """What is being typed, or what the last key came to."""
        return self._told if self._typed is None else f"fault, such as halt symbol=SPY seconds=30: {self._typed}_"

    def press(self, key: str) -> None:
        """Take one character."""
        if self._typed is not None:
            self._type(key)
        elif key in self._actions:
            self._told = ""
            self._actions[key]()

    def _do(self, command: Json, done: str) -> None:
        answer = self._control.answer(json.dumps(command).encode())
        self._told = done if answer["ok"] else str(answer["error"])

    def _pause(self) -> None:
        stands = not self._gateway.hub.clock.speed
        self._do({"cmd": "clock", "pause": not stands}, "goes on" if stands else "market time stands still")

    def _speed(self, factor: float) -> None:
        speed = (self._gateway.hub.clock.speed or self._gateway.speed_before_pause) * factor
        self._do({"cmd": "clock", "speed": speed}, f"market seconds per second: {speed:g}")

    def _next_symbol(self) -> None:
        if self._symbols:
            at = self._symbols.index(self.symbol)
            self.symbol = self._symbols[(at + 1) % len(self._symbols)]

    def _price(self, factor: float) -> None:
        market = self._gateway.hub.market
        con_id = next((each.con_id for each in market.contracts() if each.symbol == self.symbol), None)
        last = None if con_id is None else market.day_stats(con_id).last
        if last is None:
            self._told = f"{self.symbol} has no price yet"
            return
        price = round(last * factor, 2)
        self._do({"cmd": "set_price", "symbol": self.symbol, "price": price}, f"{self.symbol} printed at {price:g}")

    def _halt(self) -> None:
        halted = self.symbol not in self._halted
        (self._halted.add if halted else self._halted.discard)(self.symbol)
        command: Json = {"cmd": "halt", "symbol": self.symbol, "halted": halted}
        self._do(command, f"{self.symbol} {'is halted' if halted else 'trades again'}")

    # --- typing a fault ---------------------------------------------------------------------------------------------
    def _begin_typing(self) -> None:
        self._typed = ""

    def _type(self, key: str) -> None:
        typed = self._typed or ""
        if key in ENTER:
            self._typed = None
            if typed.strip():
                self._start_fault(typed)
        elif key == ESCAPE:
            self._typed = None
            self._told = ""
        elif key in ERASE:
            self._typed = typed[:-1]
        elif key.isprintable():
            self._typed = (typed + key)[:_LONGEST]

    def _start_fault(self, typed: str) -> None:
        kind, *pairs = typed.split()
        fields: Json = {"cmd": "fault", "kind": kind}
        for pair in pairs:
            name, equals, value = pair.partition("=")
            if not equals:
                self._told = f"{pair!r}: write parameters as name=value"
                return
            fields[name] = _value(value)
        self._do(fields, f"{kind} is set")


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
