"""Requests about accounts, positions and profit and loss.

Invariant: the answer to a subscription is complete and closed by its end marker before any update of it is sent.
"""

from typing import Final

from tradetui.gateway.session import account_out as out
from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record


def managed_accounts(client: ClientSession, _request: Record) -> None:
    """The account list."""
    client.send(reply.MANAGED_ACCOUNTS, accounts=",".join(client.hub.venue.accounts))


def account_updates(client: ClientSession, request: Record) -> None:
    """Subscribe to (or leave) one account's values and portfolio."""
    if not request.flag("subscribe"):
        client.subscriptions.account_updates = None
        return
    account = _known_account(client, -1, request.text("account"))
    if account is None:
        return
    client.forget(("value", account))
    client.forget(("portfolio", account))
    client.subscriptions.account_updates = account
    client.hub.accounts.send_account(client, account, client.hub.now_ns())
    client.send(reply.ACCOUNT_END, account=account)


def positions(client: ClientSession, _request: Record) -> None:
    """All positions, then every change."""
    for row in client.hub.venue.positions():
        out.send_position(client, row)
    client.send(reply.POSITION_END)
    client.subscriptions.positions = True


def cancel_positions(client: ClientSession, _request: Record) -> None:
    """No more position changes."""
    client.subscriptions.positions = False


def positions_multi(client: ClientSession, request: Record) -> None:
    """Positions of one account, then every change."""
    identity = request_id(request)
    account = request.text("account")
    if account and _known_account(client, identity, account) is None:
        return
    for row in client.hub.venue.positions(account or None):
        out.send_position_multi(client, identity, row)
    client.send(reply.POSITION_MULTI_END, reqId=identity)
    client.subscriptions.positions_multi[identity] = account


def cancel_positions_multi(client: ClientSession, request: Record) -> None:
    """No more changes for one subscription."""
    client.subscriptions.positions_multi.pop(request_id(request), None)


def updates_multi(client: ClientSession, request: Record) -> None:
    """Values of one account, then every change."""
    identity = request_id(request)
    account = _known_account(client, identity, request.text("account"))
    if account is None:
        return
    client.forget(("multi", identity))
    client.subscriptions.updates_multi[identity] = account
    client.hub.accounts.send_multi(client, identity, account)
    client.send(reply.UPDATE_MULTI_END, reqId=identity)


def cancel_updates_multi(client: ClientSession, request: Record) -> None:
    """No more changes for one subscription."""
    client.subscriptions.updates_multi.pop(request_id(request), None)


def summary(client: ClientSession, request: Record) -> None:
    """Chosen values of all accounts, then every change."""
    identity = request_id(request)
    summaries = client.subscriptions.summaries
    if identity not in summaries and 0 < client.hub.settings.max_summaries <= len(summaries):
        client.error(identity, codes.DUPLICATE_TICKER, "Maximum number of account summary requests exceeded")
        return
    client.forget(("summary", identity))
    summaries[identity] = tuple(tag.strip() for tag in request.text("tags").split(",") if tag.strip())
    client.hub.accounts.send_summary(client, identity)
    client.send(reply.SUMMARY_END, reqId=identity)


def cancel_summary(client: ClientSession, request: Record) -> None:
    """No more changes for one subscription."""
    client.subscriptions.summaries.pop(request_id(request), None)


def pnl(client: ClientSession, request: Record) -> None:
    """An account's profit and loss, now and whenever it changes."""
    identity = request_id(request)
    account = _known_account(client, identity, request.text("account"))
    if account is None:
        return
    client.forget(("pnl", identity))
    client.subscriptions.pnl[identity] = account
    client.hub.accounts.send_pnl(client, identity, account)


def cancel_pnl(client: ClientSession, request: Record) -> None:
    """No more changes for one subscription."""
    client.subscriptions.pnl.pop(request_id(request), None)


def pnl_single(client: ClientSession, request: Record) -> None:
    """One holding's profit and loss, now and whenever it changes."""
    identity = request_id(request)
    account = _known_account(client, identity, request.text("account"))
    if account is None:
        return
    con_id = request.integer("conId") or 0
    client.forget(("pnlSingle", identity))
    client.subscriptions.pnl_single[identity] = (account, con_id)
    client.hub.accounts.send_pnl_single(client, identity, account, con_id)


def cancel_pnl_single(client: ClientSession, request: Record) -> None:
    """No more changes for one subscription."""
    client.subscriptions.pnl_single.pop(request_id(request), None)


def _known_account(client: ClientSession, identity: int, account: str) -> str | None:
    if not account:
        return client.hub.account
    if account in client.hub.venue.accounts:
        return account
    client.error(identity, codes.VALIDATING, codes.invalid(f"Invalid account code '{account}'"))
    return None


HANDLERS: Final[HandlerTable] = {
    ask.REQ_MANAGED_ACCOUNTS: managed_accounts,
    ask.REQ_ACCOUNT_UPDATES: account_updates,
    ask.REQ_POSITIONS: positions,
    ask.CANCEL_POSITIONS: cancel_positions,
    ask.REQ_POSITIONS_MULTI: positions_multi,
    ask.CANCEL_POSITIONS_MULTI: cancel_positions_multi,
    ask.REQ_UPDATES_MULTI: updates_multi,
    ask.CANCEL_UPDATES_MULTI: cancel_updates_multi,
    ask.REQ_SUMMARY: summary,
    ask.CANCEL_SUMMARY: cancel_summary,
    ask.REQ_PNL: pnl,
    ask.CANCEL_PNL: cancel_pnl,
    ask.REQ_PNL_SINGLE: pnl_single,
    ask.CANCEL_PNL_SINGLE: cancel_pnl_single,
}
