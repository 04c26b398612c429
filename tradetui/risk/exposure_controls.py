"""Controls on what the account would hold: size, number, gross, net, leverage, shares of equity, money.

All count positions and everything that may still fill at the worst price, and all fail closed: unknown is refused.
"""

from __future__ import annotations

from tradetui.domain.order import Intent
from tradetui.risk.control import Refusal, money, quantity
from tradetui.risk.limits import Limits
from tradetui.risk.view import RiskView

_NEXT_BAR = "at a later bar"
_SMALLER = "when positions are smaller"


class OrderSize:
    """Largest order in units and money."""

    code = "ORDER_SIZE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order above the caps."""
        if intent.qty > limits.max_order_qty:
            return Refusal(self.code, f"quantity {quantity(intent.qty)}", quantity(limits.max_order_qty), _NEXT_BAR)
        price = worst_price(intent, view)
        if price is None:
            return None
        notional = view.instrument.notional(intent.qty, price)
        if notional > limits.max_order_notional:
            return Refusal(self.code, f"notional {money(notional)}", money(limits.max_order_notional), _NEXT_BAR)
        return None


class PositionSize:
    """Largest position in units and money, counting everything that may still fill."""

    code = "POSITION_SIZE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead above the caps."""
        qty = worst_after(intent, view)
        clears = "when the position or its working orders are smaller"
        if qty > limits.max_position_qty:
            return Refusal(self.code, f"up to {quantity(qty)} units", quantity(limits.max_position_qty), clears)
        price = worst_price(intent, view)
        if price is None:
            return None
        notional = view.instrument.notional(qty, price)
        if notional > limits.max_position_notional:
            return Refusal(self.code, f"up to {money(notional)}", money(limits.max_position_notional), clears)
        return None


class StrategySize:
    """Largest position and gross value of one strategy's own part, counting its own working orders."""

    code = "STRATEGY_SIZE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead the strategy above its caps."""
        own = limits.strategy.get(intent.strategy)
        if own is None:
            return None
        exposure, sign = view.strategy_exposure, intent.side.sign
        qty = max(
            abs(exposure.held + exposure.buying + max(0.0, sign * intent.qty)),
            abs(exposure.held - exposure.selling - max(0.0, -sign * intent.qty)),
        )
        clears = f"when {intent.strategy} holds less"
        if own.max_position_qty is not None and qty > own.max_position_qty:
            return Refusal(self.code, f"up to {quantity(qty)} units", quantity(own.max_position_qty), clears)
        price = worst_price(intent, view)
        if price is None:
            return None
        notional = view.instrument.notional(qty, price)
        if own.max_position_notional is not None and notional > own.max_position_notional:
            return Refusal(self.code, f"up to {money(notional)}", money(own.max_position_notional), clears)
        if own.max_gross_notional is None:
            return None
        if view.strategy_gross_other is None:
            return Refusal(self.code, "a mark is not known", "known figures", "when they are known")
        gross = view.strategy_gross_other + notional
        if gross > own.max_gross_notional:
            return Refusal(self.code, f"gross up to {money(gross)}", money(own.max_gross_notional), clears)
        return None


class PositionCount:
    """Largest number of symbols held or being bought."""

    code = "POSITION_COUNT"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse one symbol too many."""
        if view.exposure.worst > 0 or view.symbols_other < limits.max_positions:
            return None
        measured = f"{view.symbols_other} symbols held or working"
        return Refusal(self.code, measured, str(limits.max_positions), "when a position is closed")


class GrossExposure:
    """Largest gross value of the account."""

    code = "GROSS_EXPOSURE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead above the cap."""
        gross = _gross_after(intent, view)
        if gross is None:
            return _unknown(self.code, intent, view)
        if gross > limits.max_gross_notional:
            return Refusal(self.code, f"up to {money(gross)}", money(limits.max_gross_notional), _SMALLER)
        return None


class Leverage:
    """Largest gross value in terms of equity."""

    code = "LEVERAGE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead above the cap."""
        gross = _gross_after(intent, view)
        if gross is None or view.equity is None or view.equity <= 0:
            return _unknown(self.code, intent, view)
        leverage = gross / view.equity
        if leverage > limits.max_leverage:
            return Refusal(self.code, f"up to {leverage:.2f}", f"{limits.max_leverage:g}", _SMALLER)
        return None


class NetExposure:
    """Largest net value of the account, long or short; an order that brings it nearer to zero passes."""

    code = "NET_EXPOSURE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead above the cap on its side."""
        price = worst_price(intent, view)
        if price is None or view.net_low_other is None or view.net_high_other is None:
            return _unknown(self.code, intent, view)
        exposure, unit = view.exposure, view.instrument.notional(1.0, price)
        if intent.side.sign > 0:
            net = view.net_high_other + (exposure.held + exposure.buying + intent.qty) * unit
        else:
            net = -(view.net_low_other + (exposure.held - exposure.selling - intent.qty) * unit)
        if net <= limits.max_net_notional:
            return None
        side = "long" if intent.side.sign > 0 else "short"
        return Refusal(self.code, f"up to {money(net)} {side}", money(limits.max_net_notional), _SMALLER)


class Concentration:
    """Largest share of equity in one symbol."""

    code = "CONCENTRATION"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead above the share."""
        price = worst_price(intent, view)
        if price is None or view.equity is None or view.equity <= 0:
            return _unknown(self.code, intent, view)
        share = view.instrument.notional(worst_after(intent, view), price) / view.equity * 100
        if share <= limits.max_concentration_pct:
            return None
        measured = f"up to {share:.1f} % of equity in {intent.symbol}"
        return Refusal(self.code, measured, f"{limits.max_concentration_pct:g} %", _SMALLER)


class SectorShare:
    """Largest share of equity in the symbols of one sector."""

    code = "SECTOR"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order that could lead the symbol's sector above the share."""
        sector = limits.sector_of(intent.symbol)
        if sector is None:
            return None
        price = worst_price(intent, view)
        if price is None or view.sector_other is None or view.equity is None or view.equity <= 0:
            return _unknown(self.code, intent, view)
        worth = view.sector_other + view.instrument.notional(worst_after(intent, view), price)
        share = worth / view.equity * 100
        if share <= limits.max_sector_pct:
            return None
        return Refusal(
            self.code, f"up to {share:.1f} % of equity in {sector}", f"{limits.max_sector_pct:g} %", _SMALLER
        )


class Funds:
    """The order fits what the broker says is available, less what open orders will take; unknown is refused."""

    code = "FUNDS"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an order above the available money, margin at most `max_leverage` times."""
        price = worst_price(intent, view)
        if price is None:
            return None
        if view.available_funds is None or view.funds_reserved is None:
            return Refusal(self.code, "available funds are not known", "known funds", "with the next account update")
        notional = view.instrument.notional(intent.qty, price) + view.funds_reserved
        room = view.available_funds * limits.max_leverage
        if notional > room:
            held = f", {money(view.funds_reserved)} of it for open orders" if view.funds_reserved else ""
            return Refusal(self.code, f"needs {money(notional)}{held}", money(room), "when funds are free")
        return None


def _unknown(code: str, intent: Intent, view: RiskView) -> Refusal | None:
    # Without a price of its own the order is refused as stale already; here it is the account that is not known.
    if worst_price(intent, view) is None:
        return None
    return Refusal(code, "equity or a mark is not known", "known figures", "when they are known")


def _gross_after(intent: Intent, view: RiskView) -> float | None:
    price = worst_price(intent, view)
    if price is None or view.gross_other is None:
        return None
    return view.gross_other + view.instrument.notional(worst_after(intent, view), price)


def worst_price(intent: Intent, view: RiskView) -> float | None:
    """Return the price an order is valued at: the higher of its limit or stop and the market's; None when unknown."""
    price = view.mark
    for other in (intent.limit_price, intent.stop_price):
        if other is not None and (price is None or other > price):
            price = other
    quote = view.quote
    if intent.side.sign > 0 and quote is not None and quote.ask is not None and (price is None or quote.ask > price):
        price = quote.ask
    return price


def worst_after(intent: Intent, view: RiskView) -> float:
    """Return the largest absolute quantity that can be held if this order and every live one fills."""
    exposure = view.exposure
    buying = exposure.buying + (intent.qty if intent.side.sign > 0 else 0.0)
    selling = exposure.selling + (intent.qty if intent.side.sign < 0 else 0.0)
    return max(abs(exposure.held + buying), abs(exposure.held - selling))
