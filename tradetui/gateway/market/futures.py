"""Index futures: quarterly contracts on the S&P 500 index, each made from the index's own minutes.

A contract lies above the index by its cost of carry and meets it at expiry, the open of the third Friday of its month.
Trading rolls to the next contract around eight days before that: volume moves from one to the other within days.
Invariant: a contract's number, expiry and minutes follow from its root and month alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from tradetui.gateway.market.directory import rules_text
from tradetui.gateway.market.instruments import INDEX
from tradetui.gateway.market.minutes import Floats, Minutes, MinuteSource
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import Session, TradingCalendar

#: Yearly interest less dividends of the index.
CARRY = 0.027
ROLL_DAYS = 8
LISTED = 8
TICK = 0.25
_EXCHANGE = "CME"
_FIRST_NUMBER = 770_000_000
_NUMBERS_PER_ROOT = 1_000
_QUARTERS = "HMUZ"
_FIRST_YEAR = 2000
_SHARES_PER_TRADE = 3


@dataclass(frozen=True, slots=True)
class Root:
    """A product: its symbol, USD per index point, name, and its volume in parts of the index profile's."""

    symbol: str
    multiplier: str
    long_name: str
    volume_share: float


ROOTS = (
    Root("ES", "50", "E-mini S&P 500", 1.0),
    Root("MES", "5", "Micro E-Mini S&P 500", 0.7),
)


@dataclass(frozen=True, slots=True)
class Future:
    """One contract: its root, quarter (0 is March 2000) and expiry."""

    root: Root
    quarter: int
    session: Session

    @property
    def con_id(self) -> int:
        """Its number."""
        return _FIRST_NUMBER + ROOTS.index(self.root) * _NUMBERS_PER_ROOT + self.quarter

    @property
    def expires_ns(self) -> int:
        """When trading ends and it is settled, UTC ns."""
        return self.session.open_ns


class Futures:
    """The family of all index futures, and their minutes."""

    def __init__(self, calendar: TradingCalendar, source: MinuteSource) -> None:
        self._calendar = calendar
        self._source = source
        self._expiry = lru_cache(maxsize=1024)(self._new_expiry)

    def numbered(self, con_id: int) -> ContractDetails | None:
        """The contract with this number."""
        future = self._future(con_id)
        return None if future is None else self._details(future)

    def find(self, asked: Contract, now_ns: int) -> Iterator[ContractDetails]:
        """The next contracts of each root that the question may mean, nearest first."""
        if asked.sec_type not in ("", "FUT"):
            return
        for root in ROOTS:
            if asked.symbol == root.symbol or asked.local_symbol.startswith(root.symbol):
                yield from map(self._details, self.listed(root, now_ns))

    def listed(self, root: Root, now_ns: int) -> list[Future]:
        """What trades at `now_ns`, nearest first."""
        today = self._calendar.local(now_ns).date()
        quarter = (today.year - _FIRST_YEAR) * 4 + (today.month - 1) // 3
        ahead = (self._of(root, quarter + step) for step in range(LISTED + 1))
        return [each for each in ahead if each is not None and each.expires_ns > now_ns][:LISTED]

    def minutes(self, con_id: int, session: Session) -> Minutes | None:
        """The contract's minutes of a session, none outside its life; None if the number is not of this family."""
        future = self._future(con_id)
        if future is None:
            return None
        whole = self._source.minutes(INDEX.con_id, session)
        if not self.first_session(future).open_ns <= session.open_ns < future.expires_ns:
            return whole.part(0, 0)
        days = (future.session.date - session.date).days
        scale = math.exp(CARRY * days / 365) / TICK

        def priced(index: Floats) -> Floats:
            return np.asarray(np.rint(index * scale) * TICK)

        share = self._share(future, session.date) * future.root.volume_share
        volume = np.maximum(1, np.rint(whole.volume * share)).astype(np.int64)
        return Minutes(
            start=whole.start,
            open=priced(whole.open),
            high=priced(whole.high),
            low=priced(whole.low),
            close=priced(whole.close),
            volume=volume,
            count=np.maximum(1, volume // _SHARES_PER_TRADE),
        )

    def first_session(self, future: Future) -> Session:
        """The first session of a contract's life: two years before its end."""
        wanted = future.session.date - timedelta(days=91 * LISTED)
        begin = self._calendar.session(0)
        return begin if wanted < begin.date else self._calendar.current_or_next(self._calendar.midnight_of(wanted))

    def life(self, con_id: int) -> Session | None:
        """The first session of a numbered contract; None if the number is not of this family."""
        future = self._future(con_id)
        return None if future is None else self.first_session(future)

    def _share(self, future: Future, day: date) -> float:
        """The contract's part of all trading: next to nothing, then nearly all, then nothing."""
        before = self._expiry(future.quarter - 1)
        begun = 1.0 if before is None else _rolled(before.date, day)
        return begun - _rolled(future.session.date, day)

    def _future(self, con_id: int) -> Future | None:
        root, quarter = divmod(con_id - _FIRST_NUMBER, _NUMBERS_PER_ROOT)
        return self._of(ROOTS[root], quarter) if 0 <= root < len(ROOTS) else None

    def _of(self, root: Root, quarter: int) -> Future | None:
        session = self._expiry(quarter)
        return None if session is None else Future(root, quarter, session)

    def _new_expiry(self, quarter: int) -> Session | None:
        """The session in whose opening a quarter's contracts end; None outside the calendar."""
        years, index = divmod(quarter, 4)
        friday = third_friday(_FIRST_YEAR + years, 3 * (index + 1))
        return last_session_by(self._calendar, friday)

    def _details(self, future: Future) -> ContractDetails:
        years, index = divmod(future.quarter, 4)
        year, symbol = _FIRST_YEAR + years, future.root.symbol
        expiry = f"{future.session.date:%Y%m%d}"
        contract = Contract(
            con_id=future.con_id,
            symbol=symbol,
            sec_type="FUT",
            last_trade_date=expiry,
            multiplier=future.root.multiplier,
            exchange=_EXCHANGE,
            local_symbol=f"{symbol}{_QUARTERS[index]}{year % 10}",
            trading_class=symbol,
        )
        return ContractDetails(
            contract=contract,
            market_name=symbol,
            long_name=future.root.long_name,
            min_tick=TICK,
            valid_exchanges=_EXCHANGE,
            under_con_id=INDEX.con_id,
            contract_month=f"{year}{3 * (index + 1):02d}",
            time_zone_id="US/Central",
            market_rule_ids=rules_text(TICK, _EXCHANGE),
            real_expiration_date=expiry,
            suggested_size_increment=1.0,
            expires_ns=future.expires_ns,
        )


def third_friday(year: int, month: int) -> date:
    """The day on which a month's derivatives end."""
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def last_session_by(calendar: TradingCalendar, day: date) -> Session | None:
    """The session of `day`, else the nearest before it within a week; None if the calendar has none."""
    for back in range(7):
        session = calendar.session_on(day - timedelta(days=back))
        if session is not None:
            return session
    return None


def _rolled(expiry: date, day: date) -> float:
    """How much of the trading has left a contract for the next one by a day, 0 to 1."""
    return 1 / (1 + math.exp(-1.5 * ((day - expiry).days + ROLL_DAYS)))
