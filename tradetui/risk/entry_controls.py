"""Controls on the moment and the manner of new exposure: market, data, rates, losses. All fail closed."""

from __future__ import annotations

from tradetui.domain.order import Intent, OrderType, TimeInForce
from tradetui.domain.tick import DataType
from tradetui.risk.control import Refusal, money
from tradetui.risk.limits import Limits
from tradetui.risk.view import RiskView


class AllowedSymbol:
    """Only configured symbols are traded."""

    code = "SYMBOL"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse a symbol outside the list."""
        if intent.symbol in limits.symbols:
            return None
        return Refusal(self.code, intent.symbol, ", ".join(sorted(limits.symbols)), "when it is in risk.symbols")


class Resolved:
    """No entry on a symbol with an unknown order or a position that differs from the broker's."""

    code = "UNRESOLVED"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse while something about the symbol is not proved."""
        if not view.unresolved:
            return None
        return Refusal(self.code, view.unresolved, "nothing unresolved", "with evidence, or by the operator")


class Healthy:
    """No entry while the machine, the clock or the journal is in trouble."""

    code = "HEALTH"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse while something is unhealthy."""
        trouble = view.unhealthy or ("" if view.journal_ok else "the journal cannot be written")
        return Refusal(self.code, trouble, "healthy", "when it is healthy again") if trouble else None


class MarketHours:
    """Entries only in the regular session, not in its first and last minutes; those for the open wait at the broker."""

    code = "MARKET_HOURS"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse outside the allowed part of the session."""
        if intent.tif is TimeInForce.OPG:
            return None
        if not view.session_open or view.since_open_s is None or view.to_close_s is None:
            return Refusal(self.code, "the session is closed", "regular session", "at the next open")
        first, last = limits.no_entry_first_minutes, limits.no_entry_last_minutes
        if view.since_open_s < first * 60:
            measured = f"{view.since_open_s / 60:.1f} min after the open"
            return Refusal(self.code, measured, f"{first:g} min", "later in the session")
        if view.to_close_s < last * 60:
            measured = f"{view.to_close_s / 60:.1f} min before the close"
            return Refusal(self.code, measured, f"{last:g} min", "in the next session")
        return None


class FreshData:
    """A live, recent, unhalted quote with a price is needed to add exposure."""

    code = "STALE_DATA"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse on missing, old, delayed, frozen or halted data."""
        quote, age = view.quote, view.quote_age_s
        if quote is None or age is None or view.mark is None:
            return Refusal(self.code, "no price is known", "a live quote", "with the next quote")
        if quote.halted:
            return Refusal(self.code, "the symbol is halted", "not halted", "when trading resumes")
        if quote.data_type is not DataType.LIVE and not limits.allow_delayed_data:
            return Refusal(self.code, f"data is {quote.data_type.name}", DataType.LIVE.name, "with live data")
        # Between sessions no quote is recent; an order for the open meets the auction's price, not this one.
        waits = intent.tif is TimeInForce.OPG and not view.session_open
        if age > limits.max_quote_age_s and not waits:
            return Refusal(
                self.code, f"quote is {age:.1f} s old", f"{limits.max_quote_age_s:g} s", "with the next quote"
            )
        return None


class PriceCollar:
    """A limit price stays near the market; a market order needs a spread that is not absurd."""

    code = "PRICE_COLLAR"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse a price far from the reference or a market order into a wide spread."""
        mark, quote = view.mark, view.quote
        if mark is None or quote is None:
            return None  # FreshData refuses this already
        for price in (intent.limit_price, intent.stop_price):
            away = abs(price / mark - 1) * 100 if price is not None else 0.0
            if away > limits.price_collar_pct + 1e-9:
                measured = f"{price} is {away:.2f} % from {mark}"
                return Refusal(self.code, measured, f"{limits.price_collar_pct:g} %", "at a price nearer the market")
        meets_the_book = intent.order_type is OrderType.MARKET and intent.tif is not TimeInForce.OPG
        if meets_the_book and quote.bid is not None and quote.ask is not None:
            spread = (quote.ask - quote.bid) / mark * 100
            if spread > limits.max_spread_pct or spread < 0:
                return Refusal(
                    self.code, f"spread {spread:.3f} %", f"0..{limits.max_spread_pct:g} %", "when it narrows"
                )
        return None


class DailyLoss:
    """No entry beyond the day's loss limit."""

    code = "DAILY_LOSS"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse when the day's loss reached the limit or is not known."""
        if view.day_pnl is None:
            return Refusal(
                self.code, "day P&L is not known", money(limits.daily_loss_limit), "when every mark is known"
            )
        if -view.day_pnl < limits.daily_loss_limit:
            return None
        return Refusal(self.code, f"day P&L {money(view.day_pnl)}", money(-limits.daily_loss_limit), "next session")


class Drawdown:
    """No entry beyond the drawdown limit."""

    code = "DRAWDOWN"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse when equity is too far below its peak or the drawdown is not known."""
        if view.drawdown_pct is None:
            return Refusal(self.code, "drawdown is not known", f"{limits.max_drawdown_pct:g} %", "when equity is known")
        if view.drawdown_pct < limits.max_drawdown_pct:
            return None
        return Refusal(self.code, f"{view.drawdown_pct:.2f} %", f"{limits.max_drawdown_pct:g} %", "by the operator")


class OrderRate:
    """Orders per second, minute and day, for the strategy and for all together."""

    code = "ORDER_RATE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse one order too many."""
        counts = view.counts
        checks = (
            (max(counts.strategy_second, counts.second), limits.orders_per_second, "second"),
            (max(counts.strategy_minute, counts.minute), limits.orders_per_minute, "minute"),
            (max(counts.strategy_day, counts.day), limits.orders_per_day, "day"),
        )
        for count, limit, unit in checks:
            if count >= limit:
                return Refusal(self.code, f"{count} orders in the last {unit}", str(limit), f"after the {unit}")
        return None


class StrategyRate:
    """Orders per second, minute and day of one strategy, where it has limits of its own."""

    code = "STRATEGY_RATE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse one order too many."""
        own = limits.strategy.get(intent.strategy)
        if own is None:
            return None
        counts = view.counts
        checks = (
            (counts.strategy_second, own.orders_per_second, "second"),
            (counts.strategy_minute, own.orders_per_minute, "minute"),
            (counts.strategy_day, own.orders_per_day, "day"),
        )
        for count, limit, unit in checks:
            if limit is not None and count >= limit:
                measured = f"{count} orders of {intent.strategy} in the last {unit}"
                return Refusal(self.code, measured, str(limit), f"after the {unit}")
        return None


class RepeatedOrder:
    """The same symbol, side, quantity and price is not sent twice within the window."""

    code = "REPEATED_ORDER"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse a look-alike."""
        age = view.duplicate_age_s
        if age is None or age >= limits.duplicate_window_s:
            return None
        return Refusal(self.code, f"same order {age:.1f} s ago", f"{limits.duplicate_window_s:g} s", "after the window")


class OneWorking:
    """At most one live order per strategy and symbol; unknown orders count."""

    code = "ORDER_WORKING"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse a second live order."""
        if view.strategy_working == 0:
            return None
        return Refusal(self.code, f"{view.strategy_working} live", "1", "when the live order has ended")


class SelfTrade:
    """No order against an own live order on the other side."""

    code = "SELF_TRADE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse while an own opposite order works."""
        if not view.opposite_working:
            return None
        return Refusal(self.code, "an own opposite order is live", "none", "when that order has ended")
