"""The broker's credit check: would the account's worst case still be covered, and what would one order change.

Invariant: an order that cannot raise the worst-case initial margin is never refused.
"""

from __future__ import annotations

from tradetui.gateway.venue import margin
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.margin import Exposure
from tradetui.gateway.venue.model import MarginImpact
from tradetui.gateway.venue.money import to_dollars
from tradetui.gateway.venue.refusal import Refusal, margin_rejected
from tradetui.gateway.venue.working import WorkingOrder


def check_credit(floor: Floor, order: WorkingOrder, replaced: int = 0) -> Refusal | None:
    """Refusal 201 if `order`, with all working orders of the account, would need more than its equity.

    `replaced` is the size the order had before a modification (0 for a new order), already among the working ones.
    """
    if not floor.config.check_margin:
        return None
    floor.office.refresh_marks()
    account = floor.office.accounts[order.account]
    others = [
        o for o in floor.orders.working() if o.account == order.account and o.perm_id != order.perm_id and _counts(o)
    ]
    after = margin.worst_case_initial(account, _exposures(floor, others, order, order.leaves))
    equity = account.net_liquidation
    if after <= equity:
        return None
    before = margin.worst_case_initial(account, _exposures(floor, others, order, replaced))
    if after <= before:
        return None
    return margin_rejected(to_dollars(equity), to_dollars(after), account.currency)


def margin_impact(floor: Floor, order: WorkingOrder) -> MarginImpact:
    """What-if: the account before and after `order` alone filled whole at its limit or the present price."""
    floor.office.refresh_marks()
    account = floor.office.accounts[order.account]
    book = floor.books[order.con_id]
    price = _price(floor, order)
    value = order.quantity * price * book.multiplier
    fee = floor.config.commissions.fee(order.quantity, value)
    holding = account.holdings.get(order.con_id)
    held = holding.value if holding else 0
    new_value = ((holding.quantity if holding else 0) + order.side * order.quantity) * price * book.multiplier
    init, maint = margin.account_initial(account), margin.account_maintenance(account)
    init_after = init - margin.initial(held) + margin.initial(new_value)
    maint_after = maint - margin.maintenance(held) + margin.maintenance(new_value)
    equity = account.net_liquidation
    return MarginImpact(
        init_margin_before=to_dollars(init),
        maint_margin_before=to_dollars(maint),
        equity_with_loan_before=to_dollars(equity),
        init_margin_change=to_dollars(init_after - init),
        maint_margin_change=to_dollars(maint_after - maint),
        equity_with_loan_change=to_dollars(-fee),
        init_margin_after=to_dollars(init_after),
        maint_margin_after=to_dollars(maint_after),
        equity_with_loan_after=to_dollars(equity - fee),
        commission=to_dollars(fee),
        warning_text="" if init_after <= equity - fee else "The order would exceed the account's initial margin.",
    )


def _counts(order: WorkingOrder) -> bool:
    # A child whose parent has not traded, and an order not transmitted, cannot open anything yet.
    return order.transmitted and not (order.parent_perm_id and order.release == 0)


def _price(floor: Floor, order: WorkingOrder) -> int:
    mark = floor.books[order.con_id].mark() or 0
    own = order.limit or order.stop or 0
    return max(mark, own) if order.side > 0 else mark or own


def _exposures(floor: Floor, others: list[WorkingOrder], order: WorkingOrder, leaves: int) -> list[Exposure]:
    sums: dict[int, list[int]] = {}
    for each in [*others, order]:
        size = leaves if each is order else each.leaves
        entry = sums.setdefault(each.con_id, [0, 0, 0])
        entry[0 if each.side > 0 else 1] += size
        entry[2] = max(entry[2], _price(floor, each))
    return [
        Exposure(con_id, bought, sold, price, floor.books[con_id].multiplier)
        for con_id, (bought, sold, price) in sums.items()
    ]
