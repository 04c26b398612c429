"""From a strategy's wish to orders: what closes goes first and by itself, what opens goes through the gate.

Invariant: an order that closes is never sent while a protective order could close the same shares; the wish waits until
the broker has confirmed the cancel, and closes what is held then.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tradetui.domain.bar import BarSize
from tradetui.domain.bracket import OPENING_LEG, children
from tradetui.domain.clock import Now
from tradetui.domain.ids import intent_id
from tradetui.domain.order import Intent, OrderRecord, OrderType, Purpose, Side, Signal, TimeInForce
from tradetui.risk.gate import Gate
from tradetui.trading.exposure import active_qty, exposure_of
from tradetui.trading.latches import covers
from tradetui.trading.orders import cancel
from tradetui.trading.out import Out
from tradetui.trading.settings import AfterClose
from tradetui.trading.state import CoreState, Pair, SentPart, Wish
from tradetui.trading.submit import submit


def carry_out(state: CoreState, out: Out, now: Now, gate: Gate, wish: Wish) -> bool:
    """Send the orders of a wish, nothing being in its way; return whether all of them go."""
    if wish.signal.protects:
        return _protect(state, out, now, gate, wish)
    signal = wish.signal
    closes, opens = _parts(state, wish)
    if not closes:
        intent = intent_of(state, now, wish.strategy, wish.bar_end_ns, replace(signal, qty=opens))
        return submit(state, out, now, gate, intent, children_of(state, intent, signal))
    first = intent_of(state, now, wish.strategy, wish.bar_end_ns, replace(signal, qty=closes))
    first = replace(first, purpose=Purpose.EXIT)
    if not opens:
        return submit(state, out, now, gate, first)
    leg = f"{signal.leg}{OPENING_LEG}"
    second = intent_of(state, now, wish.strategy, wish.bar_end_ns, replace(signal, qty=opens, leg=leg))
    like = (second.strategy, second.symbol, second.side, second.qty, second.limit_price)
    part = SentPart(first.intent_id, state.sent.age_s(now, like))
    went = submit(state, out, now, gate, first)
    return submit(state, out, now, gate, second, children_of(state, second, signal), after=part) and went


def _parts(state: CoreState, wish: Wish) -> tuple[float, float]:
    """Return how much of a wish closes what is held, and how much of it opens a position."""
    signal = wish.signal
    instrument = state.instruments[signal.symbol]
    qty = instrument.order_qty(signal.qty)
    if not (math.isfinite(qty) and qty > 0):
        return 0.0, qty  # the gate refuses it by name
    # Both books decide: shares of others are not this strategy's to close, and what others sold cannot be sold again.
    held = -state.ledger.position_of(wish.strategy, signal.symbol).qty * signal.side.sign
    free = max(0.0, min(held, exposure_of(state, signal.symbol, protection=False).closable(signal.side.sign)))
    if wish.opens is not None:
        return instrument.order_qty(min(qty - wish.opens, free)), wish.opens
    closes = instrument.order_qty(min(qty, free))
    return closes, qty - closes


def hold_back(state: CoreState, out: Out, now: Now, wish: Wish) -> bool:
    """Keep a wish until the protection in its way is cancelled; return whether something is in its way."""
    signal, pair = wish.signal, (wish.strategy, wish.signal.symbol)
    resting = [order for order in resting_protection(state, pair) if order.intent.side is signal.side]
    if not resting or (signal.protects and _is_there(state, resting, signal)):
        return False
    closes, opens = (signal.qty, 0.0) if signal.protects else _parts(state, wish)
    if not closes:
        return False
    state.held_back[pair] = replace(wish, opens=opens)
    for order in resting:
        _cancel_once(state, out, now, order)
        if not signal.protects:  # an entry that fills on would leave a position that nobody wants
            _cancel_once(state, out, now, state.book.get(order.intent.parent_id))
    return True


def _cancel_once(state: CoreState, out: Out, now: Now, order: OrderRecord | None) -> None:
    order = None if order is None else state.book.get(order.intent.intent_id)
    if order is not None and order.is_live and order.cancel_mono_ns is None:
        cancel(state, out, now, order, "another order is to take its place")


def release(state: CoreState, out: Out, now: Now, gate: Gate) -> None:
    """Carry out the wishes whose way is free now; what has been closed meanwhile needs no closing."""
    for pair, wish in list(state.held_back.items()):
        flattens = state.flatten is not None and not state.flatten.outcome and covers(state.flatten, pair[1])
        resting = resting_protection(state, pair)
        if resting and not flattens:
            for order in resting:  # one may have come to life after the wish: a late fill of an entry brings its own
                _cancel_once(state, out, now, order)
            continue
        del state.held_back[pair]
        if flattens:
            continue  # it closes the position by itself
        closes, opens = _parts(state, wish)
        if not closes and (not opens or wish.signal.protects):
            text = f"{wish.strategy} closes nothing: the position is gone already"
            state.note(out, now, "INFO", "order", text, wish.signal.symbol)
        elif not carry_out(state, out, now, gate, wish):
            state.strategies[wish.strategy].refusals += 1


def resting_protection(state: CoreState, pair: Pair) -> list[OrderRecord]:
    """Return the protective orders of a strategy in a symbol that can trade now, not those of an unfilled entry."""
    strategy, symbol = pair
    return [
        order
        for order in state.book.live(symbol)
        if order.intent.purpose is Purpose.STOP and order.intent.strategy == strategy and active_qty(state, order) > 0
    ]


def _is_there(state: CoreState, resting: list[OrderRecord], signal: Signal) -> bool:
    """Return whether the protection asked for rests already."""
    instrument = state.instruments[signal.symbol]
    stop = instrument.order_price(signal.stop_price, signal.side.sign)
    target = instrument.order_price(signal.take_profit, signal.side.sign)
    stops = [order for order in resting if order.intent.is_stop_loss]
    targets = {order.intent.limit_price for order in resting if not order.intent.is_stop_loss}
    return (
        {order.intent.stop_price for order in stops} == {stop}
        and targets == ({target} if target is not None else set())
        and sum(order.remaining for order in stops) == signal.qty
        and all(order.cancel_mono_ns is None for order in resting)
    )


def _protect(state: CoreState, out: Out, now: Now, gate: Gate, wish: Wish) -> bool:
    signal, pair = wish.signal, (wish.strategy, wish.signal.symbol)
    if resting_protection(state, pair):
        return True  # it is what was asked for
    held = state.ledger.position_of(*pair).qty
    if held * signal.side.sign >= 0:
        text = f"{wish.strategy} asks for a stop and holds nothing that it could close"
        state.note(out, now, "WARNING", "strategy", text, signal.symbol)
        return False
    free = exposure_of(state, signal.symbol).closable(signal.side.sign)
    stop, target = signal.stop_price, signal.take_profit
    qty = min(abs(held), free)
    return place_protection(state, out, now, gate, pair, qty, stop, target, wish.bar_end_ns, signal.leg, signal.reason)


def place_protection(
    state: CoreState,
    out: Out,
    now: Now,
    gate: Gate,
    pair: Pair,
    qty: float,
    stop: float | None,
    target: float | None,
    bar_end_ns: int,
    leg: str,
    reason: str,
) -> bool:
    """Send a stop-loss, and a take-profit in one OCA group with it, for `qty` units held; return whether they go."""
    strategy, symbol = pair
    opened = Side.BUY if state.ledger.position_of(strategy, symbol).qty > 0 else Side.SELL
    holding = intent_of(state, now, strategy, bar_end_ns, Signal(symbol=symbol, side=opened, qty=qty, leg=leg))
    protective = children(holding, stop, target, state.instruments[symbol])
    head, *others = (replace(order, parent_id="", reason=reason) for order in protective)
    return submit(state, out, now, gate, head, others)


def intent_of(state: CoreState, now: Now, strategy: str, bar_end_ns: int, signal: Signal) -> Intent:
    """Return the entry that a signal asks for: prices on the tick, quantity in whole lots."""
    instrument = state.instruments[signal.symbol]
    sign = signal.side.sign
    return Intent(
        intent_id=intent_id(strategy, signal.symbol, bar_end_ns, signal.leg),
        strategy=strategy,
        symbol=signal.symbol,
        side=signal.side,
        qty=instrument.order_qty(signal.qty),
        purpose=Purpose.ENTRY,
        order_type=signal.order_type,
        tif=_tif(state, now, strategy, signal),
        limit_price=instrument.order_price(signal.limit_price, sign),
        stop_price=instrument.order_price(signal.stop_price, sign),
        outside_rth=signal.outside_rth or state.settings.execution.outside_rth,
        bar_end_ns=bar_end_ns,
        leg=signal.leg,
        reason=signal.reason,
        decided_ns=now.market_ns,
        reference_price=state.mark(signal.symbol),
    )


def _tif(state: CoreState, now: Now, strategy: str, signal: Signal) -> TimeInForce:
    """Return how long an order lasts: a daily bar's market order, decided after the close, is one for the open."""
    daily = any(item.name == strategy and BarSize(item.bar_size) is BarSize.D1 for item in state.settings.strategies)
    plain = signal.tif is TimeInForce.DAY and signal.order_type is OrderType.MARKET
    waits = state.settings.execution.after_close is AfterClose.NEXT_OPEN
    if daily and plain and waits and state.settings.calendar.session_at(now.market_ns) is None:
        return TimeInForce.OPG
    return signal.tif


def children_of(state: CoreState, parent: Intent, signal: Signal) -> tuple[Intent, ...]:
    """Return the protective orders that a signal wants behind its entry."""
    return children(parent, signal.stop_loss, signal.take_profit, state.instruments[parent.symbol])


def prices_behind(state: CoreState, head: Intent) -> tuple[float | None, float | None]:
    """Return the stop-loss and take-profit prices of the orders that belong to `head`: its children, or its group."""
    stop, target = head.stop_price if head.is_stop_loss else None, None
    for order in state.book.all():
        intent = order.intent
        kin = intent.parent_id == head.intent_id or (head.oca_group and intent.oca_group == head.oca_group)
        if kin and intent.is_stop_loss:
            stop = intent.stop_price
        elif kin and intent.purpose is Purpose.STOP:
            target = intent.limit_price
    return stop, target
