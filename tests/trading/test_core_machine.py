"""The core against a broker that does every legal but nasty thing in any order; invariants hold after each step."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.trading.world import STRATEGY, World
from tests.trading.world import settings as core_settings
from tradetui.domain.events import (
    BrokerMessage,
    CommandKind,
    CommissionSeen,
    FillSeen,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
    SessionChanged,
    SessionState,
)
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderType, Purpose, Side
from tradetui.domain.order_state import LIVE_STATES, OrderState
from tradetui.trading.settings import Timing

FAST = Timing(grace_looks=3, grace_interval_s=1.0, ack_timeout_s=2.0, position_quiet_s=1.0, cancel_retry_s=2.0)


class CoreMachine(RuleBasedStateMachine):
    """World with a wire: orders sent may be taken now, late or never; reports may be kept back and repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(core_settings(timing=FAST))
        self.world.connect()
        self.on_wire = 0
        self.waiting: list[int] = []
        self.sent_while_killed = 0

    # --- what the strategy and operator do ----------------------------------------------------------------------
    @rule(
        side=st.sampled_from(Side), qty=st.integers(1, 300), symbol=st.sampled_from(["SPY", "QQQ"]), limit=st.booleans()
    )
    def signal(self, side: Side, qty: int, symbol: str, limit: bool) -> None:
        fields = {"order_type": OrderType.LIMIT, "limit_price": 100.0} if limit else {}
        self.world.decide(side, qty, symbol, **fields)

    @rule(kind=st.sampled_from([CommandKind.PAUSE, CommandKind.RESUME, CommandKind.KILL, CommandKind.CANCEL_ALL]))
    def command(self, kind: CommandKind) -> None:
        self.world.command(kind)

    @rule()
    def unkill(self) -> None:
        self.world.command(CommandKind.UNKILL, confirm=self.world.config.account[-4:], reason="test")

    @rule()
    def flatten(self) -> None:
        self.world.command(CommandKind.FLATTEN, confirm="flatten")

    # --- what the wire does -------------------------------------------------------------------------------------
    @precondition(lambda self: self.on_wire < len(self.world.sent))
    @rule(fate=st.sampled_from(["taken", "taken", "taken", "taken but not noted", "lost"]))
    def wire(self, fate: str) -> None:
        place = self.world.sent[self.on_wire]
        self.on_wire += 1
        if fate == "lost":
            return
        order = self.world.broker.accept(place.intent, place.order_ref)
        self.waiting.append(order.perm_id)
        if fate == "taken":
            self.world.give(OrderWritten(place.intent.intent_id, order.order_id, order.client_id))

    @rule(data=st.data())
    def report(self, data: st.DataObject) -> None:
        assume(self.world.broker.orders)
        perm_id = data.draw(st.sampled_from(sorted(self.world.broker.orders)))
        order = self.world.broker.orders[perm_id]
        if data.draw(st.booleans()):
            self.world.give(OrderSeen(order))
        else:
            self.world.give(
                OrderStatusSeen(
                    order_id=order.order_id,
                    client_id=7,
                    perm_id=perm_id,
                    status=order.status,
                    filled=0,
                    remaining=0,
                    avg_price=0,
                )
            )

    @rule(data=st.data(), code=st.sampled_from([161, 201, 10147, 10148, 399, 202]))
    def error(self, data: st.DataObject, code: int) -> None:
        """An error about an order that the broker holds; the broker's record does not change."""
        known = [order for order in self.world.core.state.book.live() if order.perm_id and order.order_id]
        assume(known)
        order = data.draw(st.sampled_from(known))
        self.world.give(BrokerMessage(code, "text", order_id=order.order_id))

    @rule(data=st.data(), fraction=st.sampled_from([0.3, 1.0]), told=st.booleans())
    def execute(self, data: st.DataObject, fraction: float, told: bool) -> None:
        live = self.world.broker.live()
        assume(live)
        order = data.draw(st.sampled_from(live))
        left = order.qty - (order.filled or 0)
        qty = max(1.0, float(int(left * fraction)))
        fill = self.world.broker.fill(order.perm_id, min(qty, left), 100.0, self.world.market_ns)
        if told:
            self.world.give(FillSeen(fill))
            self.world.give(CommissionSeen(self.world.broker.commissions[-1]))

    @rule(data=st.data())
    def repeat_fill(self, data: st.DataObject) -> None:
        assume(self.world.broker.fills)
        self.world.give(FillSeen(data.draw(st.sampled_from(self.world.broker.fills))))

    @rule(data=st.data(), told=st.booleans())
    def broker_cancels(self, data: st.DataObject, told: bool) -> None:
        live = self.world.broker.live()
        assume(live)
        order = self.world.broker.end(data.draw(st.sampled_from(live)).perm_id)
        if told:
            self.world.give(OrderSeen(order))

    @rule()
    def broker_obeys_cancels(self) -> None:
        for action in self.world.cancels:
            order = self.world.core.state.book.get(action.intent_id)
            if order is None or order.perm_id is None:
                continue
            if self.world.broker.orders[order.perm_id].status in ("Submitted", "PreSubmitted"):
                self.world.give(OrderSeen(self.world.broker.end(order.perm_id)))
        self.world.cancels.clear()

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]))
    def time(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(without=st.sets(st.sampled_from(["open", "completed", "fills", "positions", "account"]), max_size=1))
    def look(self, without: set[str]) -> None:
        if self.world.core.state.snapshot_asked_mono_ns is not None:
            self.world.look(without=without)

    @rule()
    def cut_and_reconnect(self) -> None:
        self.world.cut()
        self.world.wait(0.5)
        self.world.connect()

    @rule()
    def broker_gap(self) -> None:
        self.world.give(SessionChanged(SessionState.DEGRADED, "1100"))
        self.world.give(SessionChanged(SessionState.READY, "1102"))

    @rule()
    def crash(self) -> None:
        """The core dies; what it had handed to the socket and not noted is still on its way."""
        self.world.restart()
        self.world.connect()

    # --- what must always hold ----------------------------------------------------------------------------------
    @invariant()
    def one_broker_order_per_intent(self) -> None:
        refs = [order.order_ref for order in self.world.broker.orders.values()]
        assert len(refs) == len(set(refs)), "I1, I2: an intent reached the broker twice"
        sent = [place.intent.intent_id for place in self.world.sent]
        assert len(sent) == len(set(sent)), "an intent was written twice"

    @invariant()
    def the_ledger_is_the_sum_of_known_fills(self) -> None:
        ledger = self.world.core.state.ledger
        for symbol in ("SPY", "QQQ"):
            known = sum(booked.fill.signed_qty for booked in ledger.fills() if booked.fill.symbol == symbol)
            assert abs(ledger.position(symbol).qty - known) < 1e-6, "I10"

    @invariant()
    def no_live_broker_order_is_thought_dead_without_an_alarm(self) -> None:
        state = self.world.core.state
        for order in self.world.broker.live():
            intent_id = intent_of_ref(order.order_ref)
            ours = state.book.get(intent_id) if intent_id else None
            if ours is not None and ours.state in (OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED):
                raise AssertionError(f"I14: {ours.state} while the broker has it {order.status}")

    @invariant()
    def never_short(self) -> None:
        for symbol, qty in self.world.broker.positions.items():
            assert qty >= -1e-9, f"I16: short {qty} {symbol}"

    @invariant()
    def killed_means_no_order_but_the_flattens(self) -> None:
        state = self.world.core.state
        if state.trading_state is TradingState.KILLED:
            fresh = self.world.sent[self.sent_while_killed :]
            assert all(place.intent.purpose is Purpose.FLATTEN for place in fresh), "I6"
        self.sent_while_killed = len(self.world.sent)

    @invariant()
    def a_fill_moves_only_orders_in_states_that_know_it(self) -> None:
        for order in self.world.core.state.book.all():
            if order.state is OrderState.FILLED:
                assert order.filled >= order.qty - 1e-9 or order.filled == 0, "I13"
            assert order.state in LIVE_STATES or order.remaining == 0

    def teardown(self) -> None:
        """Faults stop: within two minutes everything agrees and nothing is unknown but what a gap touched."""
        world = self.world
        if not world.connected:
            world.connect()
        for place in world.sent[self.on_wire :]:
            world.broker.accept(place.intent, place.order_ref)
        for order in world.broker.live():
            world.broker.end(order.perm_id)
        for _ in range(60):
            world.wait(1.0)
            for place in world.sent:
                known = [order.order_ref for order in world.broker.orders.values()]
                purpose = place.intent.purpose
                if purpose is Purpose.FLATTEN and place.order_ref not in known:
                    perm_id = world.broker.accept(place.intent, place.order_ref).perm_id
                    world.broker.fill(perm_id, place.intent.qty, 100.0, world.market_ns)
            world.look()
        state = world.core.state
        for symbol in ("SPY", "QQQ"):
            held = world.broker.positions.get(symbol, 0.0)
            assert abs(state.ledger.position(symbol).qty - held) < 1e-6, "I11 after the heal"
            assert abs(sum(p.qty for _, p in state.ledger.owner_positions() if p.symbol == symbol) - held) < 1e-6
        for order in state.book.live():
            assert order.state is OrderState.UNKNOWN, f"I36: {order.state} for ever"
            assert order.touched_by_gap, "I36: unknown for ever"
        cash = state.ledger.cash
        assert cash is not None
        assert abs(cash - world.broker.cash) < 0.005
        run = state.flatten
        assert run is None or run.outcome == "FLAT" or any(order.touched_by_gap for order in state.book.live())
        assert STRATEGY in state.strategies


CoreMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCoreMachine = CoreMachine.TestCase
