"""Where error messages of a session go: to the question, the line, the order or the link they are about.

Invariant: every message except the tail of what we ended ourselves reaches the core, cleaned; none is a verdict on an
order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tradetui.broker.ib.errors import READ_ONLY_MARK, Meaning, meaning_of
from tradetui.broker.ib.library import UNSET_INTEGER
from tradetui.broker.ib.requests import FIRST_REQUEST_ID, Requests
from tradetui.broker.ib.text import clean_text
from tradetui.broker.port import EventSink
from tradetui.domain.events import BrokerMessage

#: Takes an error about a market data line (request id, code); returns its symbol, None when the id is no line's.
LineError = Callable[[int, int], str | None]


class LinkEvents(Protocol):
    """What a session does when a code is about the link."""

    def link_lost(self, code: int, text: str) -> None:
        """TWS lost its server."""

    def link_back(self, code: int, text: str, *, data_lost: bool) -> None:
        """TWS is connected to its server again."""

    def port_moved(self, text: str) -> None:
        """The gateway listens elsewhere from now on."""

    def turned_away(self, code: int, text: str) -> None:
        """The gateway will not have this session."""


class ErrorDesk:
    """Sorts the error callbacks of one session."""

    def __init__(self, link: LinkEvents, requests: Requests, line_error: LineError, sink: EventSink) -> None:
        self._link = link
        self._requests = requests
        self._line_error = line_error
        self._sink = sink
        self.read_only = ""

    def take(self, request_id: int, code: int, text: str, reject_json: str = "") -> None:
        """Take one error message; `reject_json` explains a refused order."""
        text = clean_text(f"{text} {reject_json}" if reject_json else text)
        if READ_ONLY_MARK in text.lower():
            self.read_only = f"{code}: {text}"
        if request_id >= FIRST_REQUEST_ID and request_id != UNSET_INTEGER:
            self._about_request(request_id, code, text)
        elif request_id > 0 and request_id != UNSET_INTEGER:
            self._sink(BrokerMessage(code, text, order_id=request_id))
        else:
            self._about_link(code, text)

    def _about_request(self, request_id: int, code: int, text: str) -> None:
        symbol = self._line_error(request_id, code)
        if symbol is not None:
            self._sink(BrokerMessage(code, text, symbol=symbol))
            return
        # 21xx with a request's id warns about the answer (time zones, fractions); the answer still comes.
        is_warning = 2100 <= code < 2200
        if not is_warning and self._requests.refuse(request_id, code, text):
            return
        if meaning_of(code) is not Meaning.QUIET:
            self._sink(BrokerMessage(code, text))

    def _about_link(self, code: int, text: str) -> None:
        self._sink(BrokerMessage(code, text))
        match meaning_of(code):
            case Meaning.LINK_LOST:
                self._link.link_lost(code, text)
            case Meaning.LINK_BACK_DATA_LOST:
                self._link.link_back(code, text, data_lost=True)
            case Meaning.LINK_BACK_DATA_KEPT:
                self._link.link_back(code, text, data_lost=False)
            case Meaning.PORT_MOVED:
                self._link.port_moved(text)
            case Meaning.CLIENT_ID_TAKEN:
                self._link.turned_away(code, text)
            case Meaning.LINE_DEAD | Meaning.QUIET | Meaning.NOTICE:
                pass
