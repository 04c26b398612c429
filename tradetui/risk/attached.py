"""Controls for orders that rest behind another one: the stop-loss and the take-profit of an entry or of a position.

They reduce what the order before them opens, so no limit on exposure applies; what is checked is that they can protect.
"""

from __future__ import annotations

from tradetui.domain.order import Intent
from tradetui.risk.control import Refusal
from tradetui.risk.limits import Limits
from tradetui.risk.order_controls import SoundFields
from tradetui.risk.view import RiskView

CODE = "BRACKET"


def check_attached(child: Intent, head: Intent, view: RiskView, limits: Limits) -> tuple[Refusal, ...]:
    """Return the reasons against `child`, which rests behind `head`.

    A stop-loss lies on the losing side of the price its position is opened at, a take-profit on the winning side.
    """
    fault = SoundFields().check(child, view, limits)
    if fault is not None:
        return (fault,)
    return _misplaced(child, _opening_price(head, view)) if child.parent_id else ()


def _opening_price(head: Intent, view: RiskView) -> float | None:
    return head.limit_price or head.stop_price or view.mark


def _misplaced(child: Intent, price: float | None) -> tuple[Refusal, ...]:
    """Return why a child would trade at once instead of resting."""
    wanted, name = (child.stop_price, "stop loss") if child.is_stop_loss else (child.limit_price, "take profit")
    if price is None or wanted is None:
        return ()  # the control of the head's price refuses this already
    # A sale closes a long position: its stop lies below the opening price, its target above.
    beyond = (wanted - price) * child.side.sign
    if (beyond > 0) if child.is_stop_loss else (beyond < 0):
        return ()
    side = "below" if (child.side.sign < 0) == child.is_stop_loss else "above"
    return (Refusal(CODE, f"{name} {wanted:g} with the entry at {price:g}", f"a price {side} it", "with such a price"),)
