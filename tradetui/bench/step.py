"""Cost of one step of the trading core by kind of event, and of the picture that screens get of it.

The core is driven as the engine drives it, by a broker that takes each order and fills it. Measured twice: with an
empty day behind it and with a long one, because a step must not become slower as the day grows.
"""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tradetui.bench.gate import roomy_limits
from tradetui.bench.measure import Measurement, Unmeasured, percentile
from tradetui.domain.account import AccountValues, BrokerPosition
from tradetui.domain.actions import Action, PlaceOrder
from tradetui.domain.bar import Bar
from tradetui.domain.clock import SECOND_NS, Now, to_ns
from tradetui.domain.events import (
    BarClosed,
    BarSource,
    BrokerSnapshot,
    CommissionSeen,
    Event,
    FillSeen,
    OrderSeen,
    OrderWritten,
    QuoteChanged,
    SessionChanged,
    SessionState,
    SignalsProposed,
    SnapshotTaken,
    StrategyStatus,
    TimerFired,
)
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import BrokerOrder, Side, Signal
from tradetui.domain.tick import Quote
from tradetui.engine.control_client import difference
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.trading.core import TradingCore
from tradetui.trading.settings import CoreSettings, StrategySetting
from tradetui.trading.view import view

ORDERS = 4_000
EDGE = 300
SYMBOLS = tuple(f"S{number:02d}" for number in range(20))
ACCOUNT = "DU1234567"
STRATEGY = "bench"
MORNING_NS = to_ns(datetime(2026, 3, 16, 14, 0, tzinfo=UTC))
#: Market time per order: the day of ORDERS orders fits into one session.
STEP_NS = 5 * SECOND_NS

Costs = dict[str, list[float]]


def measure(scale: float) -> list[Measurement]:
    """Return the median cost per kind of event, early and late in a day of orders, and of a picture."""
    drive = Drive()
    drive.connect()
    orders = max(2 * EDGE, int(ORDERS * scale))
    for number in range(orders):
        drive.round_trip(number)
    found = [
        Measurement(name=f"step.{kind}", what=f"one step on {what}", value=percentile(costs[:EDGE], 50), unit="us")
        for kind, (what, costs) in drive.by_kind().items()
    ]
    late, early = (
        percentile(part, 50) for part in (drive.costs["SignalsProposed"][-EDGE:], drive.costs["SignalsProposed"][:EDGE])
    )
    found.append(
        Measurement(
            name="step.growth",
            what=f"cost of a decision after {orders} orders, in multiples of the cost at the start of the day",
            value=late / early,
            unit="x",
        )
    )
    return [*found, *drive.picture_costs()]


@dataclass(slots=True)
class Drive:
    """A core and a broker that fills everything. `costs` are microseconds by the event's type."""

    core: TradingCore = field(default_factory=lambda: TradingCore(_settings()))
    market_ns: int = MORNING_NS
    mono_ns: int = 1_000 * SECOND_NS
    cash: float = 1_000_000.0
    held: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SYMBOLS, 0.0))
    costs: Costs = field(default_factory=lambda: defaultdict(list))

    def give(self, event: Event) -> list[Action]:
        """Give one event and note what its step took."""
        now = Now(self.market_ns, self.mono_ns)
        begin = time.perf_counter_ns()
        actions = self.core.step(event, now)
        self.costs[type(event).__name__].append((time.perf_counter_ns() - begin) / 1000)
        return actions

    def connect(self) -> None:
        """Become ready to trade."""
        self.give(SessionChanged(SessionState.SYNCING, "bench"))
        for symbol in SYMBOLS:
            self.quote(symbol)
        self.give(SnapshotTaken(self._snapshot()))
        self.give(SessionChanged(SessionState.READY, "bench", account=ACCOUNT))
        self.give(StrategyStatus(STRATEGY, "running"))
        self.give(TimerFired())

    def quote(self, symbol: str) -> None:
        """Give a fresh quote."""
        quote = Quote(
            symbol=symbol, ts_ns=self.market_ns, mono_ns=self.mono_ns, bid=99.99, ask=100.01, last=100.0, volume=1e6
        )
        self.give(QuoteChanged(quote))

    def round_trip(self, number: int) -> None:
        """Close a bar, decide, send, fill: one order in full."""
        symbol = SYMBOLS[number % len(SYMBOLS)]
        self.market_ns += STEP_NS
        self.mono_ns += STEP_NS
        self.quote(symbol)
        self.give(TimerFired())
        side = Side.SELL if self.held[symbol] else Side.BUY
        self.give(BarClosed(Bar(symbol, self.market_ns, 100.0, 100.1, 99.9, 100.0, 1000.0), "1m", BarSource.LIVE))
        signal = Signal(symbol=symbol, side=side, qty=10.0, reason="bench")
        sent = [
            item
            for item in self.give(SignalsProposed(STRATEGY, symbol, self.market_ns, (signal,)))
            if isinstance(item, PlaceOrder)
        ]
        if not sent:
            raise Unmeasured(f"the core did not send order {number}: {self._refusal()}")
        self._execute(sent[0], number)

    def by_kind(self) -> dict[str, tuple[str, list[float]]]:
        """Return what is worth a line of its own."""
        kinds = {
            "quote": ("a quote", "QuoteChanged"),
            "timer": ("the timer", "TimerFired"),
            "bar": ("a closed bar", "BarClosed"),
            "decision": ("a strategy's decision that becomes an order", "SignalsProposed"),
            "order": ("an order report", "OrderSeen"),
            "fill": ("an execution", "FillSeen"),
        }
        return {kind: (what, self.costs[event]) for kind, (what, event) in kinds.items()}

    def picture_costs(self) -> list[Measurement]:
        """Return what one picture for screens costs, and the search for what changed in it."""
        views, differences = [], []
        old = view(self.core.state, Now(self.market_ns, self.mono_ns))
        for _ in range(30):
            self.market_ns += SECOND_NS
            self.mono_ns += SECOND_NS
            begin = time.perf_counter()
            new = view(self.core.state, Now(self.market_ns, self.mono_ns))
            middle = time.perf_counter()
            difference(old, new)  # type: ignore[arg-type]
            views.append((middle - begin) * 1e6)
            differences.append((time.perf_counter() - middle) * 1e6)
            old = new
        return [
            Measurement(
                name="step.view",
                what=f"the state of {len(SYMBOLS)} symbols for screens",
                value=percentile(views, 50),
                unit="us",
            ),
            Measurement(
                name="step.delta", what="what changed in it, per screen", value=percentile(differences, 50), unit="us"
            ),
        ]

    def _execute(self, place: PlaceOrder, number: int) -> None:
        intent, perm_id = place.intent, 9_000 + number
        self.give(OrderWritten(intent.intent_id, number + 1, 7))
        order = BrokerOrder(
            order_ref=place.order_ref,
            perm_id=perm_id,
            order_id=number + 1,
            client_id=7,
            account=ACCOUNT,
            symbol=intent.symbol,
            side=intent.side,
            qty=intent.qty,
            order_type=intent.order_type,
            status="Submitted",
            limit_price=intent.limit_price,
            tif=intent.tif,
            filled=0.0,
        )
        self.give(OrderSeen(order))
        fill = Fill(
            exec_id=f"0000e0d5.{number:08x}.01.01",
            account=ACCOUNT,
            symbol=intent.symbol,
            side=intent.side,
            qty=intent.qty,
            price=100.0,
            ts_ns=self.market_ns,
            order_ref=place.order_ref,
            perm_id=perm_id,
            order_id=number + 1,
            client_id=7,
        )
        self.give(FillSeen(fill))
        self.give(CommissionSeen(Commission(exec_id=fill.exec_id, amount=1.0)))
        self.held[intent.symbol] += fill.signed_qty
        self.cash -= fill.signed_qty * 100.0 + 1.0

    def _snapshot(self) -> BrokerSnapshot:
        return BrokerSnapshot(
            started_mono_ns=self.mono_ns,
            open_orders=(),
            completed_orders=(),
            fills=(),
            positions=tuple(
                BrokerPosition(account=ACCOUNT, symbol=symbol, con_id=1, qty=qty, avg_cost=100.0)
                for symbol, qty in self.held.items()
                if qty
            ),
            account=AccountValues(
                account=ACCOUNT, ts_ns=self.market_ns, cash=self.cash, net_liquidation=self.cash, available_funds=1e9
            ),
        )

    def _refusal(self) -> str:
        refusals = self.core.state.refusals
        return refusals[-1].text if refusals else "no refusal is on record"


def _settings() -> CoreSettings:
    return CoreSettings(
        account=ACCOUNT,
        live=False,
        instruments={symbol: Instrument(symbol=symbol) for symbol in SYMBOLS},
        limits=roomy_limits(*SYMBOLS),
        strategies=(StrategySetting(name=STRATEGY, symbols=SYMBOLS, bar_size="1m"),),
        calendar=TradingCalendar.load("XNYS", first_year=2026, last_year=2026),
    )
