"""The operator's bookkeeping: adopt, assign, adjust, mark an order dead, unlock a symbol.

Each needs a reason, is journaled with who and why, and sends no order. The invariant: an adjustment of units only ever
brings the books nearer to what the broker says is held, so a typing error cannot move them away from the truth.
"""

from __future__ import annotations

import math

from tradetui.domain.clock import Now
from tradetui.domain.events import Command, SessionState
from tradetui.domain.latch import ClearedBy
from tradetui.domain.ledger import EXTERNAL, Adjustment
from tradetui.domain.order_state import Fact, OrderState
from tradetui.domain.records import AdjustmentSaved
from tradetui.trading.latches import clear_latch
from tradetui.trading.orders import move
from tradetui.trading.out import Out
from tradetui.trading.reconcile import adopt, settled_by_booking
from tradetui.trading.state import CoreState

Answer = tuple[str, str]


def adopt_positions(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Take the broker's positions in the named symbols for ours."""
    if not command.reason.strip():
        return "denied", "give a reason"
    if state.session is not SessionState.READY:
        return "denied", "the broker's positions are not known now; wait for READY"
    early = [symbol for symbol in command.symbols if symbol in state.mismatches]
    early = [symbol for symbol in early if not state.mismatches[symbol].confirmed]
    if early:  # its executions may be on their way, and would be booked a second time
        return "denied", f"{', '.join(early)}: the difference is not confirmed yet; wait for the next looks"
    done = [
        adopt(state, out, now, symbol, command.who, command.reason, command.command_id) for symbol in command.symbols
    ]
    done = [text for text in done if text]
    return ("done", "; ".join(done)) if done else ("denied", "no position differs in these symbols")


def close_unknown(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Mark an order dead that may be live, on the operator's evidence."""
    order = state.book.get(command.target)
    if order is None or order.state not in (OrderState.UNKNOWN, OrderState.CANCEL_WANTED):
        return "denied", f"no unknown order {command.target!r}"
    if not command.reason.strip():
        return "denied", "give the evidence as the reason"
    move(state, out, now, order, Fact.OPERATOR_CLOSED, f"{command.who}: {command.reason}")
    return "done", f"{command.target} is marked dead; a late fill would still be booked and alerted"


def assign(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Move units of one symbol from an owner (EXTERNAL unless named) to a strategy, at what they cost."""
    symbol, source = _symbol(command), command.owner or EXTERNAL
    owner = command.target
    fault = _order_of_words(state, command, symbol)
    if fault:
        return "denied", fault
    traders = sorted(item.name for item in state.settings.strategies if symbol in item.symbols)
    if owner != EXTERNAL and owner not in traders:
        return "denied", f"{owner!r} does not trade {symbol}; there is {', '.join(traders) or 'no strategy that does'}"
    held = state.ledger.position_of(source, symbol)
    wanted = abs(held.qty) if command.qty is None else command.qty
    if source == owner or not 0 < wanted <= abs(held.qty) + 1e-9:
        return "denied", f"{source} holds {held.qty:g} {symbol}, so {wanted:g} cannot go to {owner}"
    qty = math.copysign(wanted, held.qty)
    _book(state, out, now, command, symbol, owner=owner, qty=qty, price=held.avg_cost, cash=0.0, source=source)
    return "done", f"{symbol}: {qty:+g} of {source} now belong to {owner}, at {held.avg_cost:g}"


def adjust(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Book units that no execution told of, or money that moved, with a reason."""
    symbol, qty = _symbol(command), command.qty or 0.0
    if qty == 0:
        return _adjust_cash(state, out, now, command, symbol)
    fault = _order_of_words(state, command, symbol) or _away_from_the_broker(state, symbol, qty)
    if fault:
        return "denied", fault
    if command.price is None or not math.isfinite(command.price) or command.price <= 0:
        return "denied", "give the price per unit, above 0"
    cash = -qty * command.price * state.multiplier(symbol) if command.cash is None else command.cash
    if not math.isfinite(cash):
        return "denied", "the money that moved has to be a finite number"
    owner = command.owner or EXTERNAL
    if owner != EXTERNAL and owner not in state.strategies:
        return "denied", f"no strategy {owner!r}; there are {', '.join(sorted(state.strategies)) or 'none'}"
    _book(state, out, now, command, symbol, owner=owner, qty=qty, price=command.price, cash=cash)
    if abs(state.ledger.position(symbol).qty - (state.broker_positions or {}).get(symbol, 0.0)) < 1e-9:
        settled_by_booking(state, out, now, symbol)
    state.ask_snapshot(out, now, "the books were adjusted")
    return "done", f"{symbol}: booked {qty:+g} at {command.price:g} for {owner}, cash {cash:+,.2f}"


def unlock(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Clear the latches that block one symbol and that the operator may clear."""
    symbol = _symbol(command)
    if not command.reason.strip():
        return "denied", "give a reason"
    latches = [latch for latch in state.latches.values() if symbol and latch.symbol == symbol]
    if not latches:
        return "denied", f"nothing locks {symbol or 'no symbol'}"
    for latch in latches:
        if latch.cleared_by is ClearedBy.OPERATOR:
            clear_latch(state, out, now, latch.key, command.who, command.reason)
    left = [latch.why for latch in latches if latch.key in state.latches]
    if left:
        return "denied", f"{symbol} stays locked: {'; '.join(left)}; adopt or adjust what differs"
    return "done", f"{symbol} is unlocked"


def _adjust_cash(state: CoreState, out: Out, now: Now, command: Command, symbol: str) -> Answer:
    if not command.reason.strip():
        return "denied", "give a reason"
    if command.cash is None or not math.isfinite(command.cash) or command.cash == 0:
        return "denied", "give the units or the money to book"
    if state.ledger.cash is None:
        return "denied", "our cash is not known yet: it is taken from the broker at the first complete look"
    _book(state, out, now, command, symbol, owner=EXTERNAL, qty=0.0, price=0.0, cash=command.cash)
    state.cash_difference = None
    state.ask_snapshot(out, now, "the books were adjusted")
    return "done", f"booked {command.cash:+,.2f} cash: {command.reason}"


def _symbol(command: Command) -> str:
    return command.symbols[0] if len(command.symbols) == 1 else ""


def _order_of_words(state: CoreState, command: Command, symbol: str) -> str:
    if symbol not in state.instruments:
        known = ", ".join(sorted(state.instruments))
        return f"name one symbol that is traded here: {known}"
    return "" if command.reason.strip() else "give a reason"


def _away_from_the_broker(state: CoreState, symbol: str, qty: float) -> str:
    if state.session is not SessionState.READY or state.broker_positions is None:
        return "the broker's positions are not known now; wait for READY"
    ours, theirs = state.ledger.position(symbol).qty, state.broker_positions.get(symbol, 0.0)
    if abs(ours + qty - theirs) < abs(ours - theirs):
        return ""
    return f"ours is {ours:g} and the broker holds {theirs:g}: {qty:+g} would not bring them together"


def _book(
    state: CoreState,
    out: Out,
    now: Now,
    command: Command,
    symbol: str,
    *,
    owner: str,
    qty: float,
    price: float,
    cash: float,
    source: str = "",
) -> None:
    adjustment = Adjustment(
        adjustment_id=f"{command.kind}:{command.command_id}",
        symbol=symbol,
        owner=owner,
        qty=qty,
        price=price,
        cash=cash,
        reason=command.reason,
        who=command.who,
        ts_ns=now.market_ns,
        after_fills=state.ledger.fill_count,
        source=source,
        multiplier=state.multiplier(symbol),
    )
    state.ledger.book_adjustment(adjustment)
    out.record(AdjustmentSaved(adjustment), durable=True)
