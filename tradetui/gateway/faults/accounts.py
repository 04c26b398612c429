"""Faults of positions, account values and profit and loss (A1 to A7).

Invariant: transfers, splits and liquidations are real; figures that are missing, late or foreign are only told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tradetui.gateway.control.command import CommandError
from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.general import refuse
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.order_deeds import intervene
from tradetui.gateway.faults.order_news import Events
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import at_primary, contract_values
from tradetui.gateway.venue.events import PositionEvent
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record


def position_news(fault: Injection) -> None:
    """Position updates missing, late, or before the execution that caused them."""
    kind = fault.choice("wrong", ("missing", "late", "first"))

    def hook(events: Events) -> Events:
        rows = [event for event in events if isinstance(event, PositionEvent) and _acts(fault, event)]
        rest = [event for event in events if event not in rows]
        if kind == "first":
            return [*rows, *rest]
        if kind == "late" and rows:
            fault.later(fault.number("seconds"), lambda: fault.hub.tell(rows))
        return rest

    fault.on_events(hook)


def _acts(fault: Injection, event: PositionEvent) -> bool:
    return fault.acts(symbol=event.row.contract.symbol)


def portfolio_silent(fault: Injection) -> None:
    """Account updates come only when asked for anew."""

    def hook(_client: ClientSession, _message: Message, _frame: bytes) -> Sequence[bytes] | None:
        return ()

    fault.on_frames(hook, reply.PORTFOLIO, reply.ACCOUNT_VALUE, reply.ACCOUNT_TIME)


def zero_positions(fault: Injection) -> None:
    """Positions of contracts that are not held any more are told, with 0."""

    def hook(client: ClientSession, _request: Record) -> bool:
        for contract in fault.hub.market.contracts():
            if fault.hub.venue.position(fault.hub.account, contract.con_id) is None and fault.acts(
                client, contract.symbol
            ):
                account, row = fault.hub.account, contract_values(at_primary(contract))
                client.send(reply.POSITION, **row, account=account, position=0.0, avgCost=0.0)
        return False

    fault.on_request(ask.REQ_POSITIONS, hook)


def pnl_unset(fault: Injection) -> None:
    """Profit and loss is unknown."""

    def change(client: ClientSession, record: Record) -> Iterable[Record] | None:
        if not fault.acts(client):
            return None
        record["daily"] = record["unrealized"] = record["realized"] = None
        return (record,)

    fault.on_reply(reply.PNL, change)
    fault.on_reply(reply.PNL_SINGLE, change)


def transfer(fault: Injection) -> None:
    """Shares come in or go out without a trade."""
    contract, hub = fault.contract(), fault.hub
    tape = hub.ticks.tape(contract.con_id)
    price = fault.number("price") or tape.last or tape.previous_close or 0.0
    lots = round(fault.number("quantity") * hub.venue.lots(contract.con_id))
    intervene(fault, lambda venue: venue.transfer(hub.account, contract.con_id, lots, price))
    fault.end()


def split(fault: Injection) -> None:
    """A stock split."""
    con_id = fault.contract().con_id
    intervene(fault, lambda venue: venue.split_shares(con_id, fault.integer("new"), fault.integer("old")))
    fault.end()


def account_values(fault: Injection) -> None:
    """An account value is missing, old, in another currency, or says nonsense."""
    tag = fault.text("tag")
    kind = fault.choice("wrong", ("missing", "empty", "nan", "currency"))

    def change(client: ClientSession, record: Record) -> Iterable[Record] | None:
        if tag not in (record.get("key"), record.get("tag")) or not fault.acts(client):
            return None
        if kind == "missing":
            return ()
        if kind == "currency":
            record["currency"] = "EUR"
        else:
            record["value"] = "" if kind == "empty" else "NaN"
        return (record,)

    for message in (reply.ACCOUNT_VALUE, reply.SUMMARY, reply.UPDATE_MULTI):
        fault.on_reply(message, change)


def currencies(fault: Injection) -> None:
    """The ledger has several currencies."""

    def change(client: ClientSession, record: Record) -> Iterable[Record] | None:
        if record.get("key") != "CashBalance" or record.get("currency") == "EUR" or not fault.acts(client):
            return None
        euro = Record(record)
        euro["currency"], euro["value"] = "EUR", "1234.5"
        return (record, euro)

    fault.on_reply(reply.ACCOUNT_VALUE, change)


def close_only(fault: Injection) -> None:
    """Excess liquidity is gone: 201 for every order."""
    text = "Order rejected - reason:Your account is restricted to closing orders only; excess liquidity is negative."
    refuse(fault, PLACE_ORDER, 201, text)

    def change(_client: ClientSession, record: Record) -> Iterable[Record] | None:
        if "ExcessLiquidity" not in (record.get("key"), record.get("tag")):
            return None
        record["value"] = "-1000.00"
        return (record,)

    for message in (reply.ACCOUNT_VALUE, reply.SUMMARY, reply.UPDATE_MULTI):
        fault.on_reply(message, change)


def liquidation(fault: Injection) -> None:
    """The broker closes (a part of) a holding."""
    contract, hub = fault.contract(), fault.hub
    row = hub.venue.position(hub.account, contract.con_id)
    if row is None or not row.quantity:
        raise CommandError(f"{contract.symbol} is not held: there is nothing to liquidate")
    lots = hub.venue.lots(contract.con_id)
    held = round(abs(row.quantity) * lots)
    wanted = round(fault.number("quantity") * lots) or held
    intervene(fault, lambda venue: venue.liquidate(hub.account, contract.con_id, min(wanted, held)))
    fault.end()


def foreign_account(fault: Injection) -> None:
    """News about an account that is not ours."""
    account = fault.text("account")
    contract = fault.contract()
    for client in fault.clients():
        if not fault.acts(client):
            continue
        client.send(reply.ACCOUNT_VALUE, key="NetLiquidation", value="1.00", currency="USD", account=account)
        row = contract_values(at_primary(contract))
        client.send(reply.POSITION, **row, account=account, position=777.0, avgCost=1.0)
    fault.end()


ACCOUNTS: Final = (
    Fault(
        "A1",
        "position_news",
        "position updates are missing, late, or before their execution",
        position_news,
        (Parameter("wrong", "missing", "missing, late or first"), Parameter("seconds", 180.0, "market seconds late")),
    ),
    Fault("A1b", "portfolio_silent", "account and portfolio updates stop", portfolio_silent),
    Fault("A2", "zero_positions", "positions that are closed are told, with 0", zero_positions),
    Fault("A3", "pnl_unset", "profit and loss is unset (1.79E308)", pnl_unset, (), 1),
    Fault(
        "A4",
        "transfer",
        "a position changes without a trade: transfer, assignment",
        transfer,
        (
            Parameter("quantity", 100.0, "how much comes in"),
            Parameter("price", 0.0, "its cost basis (0: the market's)"),
        ),
    ),
    Fault(
        "A4b",
        "split",
        "a stock split: quantities change, working orders are cancelled",
        split,
        (Parameter("new", 4.0, "so many new shares"), Parameter("old", 1.0, "for so many old ones")),
    ),
    Fault("A5", "currencies", "the ledger has another currency beside the base", currencies),
    Fault(
        "A5b",
        "account_values",
        "an account value is missing, empty, NaN, or in another currency",
        account_values,
        (Parameter("tag", "NetLiquidation", "which"), Parameter("wrong", "missing", "missing, empty, nan or currency")),
    ),
    Fault("A6", "close_only", "excess liquidity is negative: orders are refused with 201", close_only),
    Fault(
        "A6b",
        "liquidation",
        "the broker liquidates a holding",
        liquidation,
        (Parameter("quantity", 0.0, "how much (0: all)"),),
    ),
    Fault(
        "A7",
        "foreign_account",
        "updates for an account that is not ours",
        foreign_account,
        (Parameter("account", "U7654321", "which"),),
    ),
)
