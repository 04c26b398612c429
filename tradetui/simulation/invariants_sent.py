"""Invariants of what leaves: each order and cancel is judged at the moment it goes to the wire."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tradetui.domain.actions import Action, CancelOrder, Commit, DeliverBar, PlaceOrder
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.events import Event, SessionChanged, SessionState
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Intent, OrderRecord, Purpose, Side
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import OrderSaved
from tradetui.domain.tick import DataType
from tradetui.simulation.invariants_protection import check_attached, on_sale
from tradetui.simulation.scene import Scene, Violation


def check_sent(scene: Scene, event: Event, actions: Sequence[Action]) -> None:
    """Judge everything that one step sends.

    Raises:
        Violation: an invariant does not hold.
    """
    i18_cancels_first(scene, event, actions)
    for action in actions:
        if isinstance(action, DeliverBar) and action.decide:
            i22_bar_once(scene, action)
        if not isinstance(action, PlaceOrder):
            continue
        intent = action.intent
        i2_once(scene, intent)
        i3_journaled_first(actions, action)
        i5_wanted(scene, intent)
        i6_killed(scene, intent)
        i7_ready(scene, intent)
        i8_sound(scene, intent)
        if intent.parent_id:
            check_attached(scene, intent)
        else:
            i16_no_short(scene, intent)
        if intent.purpose is Purpose.FLATTEN:
            i20_alone(scene, intent)
        elif adds_exposure(scene, intent):
            i4_one_working(scene, intent)
            i11_resolved(scene, intent)
            i17_limits(scene, intent)
            i23_fresh(scene, intent)
            i26_in_session(scene, intent)
            i30_journal_works(scene, intent)


def adds_exposure(scene: Scene, intent: Intent) -> bool:
    """Return whether an order can do more than close a short position that something outside has made."""
    if intent.side is not Side.BUY:
        return False
    return intent.qty > max(0.0, -scene.evidence.position(intent.symbol) - sum(_live_buys(scene, intent))) + 1e-9


def i2_once(scene: Scene, intent: Intent) -> None:
    """I1, I2: an intent is written once."""
    if intent.intent_id in scene.sent_ids:
        raise Violation(f"I2: intent {intent.intent_id} is sent twice")


def i3_journaled_first(actions: Sequence[Action], place: PlaceOrder) -> None:
    """I3, I5: the same step commits exactly this order, durably, before it leaves."""
    for action in actions[: actions.index(place)]:
        if isinstance(action, Commit) and action.durable:
            for record in action.records:
                same = isinstance(record, OrderSaved) and record.order.intent == place.intent
                if same and isinstance(record, OrderSaved) and record.order.order_ref == place.order_ref:
                    return
    raise Violation(f"I3: {place.order_ref} leaves before it is journaled")


def i5_wanted(scene: Scene, intent: Intent) -> None:
    """I5: orders that replace an unfilled one never add up to more than was wanted in the first place."""
    base, replaced, _ = intent.leg.partition("~")
    if not replaced or "/" in intent.leg:  # what protects, or closes what cannot be protected, replaces no order
        return
    family = [
        order
        for order in scene.world.core.state.book.all()
        if (order.intent.strategy, order.intent.symbol, order.intent.bar_end_ns)
        == (intent.strategy, intent.symbol, intent.bar_end_ns)
        and order.intent.leg.partition("~")[0] == base
        and "/" not in order.intent.leg
        and order.intent.intent_id != intent.intent_id
    ]
    wanted = max(order.qty for order in family)
    got = sum(order.filled for order in family)
    if intent.qty > wanted - got + 1e-6:
        raise Violation(f"I5: {intent.qty:g} more after {got:g} of {wanted:g}")


def _earlier(scene: Scene, intent: Intent) -> Iterator[OrderRecord]:
    """Yield the live orders on the symbol that were there when `intent` was judged: one step may send several."""
    for order in scene.world.core.state.book.live(intent.symbol):
        if order.intent.intent_id == intent.intent_id:
            return
        yield order


def _live_buys(scene: Scene, intent: Intent) -> Iterator[float]:
    state = scene.world.core.state
    for order in _earlier(scene, intent):
        if order.intent.side is Side.BUY:
            yield order.remaining
    for other in state.externals.values():
        if other.symbol == intent.symbol and other.side is Side.BUY:
            yield max(0.0, other.qty - (other.filled or 0.0))


def i4_one_working(scene: Scene, intent: Intent) -> None:
    """I4: one live order per strategy and symbol, by our book and by the broker's."""
    for order in _earlier(scene, intent):
        if order.intent.purpose is Purpose.STOP:
            continue  # it closes what is held and adds nothing
        if order.intent.strategy == intent.strategy and not _is_other_half(order.intent, intent):
            raise Violation(f"I4: entry while {order.intent.intent_id} is {order.state}")
    for held in scene.world.broker.live():
        other = scene.ours(held)
        if other is not None and (other.intent.purpose is Purpose.STOP or _is_other_half(other.intent, intent)):
            continue
        if other is not None and (other.intent.strategy, other.intent.symbol) == (intent.strategy, intent.symbol):
            raise Violation(f"I4: entry while the broker works {held.order_ref}, here {other.state}")


def _is_other_half(closing: Intent, opening: Intent) -> bool:
    """Return whether one decision was split: the part that closes goes first, the part that opens behind it."""
    same = (closing.strategy, closing.symbol, closing.bar_end_ns) == (
        opening.strategy,
        opening.symbol,
        opening.bar_end_ns,
    )
    return same and opening.leg == f"{closing.leg}+open"


def i6_killed(scene: Scene, intent: Intent) -> None:
    """I6: KILLED sends nothing but the operator's flatten; PAUSED and HALTED add no exposure."""
    if scene.killed and intent.purpose is not Purpose.FLATTEN:
        raise Violation("I6: an order is sent while killed")
    state = scene.world.core.state
    if (
        adds_exposure(scene, intent)
        and intent.purpose is not Purpose.FLATTEN
        and state.trading_state is not TradingState.RUN
    ):
        raise Violation(f"I6: an entry while {state.trading_state.name}")


def i7_ready(scene: Scene, intent: Intent) -> None:
    """I7: nothing is written unless the link is READY."""
    if scene.world.session is not SessionState.READY:
        raise Violation(f"I7: {intent.purpose} while {scene.world.session}")


def i8_sound(scene: Scene, intent: Intent) -> None:
    """I8: fields are finite, positive, on tick and lot, of a symbol that is traded."""
    limits = scene.world.config.limits
    instrument = scene.world.config.instruments[intent.symbol]
    prices = [price for price in (intent.limit_price, intent.stop_price) if price is not None]
    sound = math.isfinite(intent.qty) and intent.qty > 0 and instrument.round_qty(intent.qty) == intent.qty
    if not sound or not all(price > 0 and instrument.is_on_tick(price) for price in prices):
        raise Violation(f"I8: malformed order {intent.qty} @ {prices}")
    if intent.purpose is Purpose.ENTRY and intent.side is Side.BUY and intent.symbol not in limits.symbols:
        raise Violation(f"I8: {intent.symbol} is not allowed")


def i11_resolved(scene: Scene, intent: Intent) -> None:
    """I11: no entry on a symbol whose books differ from the broker's or that holds an UNKNOWN order."""
    state = scene.world.core.state
    if intent.symbol in state.mismatches:
        raise Violation(f"I11: entry on {intent.symbol}, whose position differs")
    if any(order.state is OrderState.UNKNOWN for order in state.book.live(intent.symbol)):
        raise Violation(f"I11: entry on {intent.symbol}, which has an UNKNOWN order")
    readings = scene.evidence.readings
    missing = [
        order.intent.intent_id
        for order in state.book.all()
        if order.intent.symbol == intent.symbol
        and scene.evidence.reported.get(order.intent.intent_id, 0.0) > order.filled + 1e-9
        and readings
        and not scene.adopted
        and not scene.evidence.corrected(order)
    ]
    if missing:
        raise Violation(f"I11: entry on {intent.symbol} while executions of {missing[0]} are missing")


def i16_no_short(scene: Scene, intent: Intent) -> None:
    """I16: a sale never exceeds what is held less what own live orders may sell."""
    if intent.side is not Side.SELL:
        return
    beside = intent.oca_group or None  # of one group only the largest counts
    earlier = [order for order in _earlier(scene, intent) if order.intent.oca_group != beside]
    selling = on_sale(earlier, {order.intent.intent_id: order for order in scene.world.core.state.book.all()})
    if intent.purpose is Purpose.FLATTEN:
        held = scene.evidence.readings[-1].get(intent.symbol, 0.0) if scene.evidence.readings else 0.0
        told, true = scene.evidence.position(intent.symbol), scene.world.broker.positions.get(intent.symbol, 0.0)
        if abs(told - true) < 1e-6:
            held = min(held, told)  # the reading may be older than an execution that was told
    else:
        held = scene.evidence.position(intent.symbol)
    if intent.qty > held - selling + 1e-6:
        raise Violation(f"I16: sells {intent.qty:g} {intent.symbol} with {held:g} held and {selling:g} on sale")


def i17_limits(scene: Scene, intent: Intent) -> None:
    """I17: order, position, gross and rate limits hold, live and unknown orders counted at the worst price."""
    world, limits = scene.world, scene.world.config.limits
    price = max(world.prices[intent.symbol], intent.limit_price or 0.0)
    if intent.qty > limits.max_order_qty or intent.qty * price > limits.max_order_notional + 1e-6:
        raise Violation(f"I17: order of {intent.qty:g} at {price:g} is too large")
    worst = scene.evidence.position(intent.symbol) + sum(_live_buys(scene, intent)) + intent.qty
    if worst > limits.max_position_qty + 1e-6 or worst * price > limits.max_position_notional + 1e-6:
        raise Violation(f"I17: {intent.symbol} may reach {worst:g}")
    gross = worst * price + sum(
        abs(scene.evidence.position(name)) * world.prices[name]
        for name in world.config.instruments
        if name != intent.symbol
    )
    if gross > limits.max_gross_notional + 1e-6:
        raise Violation(f"I17: gross exposure may reach {gross:g}")
    recent = [mono for mono in scene.sent_at if world.mono_ns - mono < MINUTE_NS]
    last_second = sum(world.mono_ns - mono < SECOND_NS for mono in recent)
    if len(recent) >= limits.orders_per_minute or last_second >= limits.orders_per_second:
        raise Violation(f"I17: {len(recent) + 1} orders in a minute, {last_second + 1} in a second")
    state = world.core.state
    cash = scene.evidence.cash()
    if cash is not None and state.day is not None and not scene.adopted:
        equity = cash + sum(scene.evidence.position(name) * price for name, price in world.prices.items())
        if state.day.equity - equity >= limits.daily_loss_limit + 1e-6 and not world.muted:
            raise Violation(f"I17: entry with a day's loss of {state.day.equity - equity:.2f}")


def i18_cancels_first(scene: Scene, event: Event, actions: Sequence[Action]) -> None:
    """I18: cancels leave before orders; after a reconnect a kill's cancels leave with the first step."""
    placed = False
    for action in actions:
        placed = placed or isinstance(action, PlaceOrder)
        if placed and isinstance(action, CancelOrder):
            raise Violation("I18: a cancel leaves behind an order")
    back = isinstance(event, SessionChanged) and event.state is SessionState.READY
    if not (back and scene.killed):
        return
    cancelled = {action.intent_id for action in actions if isinstance(action, CancelOrder)}
    for order in scene.world.core.state.book.live():
        mine = order.intent.purpose not in (Purpose.STOP, Purpose.FLATTEN)
        if mine and order.intent.intent_id not in cancelled:
            raise Violation(f"I18: {order.intent.intent_id} is not cancelled after the reconnect")


def i20_alone(scene: Scene, intent: Intent) -> None:
    """I20: a closing order leaves only when no own order on the symbol can still trade."""
    for held in scene.world.broker.live():
        if held.symbol == intent.symbol and scene.ours(held) is not None:
            raise Violation(f"I20: closing {intent.symbol} while {held.order_ref} works")


def i22_bar_once(scene: Scene, action: DeliverBar) -> None:
    """I22: a bar that was decided on is never up for decision again."""
    if (action.strategy, action.bar.symbol, action.bar.end_ns) in scene.evidence.consumed:
        raise Violation(f"I22: {action.strategy} is asked twice about one bar of {action.bar.symbol}")
    if action.bar.fault() is not None:
        raise Violation(f"I22: a broken bar is delivered: {action.bar.fault()}")


def i23_fresh(scene: Scene, intent: Intent) -> None:
    """I23: no entry on stale, halted or delayed data, nor while the machine is unwell."""
    quote = scene.world.quotes.get(intent.symbol)
    age_ns = scene.world.mono_ns - quote.mono_ns if quote is not None else None
    if quote is None or age_ns is None or age_ns > scene.world.config.limits.max_quote_age_s * SECOND_NS:
        raise Violation("I23: entry on stale data")
    if quote.halted or quote.data_type is not DataType.LIVE:
        raise Violation("I23: entry on a halted or delayed symbol")
    if scene.unhealthy:
        raise Violation(f"I25: entry while {', '.join(sorted(scene.unhealthy))}")


def i26_in_session(scene: Scene, intent: Intent) -> None:
    """I26: no entry outside the session."""
    if scene.world.config.calendar.session_at(scene.world.market_ns) is None:
        raise Violation(f"I26: entry on {intent.symbol} outside the session")


def i30_journal_works(scene: Scene, intent: Intent) -> None:
    """I30: no entry once the journal is known to fail."""
    if scene.journal_known_bad:
        raise Violation(f"I30: entry {intent.intent_id} while the journal fails")
