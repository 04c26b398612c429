"""Files of trades, of quotes, or of both, played as they are.

Trades have the columns symbol, time, price, size; quotes symbol, time, bid, ask, bid_size, ask_size; a file with all of
them has trade fields in some rows and quote fields in others. Times are UTC, to the nanosecond.
Invariant: what comes out is sound (times inside sessions and never going back per symbol, prices positive, quotes not
crossed, sizes whole) and in the file's order. What is missing is made from what is there: around the trades of a file
without quotes lie quotes a tick wide; in a file without trades the last price follows the middle of the quote, in
prints of size 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.columnfile import QUOTE_COLUMNS, TRADE_COLUMNS, ColumnFile
from tradetui.gateway.market.minutes import Floats, Ints, Minutes
from tradetui.gateway.market.tickpath import Bools, Ticks
from tradetui.marketdata.calendar import TradingCalendar

if TYPE_CHECKING:
    import pyarrow as pa

_TICK = 0.01
#: Size shown on either side of a quote that the file does not have.
_SHOWN = 500


@dataclass(frozen=True, slots=True)
class Rows:
    """A file's columns: which rows are prints, which begin a session, and the numbers of both kinds."""

    time: Ints
    is_trade: Bools
    is_first: Bools
    price: Floats
    size: Floats
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats

    def part(self, rows: npt.NDArray[np.intp]) -> Rows:
        """The chosen rows; the first of each of their sessions is marked anew."""
        session = np.cumsum(self.is_first)[rows]
        is_first = np.diff(session, prepend=-1) != 0
        return Rows(
            self.time[rows], self.is_trade[rows], is_first, self.price[rows], self.size[rows],
            self.bid[rows], self.ask[rows], self.bid_size[rows], self.ask_size[rows],
        )  # fmt: skip


class TickFile:
    """One file's columns while they are being checked."""

    def __init__(self, path: Path, table: pa.Table) -> None:
        names = table.column_names
        self._has_trades, self._has_quotes = "price" in names, "bid" in names
        trades, quotes = TRADE_COLUMNS if self._has_trades else (), QUOTE_COLUMNS if self._has_quotes else ()
        columns = tuple(dict.fromkeys((*trades, *quotes)))
        what = "trade" if self._has_trades else "quote"
        self._file = ColumnFile(path, table, columns, what, "trades or quotes")
        both = self._has_trades and self._has_quotes
        nothing = np.full(len(self._file.times), np.nan)
        numbers = {name: self._file.numbers(name, optional=both) for name in columns[2:]}
        self._numbers = {name: numbers.get(name, nothing) for name in (*TRADE_COLUMNS[2:], *QUOTE_COLUMNS[2:])}

    def ticks(self, calendar: TradingCalendar) -> dict[str, Ticks]:
        """Sound ticks by symbol in order of first appearance. Raises OperatorError for the first thing that is not."""
        is_trade = (
            ~np.isnan(self._numbers["price"]) if self._has_trades else np.zeros(len(self._file.times), dtype=bool)
        )
        self._check_numbers(is_trade)
        is_first = self._check_times(calendar)
        columns = (self._numbers[name] for name in ("price", "size", "bid", "ask", "bid_size", "ask_size"))
        whole = Rows(self._file.times, is_trade, is_first, *columns)
        return {name: self._of_symbol(whole.part(rows)) for name, rows in self._file.rows_by_symbol().items()}

    def _check_numbers(self, is_trade: Bools) -> None:
        file, numbers = self._file, self._numbers
        file.refuse(
            is_trade & ~np.isnan(numbers["bid"]),
            lambda _: "the row is a trade and a quote at once",
            "write the quote in a row of its own before the trade",
        )
        file.check_positive("price", numbers["price"], is_trade)
        file.check_whole("size", numbers["size"], is_trade)
        for name in QUOTE_COLUMNS[2:4]:
            file.check_positive(name, numbers[name], ~is_trade)
        file.refuse(
            ~is_trade & (numbers["bid"] > numbers["ask"]),
            lambda row: f"bid {numbers['bid'][row]:g} is above ask {numbers['ask'][row]:g}",
            "correct the prices or delete the row",
        )
        for name in QUOTE_COLUMNS[4:]:
            file.check_whole(name, numbers[name], ~is_trade)

    def _check_times(self, calendar: TradingCalendar) -> Bools:
        """Whether each row's session differs from the row before it."""
        file, time = self._file, self._file.times
        sessions, index, closes = file.sessions(calendar, 0)
        file.refuse(
            (index < 0) | (time >= closes) if sessions else np.ones(len(time), dtype=bool),
            lambda _: f"the time lies outside the regular sessions of {calendar.name}",
            "keep regular hours only",
        )
        for rows in file.rows_by_symbol().values():
            back = np.nonzero(np.diff(time[rows]) < 0)[0]
            if len(back):
                raise file.fault(int(rows[back[0] + 1]), "time goes back", "sort by symbol and time")
        return np.asarray(np.diff(index, prepend=-1) != 0)

    def _of_symbol(self, rows: Rows) -> Ticks:
        if not self._has_quotes:
            return _with_quotes(rows)
        if not self._has_trades:
            return _with_prints(rows)
        return _ticks(
            rows.time,
            rows.is_trade,
            np.where(rows.is_trade, rows.price, rows.bid),
            np.where(rows.is_trade, rows.size, rows.ask),
            np.where(rows.is_trade, 0.0, rows.bid_size),
            np.where(rows.is_trade, 0.0, rows.ask_size),
        )


def minutes_of(ticks: Ticks, path: Path, symbol: str) -> Minutes:
    """The minutes that the prints add up to. Raises OperatorError when there are none."""
    chosen = ticks.is_trade
    time, price, size = ticks.time[chosen], ticks.first[chosen], ticks.second[chosen].astype(np.int64)
    if len(time) == 0:
        raise OperatorError(f"{path}: {symbol} has quotes but no trade; add trades, or give a file of quotes alone")
    start = time // MINUTE_NS * MINUTE_NS
    first = np.nonzero(np.diff(start, prepend=-1))[0]
    last = np.append(first[1:], len(start)) - 1
    return Minutes(
        start=start[first],
        open=price[first],
        high=np.maximum.reduceat(price, first),
        low=np.minimum.reduceat(price, first),
        close=price[last],
        volume=np.add.reduceat(size, first),
        count=last - first + 1,
    )


def _with_quotes(rows: Rows) -> Ticks:
    """Before each trade a quote that it lifts or hits, by whether the price rose or fell to it."""
    price = rows.price
    rose = np.diff(price, prepend=price[0]) >= 0
    bid = np.where(rose, np.maximum(price - _TICK, _TICK), price)
    ask = np.maximum(np.where(rose, price, price + _TICK), bid + _TICK)
    shown = np.full(len(price), float(_SHOWN))
    zeros = np.zeros(len(price))
    return _ticks(
        np.repeat(rows.time, 2),
        np.tile([False, True], len(price)),
        _alternately(np.asarray(np.round(bid, 6), dtype=np.float64), price),
        _alternately(np.asarray(np.round(ask, 6), dtype=np.float64), rows.size),
        _alternately(shown, zeros),
        _alternately(shown, zeros),
    )


def _with_prints(rows: Rows) -> Ticks:
    """After each quote whose middle is another, and the first of a session, a print there of size 0."""
    middle = np.round((rows.bid + rows.ask) / 2, 6)
    count = len(middle)
    moved = rows.is_first | (np.diff(middle, prepend=np.nan) != 0)
    zeros = np.zeros(count)
    keep = _alternately(np.ones(count), moved.astype(float)) > 0
    return _ticks(
        np.repeat(rows.time, 2),
        np.tile([False, True], count),
        _alternately(rows.bid, middle),
        _alternately(rows.ask, zeros),
        _alternately(rows.bid_size, zeros),
        _alternately(rows.ask_size, zeros),
    ).only(keep)


def _alternately(one: Floats, two: Floats) -> Floats:
    return np.stack((one, two), axis=1).ravel()


def _ticks(time: Ints, is_trade: Bools, first: Floats, second: Floats, third: Floats, fourth: Floats) -> Ticks:
    return Ticks(time, is_trade, first, second, third.astype(np.int64), fourth.astype(np.int64))
