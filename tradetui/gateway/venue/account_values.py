"""One account's numbers: cash per currency, values per kind of product, margin, profit.

Invariant: net liquidation equals cash of all currencies plus the value of all holdings plus dividends on their way.
"""

from __future__ import annotations

from tradetui.gateway.venue import margin
from tradetui.gateway.venue.account import Account, Holding
from tradetui.gateway.venue.model import AccountValues, CurrencyLedger
from tradetui.gateway.venue.money import shown, to_dollars

_POSITIONS = frozenset({"STK", "OPT", "CRYPTO"})


def account_values(account: Account, initial: int, maintenance: int, net_before: int) -> AccountValues:
    """The numbers of an account whose holdings are marked; `net_before` is its value at the last midnight.

    Margins and values come in micro-dollars.
    """
    ledgers = _ledgers(account)
    net = account.net_liquidation
    holdings = account.holdings.values()
    return AccountValues(
        account=account.code,
        currency=account.currency,
        cash=to_dollars(account.cash + _worth(account, "FUT") + _worth(account, "CASH")),
        stock_market_value=to_dollars(_worth(account, "STK")),
        gross_position_value=to_dollars(sum(abs(h.value) for h in holdings if h.contract.sec_type in _POSITIONS)),
        net_liquidation=to_dollars(net),
        equity_with_loan=to_dollars(net),
        init_margin=to_dollars(initial),
        maint_margin=to_dollars(maintenance),
        available_funds=to_dollars(net - initial),
        excess_liquidity=to_dollars(net - maintenance),
        buying_power=to_dollars(margin.buying_power(net - initial)),
        realized_pnl=ledgers[0].realized_pnl,
        unrealized_pnl=ledgers[0].unrealized_pnl,
        daily_pnl=to_dollars(net - net_before),
        accrued_dividend=to_dollars(account.accrued),
        ledgers=ledgers,
    )


def _worth(account: Account, sec_type: str) -> int:
    return sum(holding.worth for holding in account.holdings.values() if holding.contract.sec_type == sec_type)


def _ledgers(account: Account) -> tuple[CurrencyLedger, ...]:
    """The base currency, with every profit, then each currency that is held."""
    holdings = account.holdings.values()
    base = CurrencyLedger(
        currency=account.currency,
        rate=1.0,
        cash=to_dollars(account.cash),
        stock_value=to_dollars(_worth(account, "STK")),
        option_value=to_dollars(_worth(account, "OPT")),
        crypto_value=to_dollars(_worth(account, "CRYPTO")),
        futures_pnl=to_dollars(_worth(account, "FUT")),
        accrued_dividend=to_dollars(account.accrued),
        realized_pnl=to_dollars(sum(holding.realized_today for holding in holdings)),
        unrealized_pnl=to_dollars(sum(holding.unrealized for holding in holdings)),
    )
    return (base, *(_foreign(holding) for holding in holdings if holding.contract.sec_type == "CASH"))


def _foreign(holding: Holding) -> CurrencyLedger:
    return CurrencyLedger(
        currency=holding.contract.symbol,
        rate=to_dollars(holding.mark),
        cash=shown(holding.quantity, holding.lots),
    )
