"""The account's own figures, gathered line by line and told as one value per network packet."""

from __future__ import annotations

from collections.abc import Callable

from tradetui.broker.ib.requests import Requests, Singleton
from tradetui.broker.ib.tap import Handler
from tradetui.broker.ib.text import clean_text
from tradetui.broker.ib.translate import number, numeric_text
from tradetui.broker.port import EventSink
from tradetui.domain.account import AccountValues
from tradetui.domain.events import AccountSeen

#: The row that carries the whole account in its base currency.
BASE = "BASE"


class AccountFeed:
    """Account lines of one session. Nothing is told before the first whole download."""

    def __init__(self, requests: Requests, sink: EventSink, market_now_ns: Callable[[], int]) -> None:
        self._requests = requests
        self._sink = sink
        self._market_now_ns = market_now_ns
        self._rows: dict[tuple[str, str], str] = {}
        self._daily_pnl: float | None = None
        self._changed = False
        self._downloaded = False
        self.account = ""

    def routes(self) -> dict[str, Handler]:
        """Return the library callbacks this feed takes."""
        return {"updateAccountValue": self._value, "accountDownloadEnd": self._end, "pnl": self._pnl}

    def values(self) -> AccountValues:
        """Return the figures as known now; None where the broker has not said one."""
        currency = next((currency for tag, currency in self._rows if tag == "NetLiquidation" and currency), "USD")
        return AccountValues(
            account=self.account,
            ts_ns=self._market_now_ns(),
            currency=clean_text(currency),
            net_liquidation=self._figure("NetLiquidation", currency),
            cash=self._figure("TotalCashValue", currency),
            buying_power=self._figure("BuyingPower", currency),
            available_funds=self._figure("AvailableFunds", currency),
            excess_liquidity=self._figure("ExcessLiquidity", currency),
            gross_position_value=self._figure("GrossPositionValue", currency),
            realized_pnl=self._figure("RealizedPnL", currency),
            unrealized_pnl=self._figure("UnrealizedPnL", currency),
            daily_pnl=self._daily_pnl,
        )

    def flush(self) -> None:
        """Tell the figures if they changed since the last call; called after each network packet."""
        if self._changed and self._downloaded:
            self._changed = False
            self._sink(AccountSeen(self.values()))

    def _value(self, tag: str, value: str, currency: str, account: str) -> None:
        if account and self.account and account != self.account:
            return
        key = (tag, currency)
        if self._rows.get(key) != value:
            self._rows[key] = value
            self._changed = True

    def _end(self, _account: str) -> None:
        self._downloaded = True
        self._requests.finish(Singleton.ACCOUNT)

    def _pnl(self, _request_id: int, daily: float, _unrealized: float, _realized: float) -> None:
        known = number(daily)
        if known != self._daily_pnl:
            self._daily_pnl = known
            self._changed = True

    def _figure(self, tag: str, currency: str) -> float | None:
        # Most tags have one row in the base currency; profit rows come per currency and once for all of them.
        for name in (BASE, currency, ""):
            text = self._rows.get((tag, name))
            if text is not None:
                return numeric_text(text)
        return None
