"""The replay market: a file of one-minute bars, played as ticks that add up to exactly those bars, or of trades and
quotes, played as they are.

Invariant: history and stream show the file's numbers to the last bit; what the file does not hold did not trade.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.actions import Actions
from tradetui.gateway.market.barfile import BarFile
from tradetui.gateway.market.barmarket import BarMarket
from tradetui.gateway.market.columnfile import read_table
from tradetui.gateway.market.directory import Directory
from tradetui.gateway.market.instruments import contract_for, known
from tradetui.gateway.market.minutes import Minutes
from tradetui.gateway.market.tickfile import TickFile, minutes_of
from tradetui.gateway.market.tickpath import Ticks
from tradetui.gateway.venue.corporate_action import CorporateAction
from tradetui.marketdata.calendar import Session, TradingCalendar


class FileSource:
    """MinuteSource over whole columns per instrument."""

    def __init__(self, columns: dict[int, Minutes], calendar: TradingCalendar) -> None:
        self._columns = columns
        self._calendar = calendar

    def minutes(self, con_id: int, session: Session) -> Minutes:
        """The file's minutes of that session."""
        return self._columns[con_id].between(session.open_ns, session.close_ns)

    def first_session(self, con_id: int) -> Session | None:
        """Session of the instrument's first row."""
        return self._calendar.current_or_next(int(self._columns[con_id].start[0]))

    def last_session(self) -> Session | None:
        """Session of the last row of any instrument."""
        return self._calendar.current_or_next(max(int(column.start[-1]) for column in self._columns.values()))


class ReplayMarket(BarMarket):
    """A file as a market. Zero-volume bars are played as prints of size 0."""

    def __init__(
        self,
        path: Path,
        *,
        calendar: TradingCalendar,
        start_ns: int | None = None,
        symbols: Sequence[str] = (),
        seed: int = 0,
        trades_per_minute: int = 12,
        actions: Sequence[CorporateAction] = (),
    ) -> None:
        """Play `path` from `start_ns` on (a minute before its first session if None), all symbols or those named.

        The file's prices are those of their days; `actions` only say how its history is told after a split or dividend.
        `seed` only chooses the way between each bar's four prices. Raises OperatorError for a file that is missing,
        unreadable or unsound, a symbol it does not hold, or a start after its end.
        """
        found, recorded = _read(path, calendar)
        missing = [symbol for symbol in symbols if symbol not in found]
        if missing:
            raise OperatorError(f"{path} has no {', '.join(missing)}; it has {', '.join(found)}")
        chosen = {symbol: found[symbol] for symbol in symbols or found}
        contracts = [contract_for(symbol) for symbol in chosen]
        if len({contract.con_id for contract in contracts}) != len(contracts):
            raise OperatorError(f"{path}: two symbols share a contract number; replay them separately")
        first = min(int(column.start[0]) for column in chosen.values())
        self.last_ns = max(int(column.start[-1]) for column in chosen.values()) + MINUTE_NS
        begin = calendar.current_or_next(first).open_ns - MINUTE_NS if start_ns is None else start_ns
        if begin >= self.last_ns:
            raise OperatorError(
                f"{path} ends {calendar.local(self.last_ns):%Y-%m-%d %H:%M}, before the start asked for; start earlier"
            )
        columns = {contract.con_id: column for contract, column in zip(contracts, chosen.values(), strict=True)}
        super().__init__(
            directory=Directory(contracts, calendar),
            source=FileSource(columns, calendar),
            calendar=calendar,
            seed=seed,
            start_ns=begin,
            trades_per_minute=trades_per_minute,
            spreads={c.con_id: profile.spread for c in contracts if (profile := known(c.symbol)) is not None},
            actions=Actions(actions, {contract.symbol: contract.con_id for contract in contracts}),
            recorded=None if recorded is None else {c.con_id: recorded[c.symbol] for c in contracts},
        )


def _read(path: Path, calendar: TradingCalendar) -> tuple[dict[str, Minutes], dict[str, Ticks] | None]:
    """Minutes by symbol, and the ticks if the file holds those rather than bars."""
    table = read_table(path)
    if "open" in table.column_names or not {"price", "bid"} & set(table.column_names):
        return BarFile(path, table).minutes(calendar), None
    ticks = TickFile(path, table).ticks(calendar)
    return {symbol: minutes_of(each, path, symbol) for symbol, each in ticks.items()}, ticks
