"""A trading core in a world of plain numbers: time moves when told, the broker does what it is told.

`give` carries out what a step asks for as the shell does: awaited commits are durable before the orders behind them, an
order that adds exposure is dropped when its commit failed, a kill that could not be journaled leaves a STOP file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tradetui.domain.actions import (
    Action,
    CancelOrder,
    Commit,
    DeliverBar,
    PlaceOrder,
    Reply,
    RequestSnapshot,
    StopCore,
)
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS, SECOND_NS, Now
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
    JournalFailed,
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
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderRecord, OrderType, Purpose, Side, Signal
from tradetui.domain.records import AlertQueued, LatchSaved, Record
from tradetui.domain.tick import Quote
from tradetui.simulation.broker_families import FamilyBroker
from tradetui.simulation.journal_model import JournalModel, image_of
from tradetui.simulation.setting import ACCOUNT, OPEN, STRATEGY, settings
from tradetui.trading.core import TradingCore
from tradetui.trading.settings import CoreSettings

_AWAITED = (PlaceOrder, Reply, StopCore)
Watcher = Callable[[Event, Sequence[Action]], None]


class SimulationError(Exception):
    """The world was used in a way that cannot be: a fault of the test, not of the core."""


class CoreDied(Exception):
    """The core was killed in the middle of carrying out a step."""


class World:
    """A core, its broker and its journal. `sent` are the orders on the wire, `replies` the answers to commands."""

    def __init__(self, config: CoreSettings | None = None) -> None:
        self.config = config or settings()
        self.journal = JournalModel()
        self.market_ns = OPEN + 30 * MINUTE_NS
        self.mono_ns = 1_000 * SECOND_NS
        self.prices = dict.fromkeys(self.config.instruments, 100.0)
        self.broker = FamilyBroker(prices=self.prices)
        self.quotes: dict[str, Quote] = {}
        self.muted: set[str] = set()
        self.sent: list[PlaceOrder] = []
        self.cancels: list[CancelOrder] = []
        self.outbound: list[PlaceOrder | CancelOrder] = []
        self.replies: list[Reply] = []
        self.bars: list[DeliverBar] = []
        self.looks: list[str] = []
        self.connected = False
        self.session = SessionState.DISCONNECTED
        self.stop_file = ""
        self.dies_after: int | None = None
        self.watcher: Watcher | None = None
        self.core = TradingCore(self.config)

    @property
    def records(self) -> list[Record]:
        """The journal's records so far."""
        return self.journal.records

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
            self.journal.flush()
            if self.connected:
                for symbol in self.config.instruments:
                    if symbol not in self.muted:
                        self.quote(symbol)
            self.give(TimerFired())

    def give(self, event: Event) -> list[Action]:
        """Hand one event to the core and carry its actions out as the shell would.

        Raises:
            CoreDied: the process was killed among these actions (see `dies_after`).
        """
        if isinstance(event, SessionChanged):
            self.session = event.state
        actions = self.core.step(event, self.now)
        if self.watcher is not None:
            self.watcher(event, actions)
        dropped: list[str] = []
        failed = False
        for place, action in enumerate(actions):
            self._maybe_die()
            if isinstance(action, Commit):
                awaited = action.durable and any(isinstance(later, _AWAITED) for later in actions[place + 1 :])
                failed = not self.journal.take(action.records, awaited=awaited)
                self._keep_kill(action.records, failed=failed)
            elif failed and isinstance(action, PlaceOrder) and action.intent.purpose is Purpose.ENTRY:
                dropped.append(action.intent.intent_id)
            else:
                self._carry_out(action)
        if failed:
            self.give(JournalFailed("disk full", tuple(dropped)))
        return actions

    def _maybe_die(self) -> None:
        if self.dies_after is None:
            return
        if self.dies_after == 0:
            self.dies_after = None
            raise CoreDied
        self.dies_after -= 1

    def _keep_kill(self, records: Iterable[Record], *, failed: bool) -> None:
        killed = (isinstance(item, LatchSaved) and item.latch.state is TradingState.KILLED for item in records)
        if failed and any(killed):
            self.stop_file = "a kill could not be journaled"

    def _carry_out(self, action: Action) -> None:
        match action:
            case PlaceOrder():
                self.sent.append(action)
                self.outbound.append(action)
            case CancelOrder():
                self.cancels.append(action)
                self.outbound.append(action)
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
        for strategy in self.config.strategies:
            self.give(StrategyStatus(strategy.name, "running"))
        self.give(TimerFired())

    def cut(self) -> None:
        """Lose the link."""
        self.connected = False
        self.give(SessionChanged(SessionState.DISCONNECTED, "socket closed"))

    def quote(self, symbol: str, last: float | None = None, **changes: object) -> None:
        """Give a fresh quote around `last`, else around the symbol's price."""
        price = self.prices[symbol] if last is None else last
        bid, ask = round(price - 0.01, 2), round(price + 0.01, 2)
        quote = Quote(symbol=symbol, ts_ns=self.market_ns, mono_ns=self.mono_ns, bid=bid, ask=ask, last=price)
        quote = self.quotes[symbol] = replace(quote, **changes)  # type: ignore[arg-type]
        self.give(QuoteChanged(quote))

    def look(self, *, without: Iterable[str] = ()) -> None:
        """Answer a look at the broker."""
        self.give(SnapshotTaken(self.broker.snapshot(self.mono_ns, self.market_ns, without=without)))

    def bar(self, symbol: str = "SPY", close: float | None = None, *, source: BarSource = BarSource.LIVE) -> Bar:
        """Close a bar at this moment."""
        price = self.prices[symbol] if close is None else close
        bar = Bar(symbol, self.market_ns, price, price, price, price, 1000.0)
        self.give(BarClosed(bar, "1m", source))
        return bar

    def decide(
        self, side: Side = Side.BUY, qty: float = 100.0, symbol: str = "SPY", *, by: str = STRATEGY, **changes: object
    ) -> str | None:
        """Close a bar and answer with one signal; return the intent id that was sent, None if refused."""
        self.market_ns += MINUTE_NS
        self.mono_ns += SECOND_NS
        if symbol not in self.muted:
            self.quote(symbol)
        bar = self.bar(symbol)
        before = len(self.sent)
        signal = replace(Signal(symbol=symbol, side=side, qty=qty, reason="test"), **changes)  # type: ignore[arg-type]
        self.give(SignalsProposed(by, symbol, bar.end_ns, (signal,)))
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
        intent_id = _sent(self.decide(Side.BUY, qty, symbol))
        perm_id = self.write(intent_id)
        self.acknowledge(perm_id)
        self.fill(perm_id, qty, price)
        return intent_id

    def working(self, *, qty: float = 100.0, limit: float = 99.0, symbol: str = "SPY") -> tuple[str, int]:
        """Have a limit buy working; return intent id and permId."""
        intent_id = _sent(self.decide(Side.BUY, qty, symbol, order_type=OrderType.LIMIT, limit_price=limit))
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
        if order is None:
            raise SimulationError(f"the core knows no order {intent_id}")
        return order

    def alerts(self) -> list[str]:
        """Return the causes alerted so far."""
        return [record.alert.cause for record in self.records if isinstance(record, AlertQueued)]

    def refusals(self) -> list[str]:
        """Return the refusal codes so far."""
        return [refusal.code for refusal in self.core.state.refusals]

    # --- crash and restart -------------------------------------------------------------------------------------
    def restart(self, kept: float = 1.0) -> None:
        """Kill the core and start a new one from the journal; the broker lives on.

        `kept` is the part of what nothing waited for that reached the disk.
        """
        self.journal.crash(kept)
        self.core = TradingCore(self.config, image_of(self.journal.written))
        self.connected = False
        self.session = SessionState.DISCONNECTED
        self.mono_ns += SECOND_NS
        self.market_ns += SECOND_NS


def _sent(intent_id: str | None) -> str:
    if intent_id is None:
        raise SimulationError("the order was refused")
    return intent_id
