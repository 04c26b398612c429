"""Takes the place of the library's wrapper: raw callbacks in, our handlers called, in the order of arrival.

Invariant: nothing raised by a handler reaches the library, which would only log it and lose the message: every failure,
also the decoder's own, becomes one report naming the message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC

#: A callback of the library: positional arguments only.
Handler = Callable[..., None]
#: Told the wire message's name or number, and why it could not be used.
FaultSink = Callable[[str, str], None]

#: Messages this program never asks for but a broker may send; the decoder calls these unseen.
IGNORED = (
    "bondContractDetails",
    "deltaNeutralValidation",
    "familyCodes",
    "histogramData",
    "historicalDataUpdate",
    "historicalSchedule",
    "historicalTicks",
    "historicalTicksBidAsk",
    "historicalTicksLast",
    "mktDepthExchanges",
    "newsProviders",
    "positionMulti",
    "scannerData",
    "scannerDataEnd",
    "securityDefinitionOptionParameter",
    "smartComponents",
    "softDollarTiers",
    "symbolSamples",
    "tickByTickAllLast",
    "tickByTickBidAsk",
    "tickByTickMidPoint",
    "tickOptionComputation",
    "updatePortfolio",
)

_FIELDS = re.compile(r"Error handling fields: \['(\d+)'")
_METHOD = re.compile(r"Error for (\w+)")


class Tap:
    """The wrapper object the library's client and decoder see."""

    def __init__(self, routes: Mapping[str, Handler], on_fault: FaultSink, timezone: str) -> None:
        # The decoder reads these: the zone of execution times without one, and the zone to give them back in.
        self.ib = self
        self.TimezoneTWS = timezone
        self.defaultTimezone = UTC
        self.decoder_log = _DecoderLog(on_fault)
        for name in IGNORED:
            setattr(self, name, _ignore)
        for name, handler in routes.items():
            setattr(self, name, _guarded(name, handler, on_fault))

    def setEventsDone(self) -> None:  # noqa: N802 - the library's name
        """Nothing to end: no library state is used."""

    def connectionClosed(self) -> None:  # noqa: N802 - the library's name
        """Nothing to reset: no library state is used."""


def _guarded(name: str, handler: Handler, on_fault: FaultSink) -> Handler:
    def call(*arguments: object) -> None:
        try:
            handler(*arguments)
        except Exception as error:
            on_fault(name, f"{type(error).__name__}: {error}")

    return call


def _ignore(*_: object) -> None:
    return None


class _DecoderLog:
    """Stands in for the decoder's logger: what it logs there is a message it dropped."""

    def __init__(self, on_fault: FaultSink) -> None:
        self._on_fault = on_fault

    def exception(self, text: str, *_: object) -> None:
        """Report a message that could not be decoded."""
        for pattern in (_FIELDS, _METHOD):
            found = pattern.match(text)
            if found:
                self._on_fault(found[1], "cannot be decoded")
                return
        self._on_fault("?", text[:200])
