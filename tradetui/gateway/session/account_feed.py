"""What account subscribers are told as time goes on: positions at once, values and PnL when they have changed.

Invariant: a value that a client already has is not sent again; every figure is the venue's at the moment of sending.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.session import account_out as out
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.venue.model import PositionRow
from tradetui.gateway.venue.venue import Venue
from tradetui.gateway.wire.record import Value

VALUES_EVERY_NS: Final = 3 * MINUTE_NS
"""Market time between re-evaluations of account values while nothing trades, as at IB."""


class AccountFeed:
    """Pushes account changes to the clients that subscribed to them."""

    def __init__(self, venue: Venue, clients: dict[int, ClientSession]) -> None:
        self._venue = venue
        self._clients = clients
        self._changed: set[str] = set()
        self._values_ns = 0

    def position_changed(self, row: PositionRow) -> None:
        """Tell a holding's new state to everyone who follows positions or the portfolio."""
        for client in self._clients.values():
            wanted = client.subscriptions
            if wanted.positions:
                out.send_position(client, row)
            for request_id, account in wanted.positions_multi.items():
                if account in ("", row.account):
                    out.send_position_multi(client, request_id, row)
            if wanted.account_updates == row.account:
                out.send_portfolio(client, row)

    def account_changed(self, account: str) -> None:
        """Mark an account's values for the next refresh."""
        self._changed.add(account)

    def refresh(self, now_ns: int) -> None:
        """Send values of changed accounts, or of all when the last time is long ago."""
        if now_ns - self._values_ns >= VALUES_EVERY_NS:
            self._values_ns = now_ns
            self._changed.update(self._venue.accounts)
        if not self._changed:
            return
        for client in tuple(self._clients.values()):
            self._refresh_client(client, now_ns)
        self._changed.clear()

    def _refresh_client(self, client: ClientSession, now_ns: int) -> None:
        wanted = client.subscriptions
        if wanted.account_updates in self._changed:
            self.send_account(client, wanted.account_updates or "", now_ns)
        for request_id, account in wanted.updates_multi.items():
            if account in self._changed:
                self.send_multi(client, request_id, account)
        for request_id in wanted.summaries:
            self.send_summary(client, request_id)

    def send_account(self, client: ClientSession, account: str, now_ns: int) -> None:
        """Changed account values, the portfolio, and their time."""
        for row in self._venue.account_rows(account):
            if client.is_news(("value", account, row.tag, row.currency), row.value):
                out.send_value(client, account, row)
        for held in self._venue.portfolio(account):
            if client.is_news(("portfolio", account, held.contract.con_id), held):
                out.send_portfolio(client, held)
        out.send_account_time(client, now_ns)

    def send_multi(self, client: ClientSession, request_id: int, account: str) -> None:
        """Changed values of one multi-account subscription."""
        for row in self._venue.account_rows(account):
            if client.is_news(("multi", request_id, row.tag, row.currency), row.value):
                out.send_multi_value(client, request_id, account, row)

    def send_summary(self, client: ClientSession, request_id: int) -> None:
        """Changed rows of one account summary subscription."""
        tags = client.subscriptions.summaries[request_id]
        for account in self._venue.accounts:
            for row in self._venue.summary_rows(account, tags):
                if client.is_news(("summary", request_id, account, row.tag, row.currency), row.value):
                    out.send_summary(client, request_id, account, row)

    def refresh_pnl(self) -> None:
        """Send profit and loss that has changed since the last call."""
        for client in tuple(self._clients.values()):
            wanted = client.subscriptions
            for request_id, account in wanted.pnl.items():
                self.send_pnl(client, request_id, account)
            for request_id, (account, con_id) in wanted.pnl_single.items():
                self.send_pnl_single(client, request_id, account, con_id)

    def send_pnl(self, client: ClientSession, request_id: int, account: str) -> None:
        """The account's profit and loss, if changed."""
        self._if_news(client, ("pnl", request_id), out.pnl_values(self._venue.account_values(account)))

    def send_pnl_single(self, client: ClientSession, request_id: int, account: str, con_id: int) -> None:
        """One holding's profit and loss, if changed."""
        row = self._venue.position(account, con_id)
        self._if_news(client, ("pnlSingle", request_id), out.pnl_single_values(row))

    @staticmethod
    def _if_news(client: ClientSession, key: tuple[str, int], values: dict[str, Value]) -> None:
        figures: Hashable = tuple(values.items())
        if client.is_news(key, figures):
            kind, request_id = key
            out.send_pnl(client, kind, request_id, values)
