"""Account numbers as IB's tags: updateAccountValue (6) and accountSummary (63) lines.

Invariant: every number comes from one AccountValues and is written with two decimals, so that the tags of one answer
agree with each other to the cent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tradetui.gateway.venue.model import AccountRow, AccountValues

_MONEY: dict[str, Callable[[AccountValues], float]] = {
    "AccruedCash": lambda _: 0.0,
    "AvailableFunds": lambda v: v.available_funds,
    "BuyingPower": lambda v: v.buying_power,
    "EquityWithLoanValue": lambda v: v.equity_with_loan,
    "ExcessLiquidity": lambda v: v.excess_liquidity,
    "FullAvailableFunds": lambda v: v.available_funds,
    "FullExcessLiquidity": lambda v: v.excess_liquidity,
    "FullInitMarginReq": lambda v: v.init_margin,
    "FullMaintMarginReq": lambda v: v.maint_margin,
    "GrossPositionValue": lambda v: v.gross_position_value,
    "InitMarginReq": lambda v: v.init_margin,
    "LookAheadAvailableFunds": lambda v: v.available_funds,
    "LookAheadExcessLiquidity": lambda v: v.excess_liquidity,
    "LookAheadInitMarginReq": lambda v: v.init_margin,
    "LookAheadMaintMarginReq": lambda v: v.maint_margin,
    "MaintMarginReq": lambda v: v.maint_margin,
    "NetLiquidation": lambda v: v.net_liquidation,
    "PreviousDayEquityWithLoanValue": lambda v: v.equity_with_loan - v.daily_pnl,
    "RegTEquity": lambda v: v.equity_with_loan,
    "RegTMargin": lambda v: v.init_margin,
    "SMA": lambda v: v.available_funds,
    "SettledCash": lambda v: v.cash,
    "TotalCashValue": lambda v: v.cash,
}

_LEDGER: dict[str, Callable[[AccountValues], float]] = {
    "AccruedCash": lambda _: 0.0,
    "CashBalance": lambda v: v.cash,
    "FundValue": lambda _: 0.0,
    "FuturesPNL": lambda _: 0.0,
    "NetDividend": lambda _: 0.0,
    "NetLiquidationByCurrency": lambda v: v.net_liquidation,
    "OptionMarketValue": lambda _: 0.0,
    "RealizedPnL": lambda v: v.realized_pnl,
    "StockMarketValue": lambda v: v.stock_market_value,
    "TotalCashBalance": lambda v: v.cash,
    "UnrealizedPnL": lambda v: v.unrealized_pnl,
}

#: Tags that IB spells differently in reqAccountSummary.
_SUMMARY_NAMES = {
    "PreviousEquityWithLoanValue": "PreviousDayEquityWithLoanValue",
    "ReqTEquity": "RegTEquity",
    "ReqTMargin": "RegTMargin",
}


def account_rows(values: AccountValues) -> list[AccountRow]:
    """Every line of an account-updates download, tags in alphabetical order, then the per-currency ledger."""
    rows = [*_texts(values), *(_money(tag, values) for tag in _MONEY)]
    rows.sort(key=lambda row: row.tag)
    return rows + _ledger(values, "BASE") + _ledger(values, values.currency)


def summary_rows(values: AccountValues, tags: Sequence[str]) -> list[AccountRow]:
    """The lines for the summary `tags` asked for; unknown tags give nothing, as at IB."""
    texts = {row.tag: row for row in _texts(values)}
    rows: list[AccountRow] = []
    for tag in tags:
        known = _SUMMARY_NAMES.get(tag, tag)
        if tag.startswith("$LEDGER"):
            rows += _summary_ledger(values, tag)
        elif known in _MONEY:
            rows.append(AccountRow(tag=tag, value=_money(known, values).value, currency=values.currency))
        elif tag in texts:
            rows.append(texts[tag])
    return rows


def _texts(values: AccountValues) -> list[AccountRow]:
    net = values.net_liquidation
    cushion = values.excess_liquidity / net if net > 0 else 0.0
    leverage = values.gross_position_value / net if net > 0 else 0.0
    pairs = (
        ("AccountCode", values.account),
        ("AccountReady", "true"),
        ("AccountType", "INDIVIDUAL"),
        ("Cushion", f"{cushion:.6g}"),
        ("DayTradesRemaining", "-1"),
        ("HighestSeverity", "0"),
        ("Leverage", f"{leverage:.2f}"),
        ("LookAheadNextChange", "0"),
        ("TradingType-S", "STKNOPT"),
    )
    return [AccountRow(tag=tag, value=value, currency="") for tag, value in pairs]


def _money(tag: str, values: AccountValues) -> AccountRow:
    return AccountRow(tag=tag, value=f"{_MONEY[tag](values):.2f}", currency=values.currency)


def _ledger(values: AccountValues, currency: str) -> list[AccountRow]:
    rows = [AccountRow(tag=tag, value=f"{amount(values):.2f}", currency=currency) for tag, amount in _LEDGER.items()]
    rows += [
        AccountRow(tag="Currency", value=currency, currency=currency),
        AccountRow(tag="ExchangeRate", value="1.00", currency=currency),
        AccountRow(tag="RealCurrency", value=currency, currency=currency),
    ]
    return sorted(rows, key=lambda row: row.tag)


def _summary_ledger(values: AccountValues, tag: str) -> list[AccountRow]:
    _, _, wanted = tag.partition(":")
    if wanted == "ALL":
        return _ledger(values, values.currency) + _ledger(values, "BASE")
    return _ledger(values, wanted) if wanted == values.currency else [] if wanted else _ledger(values, "BASE")
