"""The instruments the gateway knows, and what it tells about them.

Invariant: con_ids of well-known symbols are IB's own; a symbol from a data file that is not well known gets a number
derived from its name, the same in every run.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.marketdata.calendar import TradingCalendar

#: Price increments by rule id: IB's rule 26 is a cent at any price.
MARKET_RULES: dict[int, list[tuple[float, float]]] = {26: [(0.0, 0.01)]}

_EXCHANGES = "SMART,ARCA,NASDAQ,NYSE,BATS,IEX"
_HOURS_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a synthetic instrument behaves.

    `price` is the level it hovers around; `beta` its exposure to the common factor; `volatility` its own yearly
    standard deviation on top of that; `daily_volume` in shares; `spread` the usual spread in ticks.
    """

    con_id: int
    symbol: str
    long_name: str
    primary_exchange: str
    trading_class: str
    stock_type: str
    price: float
    beta: float
    volatility: float
    daily_volume: int
    spread: int

    def contract(self) -> Contract:
        """The contract, fully qualified, routed SMART."""
        return Contract(
            con_id=self.con_id,
            symbol=self.symbol,
            primary_exchange=self.primary_exchange,
            local_symbol=self.symbol,
            trading_class=self.trading_class,
        )


def _etf(con_id: int, symbol: str, name: str, exchange: str, *numbers: float) -> Profile:
    return _profile(con_id, symbol, name, exchange, "ETF", numbers)


def _stock(con_id: int, symbol: str, name: str, exchange: str, *numbers: float) -> Profile:
    return _profile(con_id, symbol, name, exchange, "COMMON", numbers)


def _profile(con_id: int, symbol: str, name: str, exchange: str, kind: str, numbers: tuple[float, ...]) -> Profile:
    price, beta, volatility, volume, spread = numbers
    return Profile(
        con_id=con_id,
        symbol=symbol,
        long_name=name,
        primary_exchange=exchange,
        trading_class="NMS" if exchange == "NASDAQ" else symbol,
        stock_type=kind,
        price=price,
        beta=beta,
        volatility=volatility,
        daily_volume=int(volume),
        spread=int(spread),
    )


#: Columns of the numbers: usual price, beta, own volatility, daily volume, spread in ticks.
KNOWN: tuple[Profile, ...] = (
    _etf(756733, "SPY", "SPDR S&P 500 ETF TRUST", "ARCA", 590.0, 1.0, 0.02, 60e6, 1),
    _etf(320227571, "QQQ", "INVESCO QQQ TRUST SERIES 1", "NASDAQ", 510.0, 1.2, 0.07, 40e6, 1),
    _etf(73128548, "DIA", "SPDR DJIA TRUST", "ARCA", 435.0, 0.9, 0.05, 3.5e6, 2),
    _etf(9579970, "IWM", "ISHARES RUSSELL 2000 ETF", "ARCA", 225.0, 1.15, 0.10, 28e6, 1),
    _stock(265598, "AAPL", "APPLE INC", "NASDAQ", 228.0, 1.2, 0.18, 45e6, 1),
    _stock(272093, "MSFT", "MICROSOFT CORP", "NASDAQ", 430.0, 1.1, 0.16, 20e6, 2),
    _etf(15547841, "TLT", "ISHARES 20+ YEAR TREASURY BD", "NASDAQ", 92.0, -0.25, 0.14, 35e6, 1),
    _etf(51529211, "GLD", "SPDR GOLD SHARES", "ARCA", 245.0, 0.05, 0.14, 8e6, 2),
)

_BY_SYMBOL = {profile.symbol: profile for profile in KNOWN}


def known(symbol: str) -> Profile | None:
    """The profile of a well-known symbol, None for any other."""
    return _BY_SYMBOL.get(symbol)


def contract_for(symbol: str) -> Contract:
    """A US stock contract for any symbol; an unknown one gets a con_id derived from its name."""
    profile = known(symbol)
    if profile is not None:
        return profile.contract()
    con_id = 1_500_000_000 + zlib.crc32(symbol.encode()) % 500_000_000
    return Contract(con_id=con_id, symbol=symbol, primary_exchange="NYSE", local_symbol=symbol, trading_class=symbol)


class Directory:
    """Details of a market's instruments, and the ways clients look them up."""

    def __init__(self, contracts: Iterable[Contract], calendar: TradingCalendar) -> None:
        self.contracts = tuple(contracts)
        self._calendar = calendar
        self._details = {contract.con_id: _details(contract) for contract in self.contracts}
        self._hours: tuple[int, str, str] = (0, "", "")

    def all_details(self) -> list[ContractDetails]:
        """Every instrument, without trading hours (for the venue)."""
        return list(self._details.values())

    def find(self, query: Contract, now_ns: int) -> list[ContractDetails]:
        """Instruments that agree with every identifying field of `query`, with trading hours from today on."""
        from tradetui.gateway.venue.listing import fits

        found = [
            details
            for con_id, details in self._details.items()
            if query.con_id in (0, con_id) and fits(query, details.contract) and _routes(query.exchange)
        ]
        trading, liquid = self._trading_hours(now_ns)
        return [replace(details, trading_hours=trading, liquid_hours=liquid) for details in found]

    def matching(self, pattern: str) -> list[Contract]:
        """Symbol equal, symbol prefix, name contains: best first, at most 16 as at IB."""
        text = pattern.upper()
        ranked = []
        for contract in self.contracts:
            name = self._details[contract.con_id].long_name
            rank = 0 if contract.symbol == text else 1 if contract.symbol.startswith(text) else 2 if text in name else 3
            if rank < 3 and text:
                ranked.append((rank, contract.symbol, contract))
        return [contract for _, _, contract in sorted(ranked, key=lambda row: row[:2])][:16]

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


def _routes(exchange: str) -> bool:
    return exchange in ("", *_EXCHANGES.split(","), "ISLAND")


def _details(contract: Contract) -> ContractDetails:
    profile = known(contract.symbol)
    return ContractDetails(
        contract=contract,
        market_name=contract.trading_class or contract.symbol,
        long_name=profile.long_name if profile else contract.symbol,
        stock_type=profile.stock_type if profile else "COMMON",
        valid_exchanges=_EXCHANGES,
    )
