"""Option chains on the market's shares: weekly and monthly expiries, each option made from its share's minutes.

Prices are Black and Scholes' without interest or dividends, at the share's long-run volatility, so that calls and puts
of one strike agree with the share at any moment. American exercise adds nothing under these terms.
Invariant: an option's number, expiry and minutes follow from share, week, strike and right alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.market.futures import last_session_by, third_friday
from tradetui.gateway.market.instruments import KNOWN, Profile
from tradetui.gateway.market.minutes import Floats, Ints, Minutes, MinuteSource
from tradetui.gateway.market.synthesis import FACTOR_VOLATILITY
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import Session, TradingCalendar

MULTIPLIER = 100
EXCHANGES = "SMART,CBOE,AMEX,PHLX,ISE"
WEEKS, MONTHS = 4, 6
#: Strikes are listed this far around the last close.
REACH = 0.2
TICK = 0.01
_YEAR_NS = 365 * 86_400 * 1_000_000_000
_FIRST_NUMBER = 800_000_000
_FIRST_FRIDAY = date(2000, 1, 7)
_WEEKS_IN_ALL = 3_200
_STRIKES = 10_000
_LIFE_DAYS = 270
_CONTRACTS_PER_SHARE = 1 / 40_000


@dataclass(frozen=True, slots=True)
class Chain:
    """What is listed on one share at one moment: expiries as YYYYMMDD and strikes in USD, both ascending."""

    symbol: str
    under_con_id: int
    expiries: tuple[str, ...]
    strikes: tuple[float, ...]
    multiplier: str = str(MULTIPLIER)
    exchanges: tuple[str, ...] = tuple(EXCHANGES.split(","))


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `session` is its last; `right` +1 for a call, -1 for a put; strike in whole USD."""

    profile: Profile
    week: int
    session: Session
    strike: int
    right: int


class Options:
    """The family of all options on `profiles`, and their minutes."""

    def __init__(self, calendar: TradingCalendar, source: MinuteSource, profiles: Sequence[Profile]) -> None:
        self._calendar = calendar
        self._source = source
        self._profiles = {profile.symbol: profile for profile in profiles}

    def chain(self, symbol: str, now_ns: int) -> Chain | None:
        """What is listed on a share; None without options on it."""
        profile = self._profiles.get(symbol)
        if profile is None:
            return None
        expiries = tuple(f"{session.date:%Y%m%d}" for _, session in self._expiries(now_ns))
        strikes = tuple(float(strike) for strike in self._strikes(profile, now_ns))
        return Chain(symbol, profile.con_id, expiries, strikes)

    def numbered(self, con_id: int) -> ContractDetails | None:
        """The option with this number."""
        option = self._option(con_id)
        return None if option is None else self._details(option)

    def find(self, asked: Contract, now_ns: int) -> Iterator[ContractDetails]:
        """The listed options that the question may mean, by expiry, strike and right; a named strike need not be near.

        Options are only looked for when they are named as such: a share's symbol alone never means one.
        """
        profile = self._profiles.get(asked.symbol or asked.local_symbol[:6].strip())
        is_named = asked.sec_type == "OPT" or (asked.sec_type == "" and _strike_in(asked.local_symbol) > 0)
        if not is_named or profile is None:
            return
        named = asked.strike or _strike_in(asked.local_symbol)
        strikes = self._strikes(profile, now_ns)
        if named:
            strikes = [int(named)] if 0 < named < _STRIKES and named == int(named) else []
        rights = [right for right, name in ((1, "C"), (-1, "P")) if asked.right[:1] in ("", "?", "0", name)]
        for week, session in self._expiries(now_ns):
            if f"{session.date:%Y%m%d}".startswith(asked.last_trade_date):
                for strike in strikes:
                    yield from (self._details(Option(profile, week, session, strike, right)) for right in rights)

    def minutes(self, con_id: int, session: Session) -> Minutes | None:
        """The option's minutes of a session, none outside its life; None if the number is not of this family."""
        option = self._option(con_id)
        if option is None:
            return None
        share = self._source.minutes(option.profile.con_id, session)
        if not option.session.date - timedelta(days=_LIFE_DAYS) <= session.date <= option.session.date:
            return share.part(0, 0)
        opens = self._worth(option, share.open, share.start)
        closes = self._worth(option, share.close, share.start + MINUTE_NS)
        one, two = (self._worth(option, price, share.start) for price in (share.high, share.low))
        volume = np.maximum(1, np.rint(share.volume * _CONTRACTS_PER_SHARE)).astype(np.int64)
        return Minutes(
            start=share.start,
            open=opens,
            high=np.maximum.reduce((opens, closes, one, two)),
            low=np.minimum.reduce((opens, closes, one, two)),
            close=closes,
            volume=volume,
            count=np.maximum(1, volume // 2),
        )

    def life(self, con_id: int) -> Session | None:
        """The first session of a numbered option; None if the number is not of this family."""
        option = self._option(con_id)
        if option is None:
            return None
        begin = self._calendar.midnight_of(option.session.date - timedelta(days=_LIFE_DAYS))
        return self._calendar.current_or_next(max(begin, self._calendar.session(0).open_ns))

    def _worth(self, option: Option, price: Floats, ns: Ints) -> Floats:
        years = np.maximum(option.session.close_ns - ns, 0) / _YEAR_NS
        value = black_scholes(price, option.strike, years, volatility(option.profile), option.right)
        return np.asarray(np.round(np.maximum(np.rint(value / TICK), 1) * TICK, 2))

    def _expiries(self, now_ns: int) -> list[tuple[int, Session]]:
        """(week, last session) of the listed expiries: every Friday of the next weeks, then third Fridays."""
        today = self._calendar.local(now_ns).date()
        friday = today + timedelta(days=(4 - today.weekday()) % 7)
        fridays = {friday + timedelta(weeks=week) for week in range(WEEKS + 1)}
        months = (today.year * 12 + today.month - 1 + step for step in range(MONTHS + 1))
        fridays |= {third_friday(month // 12, month % 12 + 1) for month in months}
        found = ((_week_of(day), last_session_by(self._calendar, day)) for day in sorted(fridays) if day >= friday)
        return [(week, session) for week, session in found if session is not None and session.close_ns > now_ns]

    def _strikes(self, profile: Profile, now_ns: int) -> list[int]:
        spot = self._last_close(profile, now_ns)
        step = 1 if spot < 250 else 5
        low, high = (math.floor(spot * (1 + side * REACH) / step) for side in (-1, 1))
        return [number * step for number in range(max(low, 1), high + 1)]

    def _last_close(self, profile: Profile, now_ns: int) -> float:
        index = self._calendar.current_or_next(now_ns).index - 1
        minutes = self._source.minutes(profile.con_id, self._calendar.session(max(index, 0)))
        return float(minutes.close[-1]) if len(minutes) else profile.price

    def _option(self, con_id: int) -> Option | None:
        rest, is_call = divmod(con_id - _FIRST_NUMBER, 2)
        rest, strike = divmod(rest, _STRIKES)
        place, week = divmod(rest, _WEEKS_IN_ALL)
        # The place in the table of well-known shares, so that a number does not depend on the shares chosen.
        profile = KNOWN[place] if 0 <= place < len(KNOWN) and KNOWN[place].symbol in self._profiles else None
        session = last_session_by(self._calendar, _FIRST_FRIDAY + timedelta(weeks=week)) if profile else None
        if profile is None or session is None or strike == 0:
            return None
        return Option(profile, week, session, strike, 1 if is_call else -1)

    def _details(self, option: Option) -> ContractDetails:
        profile, day = option.profile, option.session.date
        right = "C" if option.right > 0 else "P"
        number = (KNOWN.index(profile) * _WEEKS_IN_ALL + option.week) * _STRIKES + option.strike
        contract = Contract(
            con_id=_FIRST_NUMBER + 2 * number + (option.right > 0),
            symbol=profile.symbol,
            sec_type="OPT",
            last_trade_date=f"{day:%Y%m%d}",
            strike=float(option.strike),
            right=right,
            multiplier=str(MULTIPLIER),
            local_symbol=f"{profile.symbol:<6}{day:%y%m%d}{right}{option.strike * 1000:08d}",
            trading_class=profile.symbol,
        )
        return ContractDetails(
            contract=contract,
            market_name=profile.symbol,
            long_name=profile.long_name,
            min_tick=TICK,
            valid_exchanges=EXCHANGES,
            under_con_id=profile.con_id,
            contract_month=f"{day:%Y%m}",
            market_rule_ids=",".join(["26"] * (EXCHANGES.count(",") + 1)),
            real_expiration_date=f"{day:%Y%m%d}",
            suggested_size_increment=1.0,
            expires_ns=option.session.close_ns,
        )


def volatility(profile: Profile) -> float:
    """The yearly volatility that a share's options are priced with."""
    return math.hypot(profile.beta * FACTOR_VOLATILITY, profile.volatility)


def black_scholes(spot: Floats, strike: float, years: Floats, sigma: float, right: int) -> Floats:
    """Value of a call (`right` +1) or put (-1) without interest or dividends; at expiry its intrinsic value."""
    spread = sigma * np.sqrt(years)
    with np.errstate(divide="ignore"):
        d1 = np.where(spread > 0, np.log(spot / strike) / np.where(spread > 0, spread, 1.0) + spread / 2, 0.0)
    value = right * (spot * _normal(right * d1) - strike * _normal(right * (d1 - spread)))
    return np.asarray(np.where(spread > 0, value, np.maximum(right * (spot - strike), 0.0)))


def _normal(x: Floats) -> Floats:
    return np.asarray([0.5 * math.erfc(-each / math.sqrt(2)) for each in x.tolist()])


def _week_of(friday: date) -> int:
    return (friday - _FIRST_FRIDAY).days // 7


def _strike_in(local_symbol: str) -> float:
    """The strike that an option's symbol (`SPY   261218C00590000`) names, 0 if it is none."""
    digits = local_symbol[13:]
    return int(digits) / 1000 if len(digits) == 8 and digits.isdigit() else 0.0
