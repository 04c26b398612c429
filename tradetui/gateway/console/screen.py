"""A snapshot as a screenful for rich.

Invariant: nothing that a client sent reaches the terminal as anything but printable text.
"""

from __future__ import annotations

from typing import Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tradetui.gateway.console.snapshot import Snapshot
from tradetui.gateway.session import times

KEYS: Final = (
    "q quit   p pause/go on   +/- speed   s symbol   u/d price 1% up/down   h halt/resume   f fault   c clear faults"
)
_LONGEST: Final = 60


def clean(text: object) -> Text:
    """Printable characters only, taken as they are (no markup), cut to a column's width."""
    return Text(clean_line(str(text))[:_LONGEST])


def render(shot: Snapshot, prompt: str) -> Group:
    """The whole console; `prompt` is what is being typed, or the answer to the last key."""
    return Group(
        _heading(shot),
        _clients(shot),
        _orders(shot),
        _executions(shot),
        _faults(shot),
        *(Text(clean_line(line), style="dim", no_wrap=True) for line in shot.log),
        Text(clean_line(prompt), style="bold"),
        Text(KEYS, style="reverse", no_wrap=True),
    )


def clean_line(text: str) -> str:
    """Printable characters only."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _heading(shot: Snapshot) -> Text:
    speed = "paused" if not shot.speed else f"x{shot.speed:g}"
    text = Text(no_wrap=True)
    text.append(" paper gateway ", style="reverse bold")
    text.append(f" {shot.where}   {shot.market_time}   {speed}")
    if shot.behind_s > 1:
        text.append(f"   {shot.behind_s:.0f} market seconds behind", style="bold red")
    text.append(f"   {shot.symbol} {shot.price}")
    return text


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), expand=False)
    for column in columns:
        table.add_column(column, no_wrap=True, justify="right" if column.startswith("#") else "left")
    return table


def _clients(shot: Snapshot) -> Table:
    table = _table("clients" if shot.clients else "clients: none", "id", "from", "version", "# asks/s", "# told/s", "")
    for row in shot.clients:
        state = "reads too slowly" if row.slow else f"{row.conflated} merged" if row.conflated else ""
        table.add_row(
            str(row.client_id),
            clean(row.peer),
            str(row.version),
            f"{row.asked_rate:.0f}",
            f"{row.told_rate:.0f}",
            state,
        )
    return table


def _orders(shot: Snapshot) -> Table:
    table = _table(f"orders: {shot.working} work", "client", "# id", "order", "status", "# filled", "reference")
    for order in shot.orders:
        ask = order.request
        price = next((f" {each:g}" for each in (ask.limit_price, ask.aux_price) if each), "")
        what = f"{ask.action} {ask.quantity:g} {ask.contract.symbol} {ask.order_type}{price} {ask.tif}"
        table.add_row(
            str(order.client_id),
            str(order.order_id),
            clean(what),
            order.status.value,
            f"{order.filled:g}",
            clean(ask.order_ref),
        )
    return table


def _executions(shot: Snapshot) -> Table:
    table = _table("fills" if shot.executions else "fills: none", "time", "client", "# id", "fill")
    for each in reversed(shot.executions):
        what = f"{each.side} {each.shares:g} {each.contract.symbol} at {each.price:g}"
        table.add_row(
            times.local(each.time_ns).strftime("%H:%M:%S"), str(each.client_id), str(each.order_id), clean(what)
        )
    return table


def _faults(shot: Snapshot) -> Text:
    named = [f"{each['key']} ({each['state']}{_acted(each.get('acted'))})" for each in shot.faults]
    return Text(f"faults: {clean_line(', '.join(named)) or 'none'}", style="yellow" if named else "")


def _acted(count: object) -> str:
    return f", {count} times" if count else ""
