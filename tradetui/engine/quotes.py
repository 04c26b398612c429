"""Quotes to the core: only the newest of each symbol, at most QUOTE_HZ times a second.

Invariant: the core's quote is at most one interval old, and exactly the newest when a bar closes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradetui.domain.events import QuoteChanged
from tradetui.domain.tick import Quote

QUOTE_HZ = 4.0


class QuoteConflator:
    """Keeps the newest quote per symbol until the next interval."""

    def __init__(self, sink: Callable[[QuoteChanged], None]) -> None:
        self._sink = sink
        self._latest: dict[str, Quote] = {}

    def take(self, quote: Quote) -> None:
        """Take a quote; hot path."""
        self._latest[quote.symbol] = quote

    def flush(self, symbol: str | None = None) -> None:
        """Hand on what is new, of one symbol or of all."""
        if symbol is not None:
            quote = self._latest.pop(symbol, None)
            if quote is not None:
                self._sink(QuoteChanged(quote))
            return
        latest, self._latest = self._latest, {}
        for quote in latest.values():
            self._sink(QuoteChanged(quote))

    async def run(self) -> None:
        """Flush at the interval; never returns."""
        while True:
            await asyncio.sleep(1 / QUOTE_HZ)
            self.flush()
