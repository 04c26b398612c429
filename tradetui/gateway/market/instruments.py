"""The instruments the gateway knows by name, and how each behaves in the synthetic market.

Invariant: con_ids of well-known symbols are IB's own; a symbol from a data file that is not well known gets a number
derived from its name, the same in every run.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from tradetui.gateway.venue.model import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a synthetic instrument behaves.

    `price` is the level it hovers around; `beta` its exposure to the common factor; `volatility` its own yearly
    standard deviation on top of that; `daily_volume` in shares, coins or units of currency; `spread` the usual spread
    in ticks of `tick` USD.
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
    tick: float = 0.01
    sec_type: str = "STK"
    exchange: str = "SMART"
    local_symbol: str = ""

    def contract(self) -> Contract:
        """The contract, fully qualified; stocks are routed SMART."""
        return Contract(
            con_id=self.con_id,
            symbol=self.symbol,
            sec_type=self.sec_type,
            exchange=self.exchange,
            primary_exchange=self.primary_exchange,
            local_symbol=self.local_symbol or self.symbol,
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

#: What is not a stock: the index under the futures, a currency, a coin. They stream once somebody asks for them.
INDEX = Profile(
    con_id=416904,
    symbol="SPX",
    long_name="S&P 500 STOCK INDEX",
    primary_exchange="",
    trading_class="",
    stock_type="",
    price=5_900.0,
    beta=1.0,
    volatility=0.02,
    daily_volume=1_500_000,
    spread=2,
    sec_type="IND",
    exchange="CBOE",
)
CURRENCY = Profile(
    con_id=12087792,
    symbol="EUR",
    long_name="EUROPEAN MONETARY UNION EURO",
    primary_exchange="",
    trading_class="EUR.USD",
    stock_type="",
    price=1.10,
    beta=0.05,
    volatility=0.07,
    daily_volume=900_000_000,
    spread=1,
    tick=0.00005,
    sec_type="CASH",
    exchange="IDEALPRO",
    local_symbol="EUR.USD",
)
COIN = Profile(
    con_id=479624278,
    symbol="BTC",
    long_name="BITCOIN CRYPTOCURRENCY",
    primary_exchange="",
    trading_class="BTC",
    stock_type="",
    price=64_000.0,
    beta=0.8,
    volatility=0.45,
    daily_volume=60_000,
    spread=8,
    tick=0.25,
    sec_type="CRYPTO",
    exchange="PAXOS",
)
OTHERS: tuple[Profile, ...] = (INDEX, CURRENCY, COIN)

_BY_SYMBOL = {profile.symbol: profile for profile in KNOWN}


def known(symbol: str) -> Profile | None:
    """The profile of a well-known stock, None for any other symbol."""
    return _BY_SYMBOL.get(symbol)


def contract_for(symbol: str) -> Contract:
    """A US stock contract for any symbol; an unknown one gets a con_id derived from its name."""
    profile = known(symbol)
    if profile is not None:
        return profile.contract()
    con_id = 1_500_000_000 + zlib.crc32(symbol.encode()) % 500_000_000
    return Contract(con_id=con_id, symbol=symbol, primary_exchange="NYSE", local_symbol=symbol, trading_class=symbol)
