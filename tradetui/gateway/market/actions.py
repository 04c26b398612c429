"""Splits and dividends as the market sees them: prices fall on the ex-date, and history is told adjusted.

Invariants: a session before an ex-date is never changed by it; the price of a share falls by the split's ratio, or by
the dividend, between the last print before the ex-date and the first one on it. As at IB, bars asked for later are
adjusted for splits, and for dividends too where adjusted prices were asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from tradetui.gateway.market.aggregate import Sum
from tradetui.gateway.market.minutes import Floats, Minutes, MinuteSource
from tradetui.gateway.venue.corporate_action import CorporateAction, Dividend, Split
from tradetui.marketdata.calendar import Session, TradingCalendar

_TICK = 0.01
#: Tells a bar of a session as it looks from another day.
Adjust = Callable[[Session, Sum], Sum]


class Actions:
    """What happens to each share, by con_id, in order of ex-dates."""

    def __init__(self, actions: Sequence[CorporateAction] = (), con_ids: Mapping[str, int] | None = None) -> None:
        """`con_ids` by symbol; an action on a symbol that is not there concerns nobody."""
        numbers = con_ids or {}
        self._by_id: dict[int, list[CorporateAction]] = {}
        for action in sorted(actions, key=lambda each: each.ex_date):
            if action.symbol in numbers:
                self._by_id.setdefault(numbers[action.symbol], []).append(action)

    def concern(self, con_id: int) -> bool:
        """Whether anything ever happens to an instrument."""
        return con_id in self._by_id

    def between(self, con_id: int, after: date, to: date) -> list[CorporateAction]:
        """Actions with after < ex-date <= to."""
        return [each for each in self._by_id.get(con_id, ()) if after < each.ex_date <= to]

    def split_factor(self, con_id: int, after: date, to: date) -> float:
        """What one USD of price on the day `after` is on the day `to`, by splits alone."""
        factor = 1.0
        for each in self.between(con_id, after, to):
            if isinstance(each, Split):
                factor *= each.old / each.new
        return factor


class ActionSource:
    """MinuteSource whose prices fall on ex-dates, over one that knows nothing of them."""

    def __init__(self, base: MinuteSource, calendar: TradingCalendar, actions: Actions) -> None:
        self._base = base
        self._calendar = calendar
        self._actions = actions
        self._factors: dict[tuple[int, date], float] = {}

    def minutes(self, con_id: int, session: Session) -> Minutes:
        """The session's minutes after everything that happened to the share by then."""
        whole = self._base.minutes(con_id, session)
        past = self._actions.between(con_id, date.min, session.date)
        if not past:
            return whole
        price = self._factor(con_id, past)
        shares = self._actions.split_factor(con_id, date.min, session.date)

        def moved(prices: Floats) -> Floats:
            return np.asarray(np.round(np.maximum(np.rint(prices * price / _TICK), 1) * _TICK, 2))

        return Minutes(
            start=whole.start,
            open=moved(whole.open),
            high=moved(whole.high),
            low=moved(whole.low),
            close=moved(whole.close),
            volume=np.rint(whole.volume / shares).astype(np.int64),
            count=whole.count,
        )

    def first_session(self, con_id: int) -> Session | None:
        """The base's."""
        return self._base.first_session(con_id)

    def last_session(self) -> Session | None:
        """The base's."""
        return self._base.last_session()

    def _factor(self, con_id: int, past: Sequence[CorporateAction]) -> float:
        """What all of `past` did to a price; a dividend takes its share of the last close before it."""
        key = (con_id, past[-1].ex_date)
        if key not in self._factors:
            factor = 1.0
            for each in past:
                if isinstance(each, Split):
                    factor *= each.old / each.new
                else:
                    factor *= 1 - each.amount / max(self._close_before(con_id, each.ex_date) * factor, each.amount * 2)
            self._factors[key] = factor
        return self._factors[key]

    def _close_before(self, con_id: int, day: date) -> float:
        """The base's last close before a date."""
        session = self._calendar.current_or_next(self._calendar.midnight_of(day))
        minutes = self._base.minutes(con_id, self._calendar.session(max(session.index - 1, 0)))
        return float(minutes.close[-1]) if len(minutes) else 0.0


class Adjuster:
    """Tells bars and closes of the past as they look on a later day."""

    def __init__(self, actions: Actions, source: MinuteSource, calendar: TradingCalendar) -> None:
        self._actions = actions
        self._source = source
        self._calendar = calendar

    def view(self, con_id: int, today: date, *, dividends: bool) -> Adjust:
        """How to tell the bars of an instrument on the day `today`: adjusted for splits, and for `dividends` or not."""
        if not self._actions.concern(con_id):
            return as_it_was

        def told(session: Session, each: Sum) -> Sum:
            actions = self._actions.between(con_id, session.date, today)
            price = shares = 1.0
            for action in actions:
                if isinstance(action, Split):
                    price *= action.old / action.new
                    shares *= action.new / action.old
                elif dividends:
                    price *= self._kept(action, con_id)
            return _scaled(each, price, shares) if actions else each

        return told

    def close(self, con_id: int, price: float, session: Session, later: Session) -> float:
        """A session's closing price as a later session's previous close: in its shares."""
        return round(price * self._actions.split_factor(con_id, session.date, later.date), 6)

    def _kept(self, dividend: Dividend, con_id: int) -> float:
        """The part of the last close before a dividend that is left of it."""
        session = self._calendar.current_or_next(self._calendar.midnight_of(dividend.ex_date))
        minutes = self._source.minutes(con_id, self._calendar.session(max(session.index - 1, 0)))
        return 1 - dividend.amount / float(minutes.close[-1]) if len(minutes) else 1.0


def as_it_was(_session: Session, each: Sum) -> Sum:
    """Nothing ever happened to the instrument."""
    return each


def _scaled(each: Sum, price: float, shares: float) -> Sum:
    return replace(
        each,
        open=round(each.open * price, 6),
        high=round(each.high * price, 6),
        low=round(each.low * price, 6),
        close=round(each.close * price, 6),
        volume=round(each.volume * shares),
        value=each.value * price * shares,
    )
