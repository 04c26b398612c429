"""The way of the strategies from loaded to live: contracts qualified, history fetched, hosts told.

Invariant: a strategy goes live only when every symbol it trades has its past.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from tradetui.domain.bar import BarSize
from tradetui.domain.errors import BrokerError, BrokerRefused
from tradetui.domain.events import BrokerMessage, Event, InstrumentKnown, StrategyStatus
from tradetui.domain.instrument import Instrument
from tradetui.engine.bar_feed import BarFeed
from tradetui.engine.host_port import StrategyPort
from tradetui.trading.settings import StrategySetting

#: Real seconds a strategy's load is waited for before the others are warmed up.
LOAD_PATIENCE_S = 5.0
_EXTRA = 20
_RETRY_S = 5.0
#: What a broker error without a code of its own is reported as.
_NO_CODE = 0


class Qualifies(Protocol):
    """Names contracts."""

    async def qualify(self, instrument: Instrument) -> Instrument:
        """Return the instrument with what the broker knows of it."""


class Warming:
    """Brings strategies to life once the link is up."""

    def __init__(
        self,
        broker: Qualifies,
        instruments: dict[str, Instrument],
        hosts: Mapping[str, StrategyPort],
        settings: Mapping[str, StrategySetting],
        report: Callable[[Event], None],
    ) -> None:
        self._broker = broker
        self._instruments = instruments
        self._hosts = hosts
        self._settings = settings
        self._report = report
        self._warm: set[tuple[str, BarSize]] = set()

    async def run(self, feed: BarFeed, keys: set[tuple[str, BarSize]]) -> None:
        """Qualify every contract, then ask for every lane's past; returns when all is asked for."""
        for symbol in list(self._instruments):
            await self._qualify(symbol)
        if self._hosts:
            await asyncio.wait([host.warmup_bars for host in self._hosts.values()], timeout=LOAD_PATIENCE_S)
        for symbol, size in sorted(keys):
            feed.warm_up(symbol, size, self._bars_needed(symbol, size))

    def lane_is_warm(self, symbol: str, size: BarSize) -> None:
        """Take note that a symbol has its past, and let the strategies go live that have all of theirs."""
        self._warm.add((symbol, size))
        for name, host in self._hosts.items():
            setting = self._settings[name]
            if all((one, BarSize(setting.bar_size)) in self._warm for one in setting.symbols):
                host.history_complete()

    def lane_has_trouble(self, symbol: str, size: BarSize, reason: str) -> None:
        """Say on the strategies that wait for it why a symbol's past does not come."""
        text = f"no history of {symbol} {size}: {reason}"
        waiting = [] if (symbol, size) in self._warm else self._traders(symbol, size)
        for name in waiting:
            self._report(StrategyStatus(name, "warming", text))
        if not waiting:
            self._report(BrokerMessage(_NO_CODE, text, symbol=symbol))

    async def _qualify(self, symbol: str) -> None:
        while True:
            try:
                named = await self._broker.qualify(self._instruments[symbol])
            except BrokerRefused as error:
                self._report(BrokerMessage(error.code, f"{symbol} cannot be traded: {error.text}", symbol=symbol))
            except BrokerError:
                await asyncio.sleep(_RETRY_S)
                continue
            else:
                self._instruments[symbol] = named
                self._report(InstrumentKnown(named))
            return

    def _bars_needed(self, symbol: str, size: BarSize) -> int:
        loaded = [self._hosts[name].warmup_bars for name in self._traders(symbol, size)]
        return max((future.result() for future in loaded if future.done()), default=0) + _EXTRA

    def _traders(self, symbol: str, size: BarSize) -> list[str]:
        return [
            name
            for name, setting in self._settings.items()
            if symbol in setting.symbols and setting.bar_size == size.value
        ]
