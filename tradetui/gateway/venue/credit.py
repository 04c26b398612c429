"""The broker's credit check: would the account's worst case still be covered, and what would one order change.

Invariant: an order that cannot raise the worst-case initial margin is never refused.
"""

from __future__ import annotations

from tradetui.gateway.venue.exposure import own_price
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.model import MarginImpact
from tradetui.gateway.venue.money import to_dollars
from tradetui.gateway.venue.refusal import Refusal, margin_rejected
from tradetui.gateway.venue.working import WorkingOrder


def check_credit(floor: Floor, order: WorkingOrder, size: int, price: int) -> Refusal | None:
    """Count `order` with `size` units at its own `price` from now on, or refuse with 201 and count it as before.

    Refused is what would make the account's worst case, all working orders included, need more than its equity.
    """
    if not floor.config.check_margin:
        floor.exposures.put(order, size, price)
        return None
    office = floor.office
    account = office.accounts[order.account]
    office.mark_account(account)
    counted = order.counted, order.counted_price
    floor.exposures.put(order, size, price)
    equity = account.net_liquidation
    after = worst_case_initial(floor, order.account)
    if after <= equity:
        return None
    floor.exposures.put(order, *counted)
    if after <= worst_case_initial(floor, order.account):
        floor.exposures.put(order, size, price)
        return None
    return margin_rejected(to_dollars(equity), to_dollars(after), account.currency)


def worst_case_initial(floor: Floor, code: str) -> int:
    """Initial margin if, per contract, the worse of 'all buys fill' and 'all sells fill' happened."""
    books = floor.books
    holdings = floor.office.accounts[code].holdings
    tallies = floor.exposures.of(code)
    total = 0
    for con_id, holding in holdings.items():
        if holding.quantity and con_id not in tallies:
            total += books[con_id].margin.initial(holding.quantity, holding.mark)
    for con_id, tally in tallies.items():
        book = books[con_id]
        known = holdings.get(con_id)
        held = known.quantity if known else 0
        price = max(book.mark() or 0, tally.price())
        total += max(
            book.margin.initial(held, price if known is None else known.mark),
            book.margin.initial(held + tally.bought, price),
            book.margin.initial(held - tally.sold, price),
        )
    return total


def margin_impact(floor: Floor, order: WorkingOrder) -> MarginImpact:
    """What-if: the account before and after `order` alone filled whole at its limit or the present price."""
    office = floor.office
    account = office.accounts[order.account]
    office.mark_account(account)
    book = floor.books[order.con_id]
    price = _price(floor, order)
    value = book.value(order.quantity, price)
    fee = book.fees.fee(order.quantity, value, book.lots, account.month_units)
    if book.fees.third_party is not None:
        fee += book.fees.third_party.of_fill(order.quantity, value, order.side, removed=True)
    holding = account.holdings.get(order.con_id)
    held, mark = (holding.quantity, holding.mark) if holding else (0, price)
    after = held + order.side * order.quantity
    rule = book.margin
    init, maint = office.initial(account), office.maintenance(account)
    init_after = init - rule.initial(held, mark) + rule.initial(after, price)
    maint_after = maint - rule.maintenance(held, mark) + rule.maintenance(after, price)
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


def _price(floor: Floor, order: WorkingOrder) -> int:
    mark = floor.books[order.con_id].mark() or 0
    own = own_price(order)
    return max(mark, own) if order.side > 0 else mark or own
