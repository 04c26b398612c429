"""The risk gate in front of the simulated market: the live gate's rules on the backtest's facts.

A market order that plainly passes every rule is let through by plain comparisons; anything else is judged by the real
gate, which also words the refusals. Invariant: `passes` says True only where the gate allows (property-tested), so the
short cut can change the speed but no decision.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from tradetui.backtest.account import Account
from tradetui.backtest.lane import Lane
from tradetui.backtest.sessions import Sessions
from tradetui.backtest.watch import LossWatch
from tradetui.domain.clock import MINUTE_NS, SECOND_NS, Now
from tradetui.domain.order import Intent
from tradetui.domain.tick import Quote
from tradetui.risk.attached import check_attached
from tradetui.risk.gate import Decision, Gate
from tradetui.risk.limits import Limits
from tradetui.risk.view import Exposure, OrderCounts, RiskView

#: Orders remembered for the rate and repetition rules, as many as the live core does.
_REMEMBERED = 5000
#: An order leaves just after its bar's close, never at it: at 5 minutes to the close there are less than 5 left.
_AFTER_CLOSE_NS = 1
_Sent = tuple[int, int, str, str, int, float, float | None]


class Keeper:
    """Decides on orders; remembers those that went, because rates and repetitions are limited."""

    def __init__(self, limits: Limits, account: Account, watch: LossWatch, sessions: Sessions) -> None:
        self._limits = limits
        self._gate = Gate(limits)
        self._account = account
        self._watch = watch
        self._sessions = sessions
        self._sent: deque[_Sent] = deque(maxlen=_REMEMBERED)
        self._last_by_symbol: dict[str, int] = {}
        self._rate = min(limits.orders_per_second, limits.orders_per_minute, _REMEMBERED)
        self._repeat_ns = int(limits.duplicate_window_s * SECOND_NS) + 1
        self._window = (0, -1)
        self._several = len(account.symbols) > 1
        self._scoped = bool(limits.strategy or limits.symbol)
        # Net is never above gross, and a sector never above all: under these the gate surely allows.
        self._gross_cap = min(limits.max_gross_notional, limits.max_net_notional)
        self._gross_share = min(limits.max_leverage, limits.max_sector_pct / 100 if limits.sectors else math.inf)
        self._symbol_share = limits.max_concentration_pct / 100

    def passes(self, lane: Lane, sign: int, qty: float, now_ns: int) -> bool:
        """Return True only if the gate surely allows a market order of a sound quantity."""
        if self._watch.latches:
            return False
        held = lane.held()
        if held and (held > 0) != (sign > 0):
            return qty <= abs(held) - lane.resting(sign) - lane.guarded(sign) + 1e-9
        if self._scoped or (sign < 0 and self._limits.long_only):
            return False
        start, end = self._window
        return (
            (start <= now_ns <= end or self._is_entry_time(now_ns))
            and lane.symbol in self._limits.symbols
            and not lane.is_working()
            and self._is_first_and_slow(lane.symbol, now_ns)
            and self._fits(lane, held, qty)
        )

    def judge(
        self, lane: Lane, intent: Intent, behind: Sequence[Intent] = (), *, known: bool = False, second: bool = False
    ) -> Decision:
        """Return the gate's decision on `intent` and those `behind` it, decided at its bar's close.

        `second` marks the opening part of a decision whose closing part was sent just before.
        """
        view = self._view(lane, intent, known, second)
        attached = (refusal for child in behind for refusal in check_attached(child, intent, view, self._limits))
        return Decision((*self._gate.check(intent, view).refusals, *attached))

    def sent(self, lane: Lane, sign: int, qty: float, limit: float | None, now_ns: int) -> None:
        """Remember an order that went."""
        self._sent.append((now_ns, self._watch.day_close_ns, lane.owner, lane.symbol, sign, qty, limit))
        self._last_by_symbol[lane.symbol] = now_ns
        self._watch.day_orders += 1

    def _is_entry_time(self, now_ns: int) -> bool:
        clock = self._sessions.clock(now_ns)
        if clock is None:
            return False
        first, last = self._limits.no_entry_first_minutes * 60, self._limits.no_entry_last_minutes * 60
        since, left = clock
        # A second of room: the gate compares rounded seconds.
        self._window = (
            now_ns - int((since - first - 1) * SECOND_NS),
            now_ns + int((left - last - 1) * SECOND_NS),
        )
        return since >= first + 1 and left >= last + 1

    def _is_first_and_slow(self, symbol: str, now_ns: int) -> bool:
        last = self._last_by_symbol.get(symbol)
        if last is not None and now_ns - last <= self._repeat_ns:
            return False
        sent, rate = self._sent, self._rate
        # The rate-th latest order is a minute old: fewer than `rate` were sent since.
        slow = len(sent) < rate or now_ns - sent[-rate][0] >= MINUTE_NS
        return slow and self._watch.day_orders < self._limits.orders_per_day

    def _fits(self, lane: Lane, held: float, qty: float) -> bool:
        limits, bar = self._limits, lane.bar
        if bar is None or qty > limits.max_order_qty:
            return False
        value = bar.close * lane.multiplier
        worst = abs(held) + qty
        gross_other, symbols_other = self._others(lane) if self._several else (0.0, 0)
        equity = self._account.equity()
        gross = gross_other + worst * value
        watch = self._watch
        return (
            qty * value * _UP <= limits.max_order_notional
            and worst <= limits.max_position_qty
            and worst * value * _UP <= limits.max_position_notional
            and (held != 0 or symbols_other < limits.max_positions)
            and equity > 0
            and gross * _UP <= self._gross_cap
            and gross * _UP <= self._gross_share * equity
            and worst * value * _UP <= self._symbol_share * equity
            and watch.day_equity - equity < limits.daily_loss_limit
            and watch.drawdown_pct(equity) < limits.max_drawdown_pct
        )

    def _others(self, lane: Lane) -> tuple[float, int]:
        """Return the gross value and number of all other symbols held or being traded."""
        gross, count = 0.0, 0
        for other in self._account.symbols:
            if other.symbol == lane.symbol:
                continue
            exposure = _exposure(other)
            if exposure.held or exposure.buying or exposure.selling:
                count += 1
                gross += exposure.worst * (other.mark() or 0.0) * other.multiplier
        return gross, count

    def _net_others(self, lane: Lane) -> tuple[float, float]:
        """Return the lowest and highest net value that all other symbols can reach."""
        low = high = 0.0
        for other in self._account.symbols:
            if other.symbol != lane.symbol:
                exposure, value = _exposure(other), (other.mark() or 0.0) * other.multiplier
                low += (exposure.held - exposure.selling) * value
                high += (exposure.held + exposure.buying) * value
        return low, high

    def _sector_others(self, lane: Lane) -> float:
        """Return the gross value of all other symbols in the sector of this one."""
        sector = self._limits.sector_of(lane.symbol)
        members = self._limits.sectors[sector] if sector is not None else frozenset[str]()
        return sum(
            _exposure(other).worst * (other.mark() or 0.0) * other.multiplier
            for other in self._account.symbols
            if other.symbol in members and other.symbol != lane.symbol
        )

    def _view(self, lane: Lane, intent: Intent, known: bool, second: bool) -> RiskView:
        now_ns = intent.bar_end_ns
        clock = self._sessions.clock(now_ns + _AFTER_CLOSE_NS)
        gross, count = self._others(lane)
        net_low, net_high = self._net_others(lane)
        equity = self._account.equity()
        exposure = _exposure(lane)
        mark = lane.mark()
        tied = gross + exposure.worst * (mark or 0.0) * lane.multiplier
        watch = self._watch
        return RiskView(
            now=Now(now_ns, now_ns),
            instrument=lane.instrument,
            state=watch.state,
            state_why=watch.why,
            session_open=clock is not None,
            since_open_s=None if clock is None else clock[0],
            to_close_s=None if clock is None else clock[1],
            quote=None if mark is None else Quote(symbol=lane.symbol, ts_ns=now_ns, mono_ns=now_ns, last=mark),
            exposure=exposure,
            gross_other=gross,
            symbols_other=count,
            net_low_other=net_low,
            net_high_other=net_high,
            sector_other=self._sector_others(lane),
            strategy_exposure=exposure,
            strategy_gross_other=gross,
            equity=equity,
            # What a margin of 1 / max_leverage leaves free, so that leverage 1 means cash.
            available_funds=equity - tied / self._limits.max_leverage,
            day_pnl=equity - watch.day_equity,
            drawdown_pct=watch.drawdown_pct(equity),
            strategy_working=len(lane.orders) - second,
            opposite_working=lane.resting(-intent.side.sign) > 0,
            known_intent=known,
            duplicate_age_s=self._duplicate_age(lane, intent, second),
            counts=self._counts(lane, now_ns),
        )

    def _duplicate_age(self, lane: Lane, intent: Intent, second: bool) -> float | None:
        wanted = (lane.owner, lane.symbol, intent.side.sign, intent.qty, intent.limit_price)
        for number, sent in enumerate(reversed(self._sent)):
            if sent[2:] == wanted and not (second and number == 0):
                return (intent.bar_end_ns - sent[0]) / SECOND_NS
        return None

    def _counts(self, lane: Lane, now_ns: int) -> OrderCounts:
        counts = [0, 0, 0, 0, 0, 0]
        for ns, day_close_ns, owner, *_ in reversed(self._sent):
            if day_close_ns != self._watch.day_close_ns:
                break
            age = (now_ns - ns) / SECOND_NS
            for index, inside in enumerate((age < 1, age < 60, True)):
                counts[3 + index] += inside
                counts[index] += inside and owner == lane.owner
        return OrderCounts(*counts)


#: The short cut leaves this much room at limits whose gate formula rounds differently.
_UP = 1.0 + 1e-9


def _exposure(lane: Lane) -> Exposure:
    return Exposure(lane.held(), lane.resting(1) + lane.guarded(1), lane.resting(-1) + lane.guarded(-1))
