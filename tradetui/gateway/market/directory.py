"""Details of a market's instruments, and the ways clients look them up.

Invariant: a number names one instrument for ever; what a client finds agrees with every field it gave. Instruments of
a family (futures of a root, options of a share) are not kept: each is computed from its number or its fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

from tradetui.gateway.market.instruments import Profile, known
from tradetui.gateway.venue.listing import fits
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import TradingCalendar

#: Price increments by rule id: stocks and options a cent at any price, currencies, index futures and coins.
MARKET_RULES: dict[int, list[tuple[float, float]]] = {
    26: [(0.0, 0.01)],
    59: [(0.0, 0.00005)],
    67: [(0.0, 0.25)],
}
STOCK_EXCHANGES = "SMART,ARCA,NASDAQ,NYSE,BATS,IEX"
_RULE_OF_TICK = {0.01: 26, 0.00005: 59, 0.25: 67}
_COIN_STEP = 0.0001
_HOURS_DAYS = 7
_MAX_MATCHES = 16


class Family(Protocol):
    """Many instruments that follow from one rule."""

    def find(self, asked: Contract, now_ns: int) -> Iterable[ContractDetails]:
        """Those that are listed at `now_ns` and may fit; the directory checks every field again."""
        ...

    def numbered(self, con_id: int) -> ContractDetails | None:
        """The one with this number, whether listed or expired; None if the number is not of this family."""
        ...


def rules_text(tick: float, exchanges: str) -> str:
    """The market rule of each of `exchanges`, in their order."""
    return ",".join([str(_RULE_OF_TICK[tick])] * (exchanges.count(",") + 1))


class Directory:
    """`contracts` stream from the start; `others` and the families' only once they are asked for."""

    def __init__(
        self,
        contracts: Iterable[Contract],
        calendar: TradingCalendar,
        others: Sequence[Profile] = (),
        families: Sequence[Family] = (),
    ) -> None:
        self.contracts = tuple(contracts)
        self._calendar = calendar
        self._families = tuple(families)
        fixed = [*map(_stock_details, self.contracts), *map(_other_details, others)]
        self._details = {details.contract.con_id: details for details in fixed}
        self._hours: tuple[int, str, str] = (0, "", "")

    def numbered(self, con_id: int) -> ContractDetails | None:
        """The instrument with this number, without trading hours; None if there is none."""
        known_details = self._details.get(con_id)
        if known_details is not None:
            return known_details
        for family in self._families:
            details = family.numbered(con_id)
            if details is not None:
                return details
        return None

    def find(self, query: Contract, now_ns: int) -> list[ContractDetails]:
        """Instruments that agree with every identifying field of `query`, with trading hours from today on."""
        if query.con_id:
            one = self.numbered(query.con_id)
            candidates: Iterable[ContractDetails] = () if one is None or _is_over(one, now_ns) else (one,)
        else:
            candidates = [*self._details.values()]
            for family in self._families:
                candidates += family.find(query, now_ns)
        found = [each for each in candidates if fits(query, each.contract) and _routes(query.exchange, each)]
        trading, liquid = self._trading_hours(now_ns)
        return [replace(details, trading_hours=trading, liquid_hours=liquid) for details in found]

    def matching(self, pattern: str) -> list[Contract]:
        """Symbol equal, symbol prefix, name contains: best first, at most 16 as at IB."""
        text = pattern.upper()
        ranked = []
        for details in self._details.values():
            contract = details.contract
            name = details.long_name
            rank = 0 if contract.symbol == text else 1 if contract.symbol.startswith(text) else 2 if text in name else 3
            if rank < 3 and text:
                ranked.append((rank, contract.symbol, contract))
        return [contract for _, _, contract in sorted(ranked, key=lambda row: row[:2])][:_MAX_MATCHES]

    def _trading_hours(self, now_ns: int) -> tuple[str, str]:
        today = self._calendar.local(now_ns).date()
        if self._hours[0] == today.toordinal():
            return self._hours[1:]
        trading, liquid = [], []
        for offset in range(_HOURS_DAYS):
            day = today + timedelta(days=offset)
            session = self._calendar.session_on(day)
            if session is None:
                closed = f"{day:%Y%m%d}:CLOSED"
                trading.append(closed)
                liquid.append(closed)
                continue
            opens, closes = self._calendar.local(session.open_ns), self._calendar.local(session.close_ns)
            late = closes + timedelta(hours=4)
            trading.append(f"{day:%Y%m%d}:0400-{late:%Y%m%d:%H%M}")
            liquid.append(f"{opens:%Y%m%d:%H%M}-{closes:%Y%m%d:%H%M}")
        self._hours = (today.toordinal(), ";".join(trading), ";".join(liquid))
        return self._hours[1:]


def _is_over(details: ContractDetails, now_ns: int) -> bool:
    return details.expires_ns is not None and details.expires_ns <= now_ns


def _routes(exchange: str, details: ContractDetails) -> bool:
    if exchange == "ISLAND":
        return details.contract.sec_type == "STK"
    return exchange in ("", *details.valid_exchanges.split(","))


def _stock_details(contract: Contract) -> ContractDetails:
    profile = known(contract.symbol)
    return ContractDetails(
        contract=contract,
        market_name=contract.trading_class or contract.symbol,
        long_name=profile.long_name if profile else contract.symbol,
        stock_type=profile.stock_type if profile else "COMMON",
        valid_exchanges=STOCK_EXCHANGES,
    )


def _other_details(profile: Profile) -> ContractDetails:
    is_coin = profile.sec_type == "CRYPTO"
    return ContractDetails(
        contract=profile.contract(),
        market_name=profile.trading_class or profile.symbol,
        long_name=profile.long_name,
        min_tick=profile.tick,
        valid_exchanges=profile.exchange,
        market_rule_ids=rules_text(profile.tick, profile.exchange),
        min_size=_COIN_STEP if is_coin else 1.0,
        size_increment=_COIN_STEP if is_coin else 1.0,
        suggested_size_increment=_COIN_STEP if is_coin else 1.0,
    )
