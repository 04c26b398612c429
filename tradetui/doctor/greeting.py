"""One look at a gateway without logging in: connect, greet, read its version and clock, leave.

Invariant: nothing but the greeting is sent, so no client id is used and no session of another program is disturbed.
"""

from __future__ import annotations

import re
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

_PREFIX = b"API\0"
#: The versions the IB library speaks.
_OFFER = b"v157..178"
_LONGEST = 4096
_TIME = re.compile(r"(\d{8}) +(\d\d:\d\d:\d\d)")


class NoGreeting(Exception):
    """There is no gateway to talk to; the text says what there is instead, `remedy` what to do."""

    def __init__(self, text: str, remedy: str) -> None:
        super().__init__(text)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the gateway said: its protocol version, its clock as written (zone unknown), and how long it took."""

    version: int
    clock: datetime | None
    took_ms: float


def greet(host: str, port: int, limit_s: float) -> Greeting:
    """Return the greeting of the gateway at `host`:`port`.

    Raises:
        NoGreeting: nothing listens there, or it does not speak the TWS API.
    """
    where = f"{host}:{port}"
    begin = time.perf_counter()
    try:
        with socket.create_connection((host, port), timeout=limit_s) as sock:
            sock.sendall(_PREFIX + struct.pack(">I", len(_OFFER)) + _OFFER)
            fields = _read_frame(sock, where)
    except ConnectionRefusedError:
        remedy = "start TWS or IB Gateway and enable its API socket, or correct broker.host and broker.port"
        raise NoGreeting(f"nothing listens on {where}", remedy) from None
    except TimeoutError:
        remedy = "look at the gateway's screen for a question about this connection; check its trusted addresses"
        raise NoGreeting(f"{where} does not answer within {limit_s:g} s", remedy) from None
    except OSError as error:
        raise NoGreeting(f"{where}: {error.strerror or error}", "correct broker.host and broker.port") from None
    took_ms = (time.perf_counter() - begin) * 1000
    if len(fields) < 2 or not fields[0].isdigit():
        raise NoGreeting(f"{where} answers, but not as a TWS or IB Gateway does", "correct broker.port")
    return Greeting(int(fields[0]), _clock(fields[1]), took_ms)


def _read_frame(sock: socket.socket, where: str) -> list[str]:
    data = b""
    while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4], "big"):
        if len(data) >= 4 and int.from_bytes(data[:4], "big") > _LONGEST:
            return []
        part = sock.recv(_LONGEST)
        if not part:
            remedy = "enable 'ActiveX and Socket Clients' in its API settings and trust this address"
            raise NoGreeting(f"{where} closed the connection before its greeting", remedy)
        data += part
    return data[4:].decode("utf-8", "replace").split("\0")


def _clock(text: str) -> datetime | None:
    found = _TIME.match(text)
    if found is None:
        return None
    with suppress(ValueError):
        return datetime.strptime(" ".join(found.groups()), "%Y%m%d %H:%M:%S")  # noqa: DTZ007 (its zone is a free text)
    return None
