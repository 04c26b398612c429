"""A trading core in a world of plain numbers: time moves when told, the broker does what it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from tests.trading.broker_model import ACCOUNT, BrokerModel
from tradetui.domain.actions import (
    Action,
    CancelOrder,
    Commit,
    DeliverBar,
    PlaceOrder,
    Reply,
    RequestSnapshot,
)
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS, SECOND_NS, Now, to_ns
from tradetui.domain.events import (
    AccountSeen,
    BarClosed,
    BarSource,
    Command,
    CommandKind,
    CommandReceived,
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
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import OrderRecord, OrderType, Side, Signal
from tradetui.domain.records import (
    AdjustmentSaved,
    AlertQueued,
    BarConsumed,
    CommandSaved,
    CommissionSaved,
    DayStarted,
    EquityMarked,
    FillSaved,
    JournalImage,
    LatchCleared,
    LatchSaved,
    OpeningCashSaved,
    OrderSaved,
    Record,
)
from tradetui.domain.tick import Quote
from tradetui.risk.limits import Limits
from tradetui.trading.core import TradingCore
from tradetui.trading.settings import CoreSettings, Execution, StrategySetting, Timing

OPEN = to_ns(datetime(2026, 3, 2, 14, 30, tzinfo=UTC))
STRATEGY = "cross"


@dataclass(frozen=True)
class TestSession:
    """One session of the test calendar."""

    __test__ = False
    date: date
    open_ns: int
    close_ns: int


class WeekdayCalendar:
    """09:30-16:00 at UTC-5 on every weekday."""

    def _of(self, day: date) -> TestSession:
        opened = to_ns(datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC))
        return TestSession(day, opened, opened + 390 * MINUTE_NS)

    def current_or_next(self, ns: int) -> TestSession:
        """Return the session in progress or the next one."""
        day = datetime.fromtimestamp(ns // SECOND_NS, tz=UTC).date()
        while day.weekday() > 4 or self._of(day).close_ns <= ns:
            day += timedelta(days=1)
        return self._of(day)

    def session_at(self, ns: int) -> TestSession | None:
        """Return the session in progress."""
        session = self.current_or_next(ns)
        return session if session.open_ns <= ns else None

    def session_date(self, ns: int) -> date:
        """Return the trading date of `ns`."""
        return self.current_or_next(ns).date


def limits(**changes: object) -> Limits:
    """Return generous limits with some of them changed."""
    values: dict[str, object] = {
        "symbols": frozenset({"SPY", "QQQ"}),
        "max_order_qty": 1000.0,
        "max_order_notional": 200_000.0,
        "max_position_qty": 2000.0,
        "max_position_notional": 400_000.0,
        "max_gross_notional": 800_000.0,
        "max_leverage": 2.0,
        "max_positions": 10,
        "daily_loss_limit": 5_000.0,
        "max_drawdown_pct": 20.0,
        "price_collar_pct": 5.0,
        "max_spread_pct": 1.0,
        "max_quote_age_s": 10.0,
        "orders_per_second": 10,
        "orders_per_minute": 50,
        "orders_per_day": 500,
        "duplicate_window_s": 0.5,
        "long_only": True,
        **changes,
    }
    return Limits(**values)  # type: ignore[arg-type]


def settings(**changes: object) -> CoreSettings:
    """Return core settings for SPY and QQQ with some of them changed."""
    values: dict[str, object] = {
        "account": ACCOUNT,
        "live": False,
        "instruments": {name: Instrument(symbol=name) for name in ("SPY", "QQQ")},
        "limits": limits(),
        "strategies": (StrategySetting(name=STRATEGY, symbols=("SPY", "QQQ"), bar_size="1m"),),
        "calendar": WeekdayCalendar(),
        "execution": Execution(),
        "timing": Timing(),
        **changes,
    }
    return CoreSettings(**values)  # type: ignore[arg-type]


class World:
    """A core, its broker and its journal. `sent` are the orders on the wire, `replies` the answers to commands."""

    def __init__(self, config: CoreSettings | None = None) -> None:
        self.config = config or settings()
        self.broker = BrokerModel()
        self.records: list[Record] = []
        self.market_ns = OPEN + 30 * MINUTE_NS
        self.mono_ns = 1_000 * SECOND_NS
        self.sent: list[PlaceOrder] = []
        self.cancels: list[CancelOrder] = []
        self.replies: list[Reply] = []
        self.bars: list[DeliverBar] = []
        self.looks: list[str] = []
        self.connected = False
        self.core = TradingCore(self.config)

    # --- time and events ---------------------------------------------------------------------------------------
    @property
    def now(self) -> Now:
        """This moment."""
        return Now(self.market_ns, self.mono_ns)

    def wait(self, seconds: float) -> None:
        """Let time pass in beats of at most a quarter second, with fresh quotes while connected."""
        end = self.mono_ns + int(seconds * SECOND_NS)
        while self.mono_ns < end:
            beat = min(SECOND_NS // 4, end - self.mono_ns)
            self.mono_ns += beat
            self.market_ns += beat
            if self.connected:
                for symbol in self.config.instruments:
                    self.quote(symbol)
            self.give(TimerFired())

    def give(self, event: Event) -> list[Action]:
        """Hand one event to the core and carry its actions out as the shell would."""
        actions = self.core.step(event, self.now)
        for action in actions:
            self._carry_out(action)
        return actions

    def _carry_out(self, action: Action) -> None:
        match action:
            case Commit(records):
                self.records += records
            case PlaceOrder():
                self.sent.append(action)
            case CancelOrder():
                self.cancels.append(action)
            case Reply():
                self.replies.append(action)
            case DeliverBar():
                self.bars.append(action)
            case RequestSnapshot(reason):
                self.looks.append(reason)
            case _:
                pass

    # --- the usual moves ---------------------------------------------------------------------------------------
    def connect(self) -> None:
        """Connect, sync and become READY, strategies running, quotes known."""
        self.connected = True
        self.give(SessionChanged(SessionState.CONNECTING, "test"))
        self.give(SessionChanged(SessionState.SYNCING, "test"))
        for symbol in self.config.instruments:
            self.quote(symbol)
        self.look()
        self.give(SessionChanged(SessionState.READY, "synced", account=ACCOUNT))
        self.look()
        self.give(StrategyStatus(STRATEGY, "running"))
        self.give(TimerFired())

    def cut(self) -> None:
        """Lose the link."""
        self.connected = False
        self.give(SessionChanged(SessionState.DISCONNECTED, "socket closed"))

    def quote(self, symbol: str, last: float = 100.0, **changes: object) -> None:
        """Give a fresh quote around `last`."""
        quote = Quote(
            symbol=symbol, ts_ns=self.market_ns, mono_ns=self.mono_ns, bid=last - 0.01, ask=last + 0.01, last=last
        )
        self.give(QuoteChanged(replace(quote, **changes)))  # type: ignore[arg-type]

    def look(self, *, without: Iterable[str] = ()) -> None:
        """Answer a look at the broker."""
        snapshot = self.broker.snapshot(self.mono_ns, self.market_ns, without=frozenset(without))
        self.give(SnapshotTaken(snapshot))

    def bar(self, symbol: str = "SPY", close: float = 100.0, *, source: BarSource = BarSource.LIVE) -> Bar:
        """Close a bar at this moment."""
        bar = Bar(symbol, self.market_ns, close, close, close, close, 1000.0)
        self.give(BarClosed(bar, "1m", source))
        return bar

    def decide(self, side: Side = Side.BUY, qty: float = 100.0, symbol: str = "SPY", **changes: object) -> str | None:
        """Close a bar and answer with one signal; return the intent id that was sent, None if refused."""
        self.market_ns += MINUTE_NS
        self.mono_ns += SECOND_NS
        self.quote(symbol)
        bar = self.bar(symbol)
        before = len(self.sent)
        signal = replace(Signal(symbol=symbol, side=side, qty=qty, reason="test"), **changes)  # type: ignore[arg-type]
        self.give(SignalsProposed(STRATEGY, symbol, bar.end_ns, (signal,)))
        return self.sent[-1].intent.intent_id if len(self.sent) > before else None

    def write(self, intent_id: str) -> int:
        """Let the broker take the order that was sent; return its permId. Nothing is reported yet."""
        place = next(item for item in self.sent if item.intent.intent_id == intent_id)
        order = self.broker.accept(place.intent, place.order_ref)
        self.give(OrderWritten(intent_id, order.order_id, order.client_id))
        return order.perm_id

    def acknowledge(self, perm_id: int) -> None:
        """Report the order as the broker has it."""
        self.give(OrderSeen(self.broker.orders[perm_id]))

    def fill(self, perm_id: int, qty: float, price: float = 100.0) -> None:
        """Execute and report, with the commission."""
        fill = self.broker.fill(perm_id, qty, price, self.market_ns)
        self.give(FillSeen(fill))
        self.give(CommissionSeen(self.broker.commissions[-1]))
        self.give(AccountSeen(self.broker.account(self.market_ns)))

    def buy_and_fill(self, symbol: str = "SPY", qty: float = 100.0, price: float = 100.0) -> str:
        """Buy `qty` and have it filled."""
        intent_id = self.decide(Side.BUY, qty, symbol)
        assert intent_id is not None
        perm_id = self.write(intent_id)
        self.acknowledge(perm_id)
        self.fill(perm_id, qty, price)
        return intent_id

    def working(self, *, qty: float = 100.0, limit: float = 99.0, symbol: str = "SPY") -> tuple[str, int]:
        """Have a limit buy working; return intent id and permId."""
        intent_id = self.decide(Side.BUY, qty, symbol, order_type=OrderType.LIMIT, limit_price=limit)
        assert intent_id is not None
        perm_id = self.write(intent_id)
        self.acknowledge(perm_id)
        return intent_id, perm_id

    def command(self, kind: CommandKind, **fields: object) -> str:
        """Give an operator's command; return its last status."""
        command_id = f"c{len(self.replies)}-{self.mono_ns}"
        command = Command(command_id=command_id, kind=kind, who="test", **fields)  # type: ignore[arg-type]
        self.give(CommandReceived(command))
        return self.status(command_id)

    def status(self, command_id: str) -> str:
        """Return the latest answer to a command as `status: text`."""
        reply = next(item for item in reversed(self.replies) if item.command_id == command_id)
        return f"{reply.status}: {reply.text}"

    # --- what is known -----------------------------------------------------------------------------------------
    def order(self, intent_id: str) -> OrderRecord:
        """Return our record of an order."""
        order = self.core.state.book.get(intent_id)
        assert order is not None
        return order

    def alerts(self) -> list[str]:
        """Return the causes alerted so far."""
        return [record.alert.cause for record in self.records if isinstance(record, AlertQueued)]

    def refusals(self) -> list[str]:
        """Return the refusal codes so far."""
        return [refusal.code for refusal in self.core.state.refusals]

    # --- crash and restart -------------------------------------------------------------------------------------
    def restart(self) -> None:
        """Kill the core and start a new one from the journal; the broker lives on."""
        self.core = TradingCore(self.config, image_of(self.records))
        self.connected = False
        self.mono_ns += SECOND_NS
        self.market_ns += SECOND_NS


def image_of(records: Iterable[Record]) -> JournalImage:
    """Return what a journal with these records restarts from."""
    orders: dict[str, OrderRecord] = {}
    fills: dict[str, FillSaved] = {}
    latches = {}
    consumed = {}
    image = JournalImage()
    for record in records:
        match record:
            case OrderSaved(order):
                orders[order.intent.intent_id] = order
            case FillSaved(fill):
                fills[fill.exec_id] = record
            case CommissionSaved(commission):
                image = replace(image, commissions=(*image.commissions, commission))
            case AdjustmentSaved(adjustment):
                image = replace(image, adjustments=(*image.adjustments, adjustment))
            case OpeningCashSaved(amount):
                image = replace(image, opening_cash=amount)
            case LatchSaved(latch):
                latches[latch.key] = latch
            case LatchCleared(key):
                latches.pop(key, None)
            case BarConsumed():
                consumed[record.strategy, record.symbol] = record
            case DayStarted():
                image = replace(image, day=record)
            case EquityMarked():
                image = replace(image, peak_equity=record.peak_equity)
            case CommandSaved():
                image = replace(image, commands=(*image.commands, record))
            case AlertQueued(alert):
                image = replace(image, next_alert_number=alert.number + 1)
            case _:
                pass
    return replace(
        image,
        orders=tuple(orders.values()),
        fills=tuple(fills.values()),
        latches=tuple(latches.values()),
        consumed=tuple(consumed.values()),
    )
