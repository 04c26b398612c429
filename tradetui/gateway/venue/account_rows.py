"""Account numbers as IB's tags: updateAccountValue (6) and accountSummary (63) lines.

Invariant: every number comes from one AccountValues and is written with two decimals, so that the tags of one answer
agree with each other to the cent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tradetui.gateway.venue.model import AccountRow, AccountValues, CurrencyLedger

_BASE = "BASE"

_MONEY: dict[str, Callable[[AccountValues], float]] = {
    "AccruedCash": lambda _: 0.0,
    "AccruedDividend": lambda v: v.accrued_dividend,
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

_LEDGER: dict[str, Callable[[CurrencyLedger], float]] = {
    "AccruedCash": lambda _: 0.0,
    "AccruedDividend": lambda each: each.accrued_dividend,
    "CashBalance": lambda each: each.cash,
    "Cryptocurrency": lambda each: each.crypto_value,
    "FundValue": lambda _: 0.0,
    "FuturesPNL": lambda each: each.futures_pnl,
    "NetDividend": lambda each: each.accrued_dividend,
    "NetLiquidationByCurrency": lambda each: each.net_liquidation,
    "OptionMarketValue": lambda each: each.option_value,
    "RealizedPnL": lambda each: each.realized_pnl,
    "StockMarketValue": lambda each: each.stock_value,
    "TotalCashBalance": lambda each: each.cash + each.futures_pnl,
    "UnrealizedPnL": lambda each: each.unrealized_pnl,
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
    for ledger in (_base(values), *values.ledgers):
        rows += _ledger(ledger, values.currency)
    return rows


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


def _ledger(ledger: CurrencyLedger, base: str) -> list[AccountRow]:
    currency = ledger.currency
    rows = [AccountRow(tag=tag, value=f"{amount(ledger):.2f}", currency=currency) for tag, amount in _LEDGER.items()]
    rate = f"{ledger.rate:.2f}" if currency in (base, _BASE) else f"{ledger.rate:.7g}"
    rows += [
        AccountRow(tag="Currency", value=currency, currency=currency),
        AccountRow(tag="ExchangeRate", value=rate, currency=currency),
        AccountRow(tag="RealCurrency", value=currency, currency=currency),
    ]
    return sorted(rows, key=lambda row: row.tag)


def _base(values: AccountValues) -> CurrencyLedger:
    """Everything in the base currency: IB's line BASE."""
    own, *foreign = values.ledgers
    return replace(own, currency=_BASE, cash=own.cash + sum(each.cash * each.rate for each in foreign))


def _summary_ledger(values: AccountValues, tag: str) -> list[AccountRow]:
    _, _, wanted = tag.partition(":")
    ledgers = [_base(values)] if not wanted else [each for each in values.ledgers if wanted in ("ALL", each.currency)]
    if wanted == "ALL":
        ledgers.append(_base(values))
    return [row for ledger in ledgers for row in _ledger(ledger, values.currency)]
