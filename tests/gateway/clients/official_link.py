"""The official API (any build from 9.81 to 10.46) as a link: questions go out at IB's pace, callbacks end in lists.

Its decoder is wrapped so that a message it reads only in part is noticed: it would pass over surplus fields in silence.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.wrapper import EWrapper

from tests.gateway.clients.complaint_log import ComplaintLog
from tests.gateway.clients.stage import until

FIRST_REQUEST = 1000
#: This library does not keep to IB's fifty messages a second by itself.
MESSAGE_EVERY_S = 1 / 45


class Recorder(EWrapper):  # type: ignore[misc]
    """Keeps the arguments of every callback."""

    def __init__(self) -> None:
        self.told: dict[str, list[tuple[Any, ...]]] = defaultdict(list)


def _recording(name: str) -> Callable[..., None]:
    def record(self: Recorder, *arguments: Any, **named: Any) -> None:
        self.told[name].append((*arguments, *named.values()))

    return record


for _name, _ in inspect.getmembers(EWrapper, inspect.isfunction):
    if not _name.startswith("_") and not _name.startswith("log") and not _name.endswith("ProtoBuf"):
        setattr(Recorder, _name, _recording(_name))


class _Counted(Iterator[Any]):
    """Fields of a message that remember how many were not read."""

    def __init__(self, fields: Iterable[Any]) -> None:
        self._fields = list(fields)
        self._at = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._at == len(self._fields):
            raise StopIteration
        self._at += 1
        return self._fields[self._at - 1]

    def left(self) -> list[Any]:
        return self._fields[self._at :]


def _whole(process: Callable[..., None], message_id: Any, surplus: list[str]) -> Callable[..., None]:
    def read(decoder: Any, fields: Any, *more: Any) -> None:
        counted = _Counted(fields)
        process(decoder, counted, *more)
        if counted.left():
            surplus.append(f"message {message_id}: unread fields {counted.left()}")

    return read


def _paced(send: Callable[..., int]) -> Callable[..., int]:
    free_at = time.monotonic()
    lock = threading.Lock()

    def paced(*message: Any) -> int:
        nonlocal free_at
        with lock:
            now = time.monotonic()
            time.sleep(max(free_at - now, 0.0))
            free_at = max(now, free_at) + MESSAGE_EVERY_S
        return send(*message)

    return paced


class OfficialLink:
    """EClient on a reader thread. `surplus` lists what its decoder left unread."""

    def __init__(self, client_id: int) -> None:
        self._client_id = client_id
        self._recorder = Recorder()
        self.client = EClient(self._recorder)
        self.log = ComplaintLog.installed()
        self.surplus: list[str] = []
        self._request = FIRST_REQUEST

    def connect(self, port: int) -> None:
        """Connect and wait until the session is ready."""
        self.client.connect("127.0.0.1", port, self._client_id)
        self.client.conn.sendMsg = _paced(self.client.conn.sendMsg)
        for message_id, info in dict(self.client.decoder.msgId2handleInfo).items():
            if info.processMeth is not None:
                info.processMeth = _whole(info.processMeth, message_id, self.surplus)
        threading.Thread(target=self.client.run, daemon=True).start()
        self.wait("nextValidId")
        self.wait("managedAccounts")

    def let_arrive(self, seconds: float) -> None:
        """The reader thread works meanwhile."""
        time.sleep(seconds)

    def errors(self) -> list[tuple[int, int, str]]:
        """(id, code, text) of every error."""
        # The newest builds put a time before the code.
        return [
            (said[0], said[2], said[3]) if isinstance(said[2], int) else (said[0], said[1], said[2])
            for said in list(self.told("error"))
        ]

    def told(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of every call of one callback."""
        return self._recorder.told[name]

    def has(self, name: str) -> bool:
        """Whether this build knows a callback."""
        return hasattr(self._recorder, name)

    def wait(self, name: str, count: int = 1) -> None:
        """Wait until a callback has been called so many times."""
        until(self, lambda: len(self.told(name)) >= count, f"{name} was not called")

    def ask(self, question: Callable[..., object], *arguments: Any, answer: str) -> list[tuple[Any, ...]]:
        """Ask under a new request id and wait until `answer` is called with it."""
        self._request += 1
        request = self._request
        question(request, *arguments)
        until(
            self,
            lambda: any(called[0] == request for called in list(self.told(answer))),
            f"{answer} was not called for request {request}",
        )
        return [called for called in list(self.told(answer)) if called[0] == request]


def stock(symbol: str) -> Contract:
    """A US stock routed SMART."""
    return contract("STK", symbol)


def contract(sec_type: str, symbol: str, exchange: str = "SMART", **fields: Any) -> Contract:
    """Any instrument in USD."""
    made = Contract()
    made.symbol, made.secType, made.exchange, made.currency = symbol, sec_type, exchange, "USD"
    for name, value in fields.items():
        setattr(made, name, value)
    return made
