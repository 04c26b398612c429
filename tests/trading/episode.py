"""One seeded episode: the core against a broker that does every legal but nasty thing, invariants after each move.

Seeded moves rather than generated ones, because weights matter: a rare fault is only dangerous after the right moment.
The same seed gives the same moves; a failure names the seed and the last of them.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tests.trading.world import World, settings
from tradetui.domain.events import (
    BrokerMessage,
    CommandKind,
    CommissionSeen,
    Event,
    FillSeen,
    JournalFailed,
    JournalRestored,
    OrderNotWritten,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
    SessionChanged,
    SessionState,
)
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.latch import TradingState
from tradetui.domain.order import BrokerOrder, OrderType, Purpose, Side
from tradetui.domain.order_state import OrderState
from tradetui.trading.settings import Timing

FAST = Timing(
    grace_looks=3, grace_interval_s=1.0, ack_timeout_s=2.0, position_quiet_s=1.0, cancel_retry_s=2.0, watch_every_s=3.0
)
DEAD = (OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED)


class Episode:
    """A world whose wire may delay, drop, repeat and reorder; `moves` is the trace."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.world = World(settings(timing=FAST))
        self.world.connect()
        self.on_wire = 0
        self.checked_sent = 0
        self.moves: list[str] = []
        self._weighted: list[tuple[Callable[[], None], int]] = [
            (self.signal, 14), (self.wire, 16), (self.report, 14), (self.execute, 10), (self.time, 8),
            (self.look, 8), (self.obey_cancels, 4), (self.error, 4), (self.broker_cancels, 3), (self.repeat_fill, 3),
            (self.command, 2), (self.cut, 2), (self.crash, 2), (self.gap, 1), (self.journal, 1), (self.unkill, 2),
        ]  # fmt: skip

    def run(self, moves: int) -> None:
        """Make `moves` moves, checking after each; then heal and demand agreement."""
        actions = [action for action, _ in self._weighted]
        weights = [weight for _, weight in self._weighted]
        for action in self.rng.choices(actions, weights, k=moves):
            self.moves.append(action.__name__)
            action()
            self.check()
        self.heal()

    # --- what the strategy and the operator do --------------------------------------------------------------------
    def signal(self) -> None:
        """Let the strategy want something, often an exit of what it holds."""
        symbol = self.rng.choice(("SPY", "QQQ"))
        held = self.world.core.state.ledger.position_of("cross", symbol).qty
        if held > 0 and self.rng.random() < 0.5:
            self.world.decide(Side.SELL, held, symbol)
            return
        limit = {"order_type": OrderType.LIMIT, "limit_price": 100.0} if self.rng.random() < 0.4 else {}
        self.world.decide(self.rng.choice(list(Side)), self.rng.randint(1, 300), symbol, **limit)

    def command(self) -> None:
        """Give one of the commands that need no word."""
        kind = self.rng.choice(
            (CommandKind.PAUSE, CommandKind.RESUME, CommandKind.KILL, CommandKind.CANCEL_ALL, CommandKind.FLATTEN)
        )
        self.world.command(kind, confirm="flatten")

    def unkill(self) -> None:
        """End a kill and a pause, so that episodes go on trading."""
        self.world.command(CommandKind.UNKILL, confirm=self.world.config.account[-4:], reason="test")
        self.world.command(CommandKind.RESUME)

    # --- what the wire does ---------------------------------------------------------------------------------------
    def wire(self) -> None:
        """Carry the next order that was sent: taken, taken without a note, lost, or not written at all."""
        if self.on_wire >= len(self.world.sent):
            return
        place = self.world.sent[self.on_wire]
        self.on_wire += 1
        fate = self.rng.choices(("taken", "unnoted", "lost", "doubt", "unwritten"), (12, 2, 2, 1, 1))[0]
        if fate == "unwritten":
            self.world.give(OrderNotWritten(place.intent.intent_id, "not connected", certain=True))
        if fate in ("taken", "unnoted", "doubt"):
            order = self.world.broker.accept(place.intent, place.order_ref)
            if fate == "taken":
                self.world.give(OrderWritten(place.intent.intent_id, order.order_id, order.client_id))
        if fate in ("doubt", "lost"):
            self.world.give(OrderNotWritten(place.intent.intent_id, "broken pipe", certain=False))

    def report(self) -> None:
        """Report an order as the broker has it, perhaps for the third time."""
        if not self.world.broker.orders:
            return
        order = self.world.broker.orders[self.rng.choice(sorted(self.world.broker.orders))]
        if self.rng.random() < 0.5:
            self.world.give(OrderSeen(order))
            return
        status = OrderStatusSeen(
            order_id=order.order_id, client_id=7, perm_id=order.perm_id, status=order.status,
            filled=order.filled or 0.0, remaining=0.0, avg_price=0.0,
        )  # fmt: skip
        self.world.give(status)

    def error(self) -> None:
        """Say something bad about an order that the broker goes on holding."""
        live = [order for order in self.world.core.state.book.live() if order.order_id is not None and order.perm_id]
        if live:
            code = self.rng.choice((161, 201, 10147, 10148, 399, 202, 104))
            self.world.give(BrokerMessage(code, "text", order_id=self.rng.choice(live).order_id))

    def _live(self) -> BrokerOrder | None:
        live = self.world.broker.live()
        return self.rng.choice(live) if live else None

    def execute(self) -> None:
        """Fill an order in part or whole; the report may come later or only through a look."""
        order = self._live()
        if order is None:
            return
        left = order.qty - (order.filled or 0.0)
        qty = left if self.rng.random() < 0.5 else max(1.0, float(int(left * self.rng.random())))
        fill = self.world.broker.fill(order.perm_id, min(qty, left), 100.0, self.world.market_ns)
        if self.rng.random() < 0.7:
            told: list[Event] = [FillSeen(fill), CommissionSeen(self.world.broker.commissions[-1])]
            self.rng.shuffle(told)
            for event in told:
                self.world.give(event)

    def repeat_fill(self) -> None:
        """Report an old execution again."""
        if self.world.broker.fills:
            self.world.give(FillSeen(self.rng.choice(self.world.broker.fills)))

    def broker_cancels(self) -> None:
        """End an order at the broker, told or not."""
        order = self._live()
        if order is not None:
            ended = self.world.broker.end(order.perm_id)
            if self.rng.random() < 0.5:
                self.world.give(OrderSeen(ended))

    def obey_cancels(self) -> None:
        """Carry out the cancels that were sent."""
        for action in self.world.cancels:
            order = self.world.core.state.book.get(action.intent_id)
            held = self.world.broker.orders.get(order.perm_id) if order is not None and order.perm_id else None
            if held is not None and held.status == "Submitted":
                self.world.give(OrderSeen(self.world.broker.end(held.perm_id)))
        self.world.cancels.clear()

    # --- what the world does --------------------------------------------------------------------------------------
    def time(self) -> None:
        """Let time pass."""
        self.world.wait(self.rng.choice((0.25, 1.0, 3.0)))

    def look(self) -> None:
        """Answer a look, sometimes without all its parts. The wire is first in, first out: orders arrive before it."""
        if self.world.core.state.snapshot_asked_mono_ns is not None:
            while self.on_wire < len(self.world.sent):
                self.wire()
            parts = ("open", "completed", "fills", "positions", "account")
            self.world.look(without=[self.rng.choice(parts)] if self.rng.random() < 0.2 else [])

    def _lose_wire(self) -> None:
        """The socket dies: what was on it is lost, or the broker has it and nobody was told."""
        for place in self.world.sent[self.on_wire :]:
            if self.rng.random() < 0.5:
                self.world.broker.accept(place.intent, place.order_ref)
        self.on_wire = len(self.world.sent)

    def cut(self) -> None:
        """Lose the link and get it back."""
        self._lose_wire()
        self.world.cut()
        self.world.wait(0.5)
        self.world.connect()

    def gap(self) -> None:
        """The broker loses its own link and gets it back."""
        self.world.give(SessionChanged(SessionState.DEGRADED, "1100"))
        self.world.give(SessionChanged(SessionState.READY, "1102"))

    def crash(self) -> None:
        """The core dies and comes back from its journal."""
        self._lose_wire()
        self.world.restart()
        self.world.connect()

    def journal(self) -> None:
        """The journal fails for a moment; orders of the failed step were not sent."""
        unsent = [place.intent.intent_id for place in self.world.sent[self.on_wire :]]
        self.on_wire = len(self.world.sent)
        self.world.give(JournalFailed("disk full", tuple(unsent)))
        self.world.give(JournalRestored())

    # --- what must always hold ------------------------------------------------------------------------------------
    def check(self) -> None:
        """Raise AssertionError naming the invariant that does not hold."""
        state, broker = self.world.core.state, self.world.broker
        refs = [order.order_ref for order in broker.orders.values()]
        assert len(refs) == len(set(refs)), "I2: an intent reached the broker twice"
        written = [place.intent.intent_id for place in self.world.sent]
        assert len(written) == len(set(written)), "I1: an intent was written twice"
        for symbol in ("SPY", "QQQ"):
            assert broker.positions.get(symbol, 0.0) >= -1e-9, f"I16: short {symbol}"
            booked = [item.fill for item in state.ledger.fills() if item.fill.symbol == symbol]
            assert abs(state.ledger.position(symbol).qty - sum(fill.signed_qty for fill in booked)) < 1e-6, "I10"
            assert len(booked) <= sum(fill.symbol == symbol for fill in broker.fills), "I12: a fill counts twice"
            self._check_working(symbol)
        self._check_dead()
        fresh = self.world.sent[self.checked_sent :]
        self.checked_sent = len(self.world.sent)
        if state.trading_state is TradingState.KILLED and self.moves[-1] != "command":
            assert all(place.intent.purpose is Purpose.FLATTEN for place in fresh), "I6: sent while killed"

    def _check_working(self, symbol: str) -> None:
        live = self.world.core.state.book.live(symbol)
        entries = [order for order in live if order.intent.purpose is Purpose.ENTRY]
        assert len(entries) <= 1, "I4: two entries of one strategy work on one symbol"

    def _check_dead(self) -> None:
        for order in self.world.broker.live():
            intent_id = intent_of_ref(order.order_ref)
            ours = self.world.core.state.book.get(intent_id) if intent_id else None
            assert ours is None or ours.state not in DEAD, f"I14: {ours} while the broker has it {order.status}"

    # --- and in the end -------------------------------------------------------------------------------------------
    def heal(self) -> None:
        """Faults stop: within two minutes all agrees, and only what a broker gap touched may still be unknown."""
        world = self.world
        for _ in range(60):
            for place in world.sent[self.on_wire :]:
                order = world.broker.accept(place.intent, place.order_ref)
                world.give(OrderWritten(place.intent.intent_id, order.order_id, order.client_id))
                if place.intent.purpose is Purpose.FLATTEN:
                    world.broker.fill(order.perm_id, place.intent.qty, 100.0, world.market_ns)
            self.on_wire = len(world.sent)
            for working in world.broker.live():
                world.broker.end(working.perm_id)
            world.wait(1.0)
            world.look()
        self.check()
        state = world.core.state
        for symbol in ("SPY", "QQQ"):
            held = world.broker.positions.get(symbol, 0.0)
            assert abs(state.ledger.position(symbol).qty - held) < 1e-6, "I11: positions differ after the heal"
            parts = sum(part.qty for _, part in state.ledger.owner_positions() if part.symbol == symbol)
            assert abs(parts - held) < 1e-6, "the owners' parts do not sum to the position"
        for ours in state.book.live():
            assert ours.state is OrderState.UNKNOWN, f"I36: {ours.state} for ever"
            assert ours.touched_by_gap, "I36: unknown for ever"
        assert state.ledger.cash is not None
        assert abs(state.ledger.cash - world.broker.cash) < 0.005, "cash differs after the heal"
        assert state.flatten is None or state.flatten.outcome == "FLAT" or state.book.live(), "I20: not flat"
