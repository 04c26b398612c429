"""The invariants as seen from outside the shell: bytes on the wire, the journal on the disk, the venue's books.

Each is judged when it can be: an order when its bytes are written, a move of an order when its step is taken, books
when all is quiet. The first that does not hold ends the episode.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

from tradetui.domain.actions import Action, Commit, PlaceOrder, Reply
from tradetui.domain.events import Event, HealthChanged, SessionState, TimerFired
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Intent, Purpose
from tradetui.domain.order_state import LIVE_STATES, TRANSITIONS, Fact, OrderState
from tradetui.domain.records import OrderSaved
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.wire.framing import FrameReader, split_fields
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.requests import CANCEL_ORDER
from tradetui.simulation.coverage import Coverage
from tradetui.simulation.setting import ACCOUNT
from tradetui.simulation.shell.network import End
from tradetui.simulation.shell.process import CoreProcess
from tradetui.simulation.shell.stage import Stage
from tradetui.trading.core import TradingCore

#: An order's bytes follow its gate's answer within this.
GATE_AGE_S = 1.0
#: From a kill to the last cancel on the wire while connected.
KILL_S = 1.0
MAX_INBOX = 5_000
UNKILLED = "no longer KILLED"
_FACTS = {fact.value: fact for fact in Fact}
#: After these the venue can hold more or less than this program asked for, so that it may even be short.
MOVES_POSITIONS = frozenset(
    {"overfill", "liquidation", "foreign_order", "edited_by_hand", "execution_revised", "fill_after_cancel", "transfer"}
)


class Judge:
    """Looks at one episode. `problem` is the first invariant that did not hold, empty while all do."""

    def __init__(self, stage: Stage, coverage: Coverage) -> None:
        self._stage = stage
        self._coverage = coverage
        self._readers: dict[End, FrameReader] = {}
        self._allowed: dict[str, tuple[PlaceOrder, float]] = {}
        self._states: dict[str, OrderState] = {}
        self._of: CoreProcess | None = None
        self._sent: Counter[str] = Counter()
        self._order_ids: set[int] = set()
        self._cancelled_at: dict[int, float] = {}
        self._kill_due: tuple[float, tuple[int, ...]] | None = None
        self.killed = False
        self.orders = 0
        self.entries_at: list[float] = []
        self._journal: sqlite3.Connection | None = None

    # --- each step of the core ---------------------------------------------------------------------------------
    def step(self, process: CoreProcess, event: Event, actions: Sequence[Action]) -> None:
        """Judge one step and what it asks for."""
        if process is not self._of:
            self._begin(process)
        for action in actions:
            if isinstance(action, PlaceOrder):
                self._allowed[action.intent.intent_id] = (action, self._stage.loop.time())
            elif isinstance(action, Commit):
                for record in action.records:
                    if isinstance(record, OrderSaved):
                        self._move(record)
            elif isinstance(action, Reply) and action.status != "denied" and action.text.startswith(UNKILLED):
                self.killed, self._kill_due = False, None  # it holds no longer from this step on
        if isinstance(event, HealthChanged) and not event.healthy and event.detail.startswith(f"{event.key} failed"):
            self._stage.broken(f"I36: a part of the shell failed: {event.detail}")
        if isinstance(event, HealthChanged) and event.key == "internal":
            self._stage.broken(f"I36: {event.detail}")
        if isinstance(event, TimerFired):
            self._each_beat(process)

    def _begin(self, process: CoreProcess) -> None:
        """A new life: what its journal held is what its orders begin from."""
        self._of = process
        self._allowed.clear()
        self._kill_due = None
        core = process.core
        if core is not None:
            self._states = {order.intent.intent_id: order.state for order in core.state.book.all()}
            if self.killed and core.state.trading_state is not TradingState.KILLED:
                self._stage.broken(f"I6: killed before the restart, and now {core.state.trading_state.name}")

    def _move(self, record: OrderSaved) -> None:
        """I14: every journaled change is a move of the table."""
        key, after, fact = record.order.intent.intent_id, record.order.state, _FACTS.get(record.fact)
        before = self._states.get(key)
        self._states[key] = after
        if before is None or (fact is None and before is after):
            return
        if fact is None or TRANSITIONS.get((before, fact)) is not after:
            # A life begins with its restored book: its own doubt about what was sent is the first move of such orders.
            self._stage.broken(f"I14: {before} became {after} by {record.fact!r}")
        self._coverage.moved(before, record.fact)

    def replied(self, process: CoreProcess, reply: Reply) -> None:
        """Judge an answer as the operator gets it: what it says is durable and true."""
        core = process.core
        if core is None or reply.status == "denied":
            return
        if reply.text.startswith("FLAT:") and not self._stage.lies:
            self._proved_flat(core)
        if reply.text.startswith("KILLED") and "has ended" not in reply.text:
            self.killed = True
            if reply.status == "done" and not self._stage.lies:
                self._proved_dead()
            elif self._kill_due is None and core.state.session is SessionState.READY:
                live = tuple(order.order_id for order in core.state.book.live() if _to_cancel(order.intent))
                self._kill_due = (self._stage.loop.time() + KILL_S, tuple(number for number in live if number))

    def _proved_flat(self, core: TradingCore) -> None:
        """I20: FLAT is said only of what the venue holds nothing of."""
        run = core.state.flatten
        wanted = run.symbols or tuple(core.state.settings.instruments) if run is not None else ()
        held = {symbol: qty for symbol, qty in self._stage.positions().items() if symbol in wanted}
        if held:
            self._stage.broken(f"I20: FLAT is claimed while the venue holds {held}")

    def _proved_dead(self) -> None:
        """I37: a kill is called done only when no order of ours works at the venue."""
        for ref, _, live in self._stage.venue_orders:
            if live and intent_of_ref(ref) and self._purpose(ref) not in (Purpose.STOP, Purpose.FLATTEN):
                self._stage.broken(f"I37: a kill is called done while the venue works {ref}")

    def _purpose(self, ref: str) -> Purpose | None:
        core = self._of.core if self._of is not None else None
        order = core.state.book.get(intent_of_ref(ref) or "") if core is not None else None
        return order.intent.purpose if order is not None else None

    def _each_beat(self, process: CoreProcess) -> None:
        shell, core = process.shell, process.core
        if shell is None or core is None:
            return
        if len(shell.stepper.inbox) > MAX_INBOX:
            self._stage.broken(f"I32: {len(shell.stepper.inbox)} events wait")
        if self.killed and core.state.trading_state is not TradingState.KILLED:
            self._stage.broken(f"I6: killed, and the state is {core.state.trading_state.name}")
        if core.state.session is not SessionState.READY:
            self._kill_due = None
        elif self._kill_due is not None and self._stage.loop.time() > self._kill_due[0]:
            late = [number for number in self._kill_due[1] if number not in self._cancelled_at]
            self._kill_due = None
            if late and self.killed:
                self._stage.broken(f"I18: no cancel of orders {late} on the wire a second after the kill")
        if not self._stage.lies.keys() & MOVES_POSITIONS:
            for symbol, qty in self._stage.positions().items():
                if qty < 0:
                    self._stage.broken(f"I16: {symbol} is short {qty:g} at the venue")

    # --- the wire ----------------------------------------------------------------------------------------------
    def wrote(self, end: End, data: bytes) -> None:
        """Judge what one end writes."""
        if end.is_server:
            return
        reader = self._readers.setdefault(end, FrameReader(prefixed=True))
        for body in reader.feed(data):
            fields = split_fields(body)
            version = _version(end)
            if fields[0] == str(PLACE_ORDER.id) and version:
                self._placed(PLACE_ORDER.decode(version, fields))
            elif fields[0] == str(CANCEL_ORDER.id) and version:
                number = CANCEL_ORDER.decode(version, fields).integer("orderId") or 0
                self._cancelled_at[number] = self._stage.loop.time()

    def _placed(self, order: Record) -> None:
        ref = order.text("orderRef")
        intent_id = intent_of_ref(ref) or ""
        self._sent[intent_id] += 1
        self.orders += 1
        if self._sent[intent_id] > 1:
            self._stage.broken(f"I2: {ref} is written twice")
        number = order.integer("orderId") or 0
        if number in self._order_ids:
            self._stage.broken(f"I9: order id {number} is used again, for {ref}")
        self._order_ids.add(number)
        allowed = self._allowed.get(intent_id)
        if allowed is None or self._stage.loop.time() - allowed[1] > GATE_AGE_S:
            self._stage.broken(f"I5: {ref} is written without a fresh answer of the gate")
            return
        self._check_fields(order, allowed[0].intent, ref)
        self._check_permitted(allowed[0].intent, ref)

    def _check_fields(self, order: Record, intent: Intent, ref: str) -> None:
        """I5, I8: the bytes say what the gate allowed, for the right account."""
        same = (
            order.text("action") == intent.side.value
            and order.number("totalQuantity") == intent.qty
            and order.text("symbol") == intent.symbol
            and order.text("orderType") == intent.order_type.value
            and (order.number("lmtPrice") or None) == intent.limit_price
            and order.text("tif") == intent.tif.value
            and order.text("account") == ACCOUNT
        )
        if not same:
            self._stage.broken(f"I5: the bytes of {ref} are not what the gate allowed: {dict(order)}")

    def _check_permitted(self, intent: Intent, ref: str) -> None:
        process = self._of
        core = process.core if process is not None else None
        if process is None or core is None or process.shell is None:
            self._stage.broken(f"I7: {ref} is written by no core")
            return
        flatten = intent.purpose is Purpose.FLATTEN
        if self.killed and not flatten:
            self._stage.broken(f"I6: {ref} is written while killed")
        if process.shell.broker.link.state is not SessionState.READY:
            self._stage.broken(f"I7: {ref} is written while {process.shell.broker.link.state}")
        entry = intent.purpose is Purpose.ENTRY
        if entry:
            self.entries_at.append(self._stage.loop.time())
        if entry and not self._is_journaled(intent.intent_id):
            self._stage.broken(f"I3: {ref} is written before it is on the disk")

    def _is_journaled(self, intent_id: str) -> bool:
        if self._journal is None:
            self._journal = sqlite3.connect(self._stage.disk.journal)
        row = self._journal.execute("SELECT 1 FROM intents WHERE intent_id = ?", (intent_id,)).fetchone()
        return row is not None

    # --- quiet -------------------------------------------------------------------------------------------------
    def differences(self) -> str:
        """I11, I10: return how the ledger, the journal and the venue differ now, empty when they agree."""
        process = self._of
        core = process.core if process is not None and process.is_alive else None
        if core is None:
            return "no core runs"
        ours = {item.symbol: item.qty for item in core.state.ledger.positions() if abs(item.qty) > 1e-9}
        theirs = self._stage.positions()
        return "" if ours == theirs else f"ours {ours}, the venue's {theirs}"

    def dead_alive(self) -> str:
        """I14, I29: return an order that works at the venue and is dead here, empty when there is none."""
        core = self._of.core if self._of is not None else None
        for ref, _, live in self._stage.venue_orders if core is not None else ():
            order = core.state.book.get(intent_of_ref(ref) or "") if core is not None else None
            if live and order is not None and order.state not in LIVE_STATES:
                return f"{ref} is {order.state} while the venue works it"
        return ""

    def doubled(self) -> str:
        """I1, I2: return a reference that the venue knows twice, empty when there is none."""
        refs = Counter(ref for ref, _, _ in self._stage.venue_orders if intent_of_ref(ref))
        return next((ref for ref, count in refs.items() if count > 1), "")

    def close(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()


def _to_cancel(intent: Intent) -> bool:
    return intent.purpose not in (Purpose.STOP, Purpose.FLATTEN)


def _version(end: End) -> int:
    protocol = end.peer.protocol
    client = protocol.client if isinstance(protocol, Connection) else None
    return client.version if client is not None else 0
