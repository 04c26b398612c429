"""What a restart, or a look at the broker, left to be understood: found again, in doubt, not ours.

Pure reading of the core's memory. The invariant: as long as an item blocks, the pause after a restart stays; what the
broker and the journal agree on exactly is taken over without asking.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tradetui.domain.events import SessionState
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.ledger import EXTERNAL
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import OrderState
from tradetui.trading.latches import RESTART
from tradetui.trading.orders import missing_fills
from tradetui.trading.state import CoreState


class ReviewKind(StrEnum):
    """What an item is."""

    ADOPTED = "adopted"
    UNKNOWN = "unknown"
    MISMATCH = "mismatch"
    EXTERNAL = "external"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """One thing to look at. `action` is what the operator can do, empty when nothing has to be done.

    `key` is an intent id, `perm:<permId>`, or `position:<symbol>`.
    """

    key: str
    kind: ReviewKind
    symbol: str
    text: str
    action: str = ""
    blocks: bool = False


def review_items(state: CoreState) -> list[ReviewItem]:
    """Return everything there is to review, what blocks first."""
    items = [*_orders(state), *_missing(state), *_positions(state), *_externals(state)]
    return sorted(items, key=lambda item: not item.blocks)


def is_clean(state: CoreState) -> bool:
    """Return whether the broker was looked at in full since the start and nothing is left in doubt."""
    if state.session is not SessionState.READY or state.last_reconcile_ns is None:
        return False
    return not any(item.blocks for item in review_items(state))


def review_text(state: CoreState) -> str:
    """Return the review in one line: empty when there is nothing to say."""
    restarted = RESTART in state.latches
    left = sum(item.blocks for item in review_items(state))
    if restarted and (state.session is not SessionState.READY or state.last_reconcile_ns is None):
        return "waiting for a full look at the broker"
    if left:
        return f"{left} to resolve"
    return "clean; waiting for your resume" if restarted else ""


def _orders(state: CoreState) -> Iterator[ReviewItem]:
    doubtful = [order.intent.intent_id for order in state.book.live() if order.state is OrderState.UNKNOWN]
    for intent_id in dict.fromkeys((*doubtful, *state.live_at_restart)):
        order = state.book.get(intent_id)
        if order is not None:
            yield _order(state, order)


def _order(state: CoreState, order: OrderRecord) -> ReviewItem:
    intent, known = order.intent, order.state is not OrderState.UNKNOWN
    name = f"{intent.strategy} {intent.side} {order.qty:g} {intent.symbol} {intent.order_type}"
    if known:
        return ReviewItem(
            key=intent.intent_id,
            kind=ReviewKind.ADOPTED,
            symbol=intent.symbol,
            text=f"{name}: {order.state}, {order.filled:g} filled",
        )
    looks = state.settings.timing.grace_looks
    if order.checks < looks:
        action = f"wait: {order.checks} of {looks} looks did not find it"
    else:
        action = f"look for it in TWS, then: repair close {intent.intent_id}"
    return ReviewItem(
        key=intent.intent_id,
        kind=ReviewKind.UNKNOWN,
        symbol=intent.symbol,
        text=f"{name}: may be live at the broker",
        action=action,
        blocks=True,
    )


def _missing(state: CoreState) -> Iterator[ReviewItem]:
    for intent_id in state.reported_filled:
        order = state.book.get(intent_id)
        missing = missing_fills(state, order) if order is not None else 0.0
        if order is None or missing < 1e-9 or order.state is OrderState.UNKNOWN:
            continue
        yield ReviewItem(
            key=intent_id,
            kind=ReviewKind.UNKNOWN,
            symbol=order.intent.symbol,
            text=f"{order.intent.side} {order.intent.symbol}: executions of {missing:g} are missing",
            action=f"wait for them; else: repair adjust or adopt {order.intent.symbol}",
            blocks=True,
        )


def _positions(state: CoreState) -> Iterator[ReviewItem]:
    for symbol, mismatch in sorted(state.mismatches.items()):
        yield ReviewItem(
            key=f"position:{symbol}",
            kind=ReviewKind.MISMATCH,
            symbol=symbol,
            text=f"{symbol}: ours {mismatch.ours:g}, broker {mismatch.broker:g}",
            action=f"repair adopt {symbol}, or adjust it",
            blocks=True,
        )
    for owner, position in state.ledger.owner_positions():
        if owner == EXTERNAL and position.qty and position.symbol not in state.mismatches:
            yield ReviewItem(
                key=f"position:{position.symbol}",
                kind=ReviewKind.EXTERNAL,
                symbol=position.symbol,
                text=f"{position.symbol}: {position.qty:g} belong to no strategy",
                action=f"leave them, or: repair assign {position.symbol} STRATEGY",
            )
    for symbol, qty in sorted((state.broker_positions or {}).items()):
        if qty and symbol not in state.instruments:
            text = f"{symbol}: {qty:g} held at the broker, not traded here"
            yield ReviewItem(key=f"position:{symbol}", kind=ReviewKind.EXTERNAL, symbol=symbol, text=text)


def _externals(state: CoreState) -> Iterator[ReviewItem]:
    for perm_id, order in state.externals.items():
        marked = intent_of_ref(order.order_ref) is not None
        what = "carries our mark and is not in the journal" if marked else "of another program or by hand"
        yield ReviewItem(
            key=f"perm:{perm_id}",
            kind=ReviewKind.UNKNOWN if marked else ReviewKind.EXTERNAL,
            symbol=order.symbol,
            text=f"{order.side} {order.qty:g} {order.symbol} {order.order_type}: {what}",
            action="cancel it in TWS" if marked else "",
            blocks=marked,
        )
