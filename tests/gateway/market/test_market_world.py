"""The synthetic world looks like a stock market and its instruments are told as IB tells them."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pytest

from tests.gateway.market.worlds import CALENDAR, FRIDAY, HALF_DAY, QQQ, SPY, TLT, session_on, synthetic
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.instruments import KNOWN
from tradetui.gateway.market.levels import weekday_index
from tradetui.gateway.market.minutes import Minutes
from tradetui.gateway.market.synthesis import SyntheticSource
from tradetui.gateway.market.synthetic import DEFAULT_SYMBOLS
from tradetui.gateway.market.tickmaker import trades_per_minute
from tradetui.gateway.venue.model import Contract
from tradetui.marketdata.calendar import TradingCalendar

SOURCE = SyntheticSource(3, KNOWN, CALENDAR)
SESSIONS = [CALENDAR.session(index) for index in range(FRIDAY.index - 120, FRIDAY.index)]


def year(con_id: int) -> list[Minutes]:
    return [SOURCE.minutes(con_id, session) for session in SESSIONS]


def returns(con_id: int) -> npt.NDArray[np.float64]:
    return np.concatenate([np.diff(np.log(minutes.close)) for minutes in year(con_id)])


def test_minutes_are_ordered_prices_on_the_tick_and_whole_volumes() -> None:
    for profile in KNOWN:
        for minutes in year(profile.con_id)[::20]:
            assert (minutes.low <= np.minimum(minutes.open, minutes.close)).all()
            assert (minutes.high >= np.maximum(minutes.open, minutes.close)).all()
            assert (np.round(minutes.high, 2) == minutes.high).all()
            assert (minutes.volume >= 100).all()
            assert len(minutes) == 390


def test_stock_funds_move_together_and_bonds_do_not() -> None:
    assert np.corrcoef(returns(SPY), returns(QQQ))[0, 1] > 0.8
    assert np.corrcoef(returns(SPY), returns(TLT))[0, 1] < 0.1


def test_open_and_close_are_busier_than_noon() -> None:
    volume = np.mean([minutes.volume for minutes in year(SPY)], axis=0)
    span = np.mean([minutes.high - minutes.low for minutes in year(SPY)], axis=0)
    for shape in (volume, span):
        assert shape[:15].mean() > 1.5 * shape[180:210].mean()
        assert shape[-15:].mean() > 1.2 * shape[180:210].mean()


def test_volatility_is_that_of_an_index_fund_and_comes_in_regimes() -> None:
    closes = [float(SOURCE.minutes(SPY, CALENDAR.session(i)).close[-1]) for i in range(500, 2500, 1)]
    daily = np.diff(np.log(closes))
    assert 0.10 < float(daily.std()) * 252**0.5 < 0.25
    months = [float(daily[i : i + 20].std()) for i in range(0, len(daily) - 20, 20)]
    assert max(months) > 2.5 * min(months)


def test_minutes_do_not_depend_on_what_was_asked_before_or_on_the_calendars_range() -> None:
    fresh = SyntheticSource(3, KNOWN[1:2], TradingCalendar.load(first_year=2026, last_year=2026))
    session = fresh._calendar.session_on(FRIDAY.date)
    assert session is not None
    assert np.array_equal(fresh.minutes(QQQ, session).close, SOURCE.minutes(QQQ, FRIDAY).close)


def test_dates_outside_the_synthetic_world_are_refused() -> None:
    with pytest.raises(OperatorError, match="exists from 2000-01-03 to 2059"):
        weekday_index(date(1999, 12, 31).toordinal())
    assert weekday_index(date(2000, 1, 8).toordinal()) == weekday_index(date(2000, 1, 7).toordinal()) == 4


def test_a_half_day_has_half_the_minutes() -> None:
    assert len(SOURCE.minutes(SPY, HALF_DAY)) == 210


def test_contracts_carry_ibs_numbers() -> None:
    market = synthetic(FRIDAY.open_ns, symbols=DEFAULT_SYMBOLS)
    numbers = {contract.symbol: contract.con_id for contract in market.contracts()}
    assert (numbers["SPY"], numbers["QQQ"], numbers["DIA"], numbers["IWM"]) == (756733, 320227571, 73128548, 9579970)
    assert (numbers["AAPL"], numbers["MSFT"]) == (265598, 272093)


def test_details_are_found_by_number_or_by_fields_and_never_by_contradiction() -> None:
    market = synthetic(FRIDAY.open_ns)
    now = FRIDAY.open_ns

    def found(**fields: object) -> list[str]:
        query = Contract(**{"con_id": 0, "symbol": "", "sec_type": "", "exchange": "", "currency": "", **fields})  # type: ignore[arg-type]
        return [details.contract.symbol for details in market.contract_details(query, now)]

    assert found(symbol="SPY", sec_type="STK", exchange="SMART", currency="USD") == ["SPY"]
    assert found(con_id=SPY) == ["SPY"]
    assert found(con_id=SPY, symbol="QQQ") == []
    assert found(symbol="SPY", currency="EUR") == []
    assert found(symbol="SPY", exchange="LSE") == []
    assert found(sec_type="STK") == ["SPY", "QQQ"]


def test_trading_hours_name_holidays_and_early_closes() -> None:
    wednesday = session_on(2026, 11, 25)
    query = Contract(con_id=SPY, symbol="SPY")
    details = synthetic(wednesday.open_ns).contract_details(query, wednesday.open_ns)[0]
    assert details.liquid_hours.split(";")[:4] == [
        "20261125:0930-20261125:1600",
        "20261126:CLOSED",
        "20261127:0930-20261127:1300",
        "20261128:CLOSED",
    ]
    assert details.trading_hours.split(";")[2] == "20261127:0400-20261127:1700"
    later = synthetic(wednesday.open_ns).contract_details(query, HALF_DAY.open_ns)[0]
    assert later.liquid_hours.startswith("20261127:0930-20261127:1300;")


def test_symbols_are_found_by_beginning_or_name() -> None:
    market = synthetic(FRIDAY.open_ns, symbols=DEFAULT_SYMBOLS)
    assert [c.symbol for c in market.matching_symbols("spy")] == ["SPY"]
    assert [c.symbol for c in market.matching_symbols("SPDR")] == ["DIA", "GLD", "SPY"]
    assert market.matching_symbols("") == []
    assert market.market_rule(26) == [(0.0, 0.01)]
    assert market.market_rule(999) is None


def test_ticks_thin_out_with_speed() -> None:
    assert [trades_per_minute(speed) for speed in (0, 0.5, 1, 10, 60, 600)] == [180, 180, 180, 48, 8, 4]
