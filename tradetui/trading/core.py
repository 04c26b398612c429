"""The trading core: `step(event, now) -> actions`. The only place that changes the core's memory.

Live trading, simulation and the replay of a recorded day drive this same object; the same events at the same times give
the same actions.
"""

from __future__ import annotations

from typing import assert_never

from tradetui.domain.actions import Action, CancelOrder, PlaceOrder
from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.events import (
    AccountSeen,
    BarClosed,
    BrokerMessage,
    CommandReceived,
    CommissionSeen,
    Event,
    FillSeen,
    HealthChanged,
    InstrumentKnown,
    JournalFailed,
    JournalRestored,
    OrderNotWritten,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
    PositionSeen,
    QuoteChanged,
    SessionChanged,
    SignalsProposed,
    SnapshotTaken,
    StopFileSeen,
    StrategyStatus,
    TimerFired,
)
from tradetui.domain.order_state import Fact, OrderState
from tradetui.domain.records import JournalImage
from tradetui.risk.gate import Gate
from tradetui.trading.arming import begin_disarmed
from tradetui.trading.blocks import BlockRow, entry_blocks
from tradetui.trading.breakers import watch_breakers
from tradetui.trading.closing import settle_day
from tradetui.trading.commands import confirm_kill, kill, on_command
from tradetui.trading.decide import on_bar, on_signals
from tradetui.trading.fills import on_commission, on_fill
from tradetui.trading.flatten import advance, on_positions
from tradetui.trading.invariants import Invariants
from tradetui.trading.latches import enforce, halt_short
from tradetui.trading.limit_commands import begin_limits
from tradetui.trading.link import clear_restart, on_restored, on_session
from tradetui.trading.orders import move, on_broker_order, on_message, on_not_written, on_status, on_written
from tradetui.trading.out import Out
from tradetui.trading.protection import watch_protection
from tradetui.trading.reconcile import on_snapshot
from tradetui.trading.restore import restored_state
from tradetui.trading.settings import CoreSettings
from tradetui.trading.state import CoreState
from tradetui.trading.timers import on_timer


class TradingCore:
    """Signals, orders, fills, reconcile, latches, flatten. Holds no clock and does no I/O."""

    def __init__(self, settings: CoreSettings, image: JournalImage | None = None) -> None:
        self.state: CoreState = restored_state(settings, image or JournalImage())
        self._judge = Gate(self.state.limits, self.state.limit_book.version)
        self._invariants = Invariants(self.state)
        self._begun = False

    def step(self, event: Event, now: Now) -> list[Action]:
        """Take one event at one moment; return what to do about it, in order."""
        out = Out()
        if not self._begun:
            self._begun = True
            self.state.started_mono_ns = now.mono_ns
            self.state.session_since_mono_ns = now.mono_ns
            begin_limits(self.state, out, now)
            on_restored(self.state, out, now)
            begin_disarmed(self.state, out, now)
        self._handle(event, out, now)
        self._invariants.check(out, now)
        actions = out.actions()
        for action in actions:
            if isinstance(action, PlaceOrder | CancelOrder):
                self.state.conduct.message(now)
        return actions

    def entry_blocks(self, now: Now, symbol: str | None = None) -> list[BlockRow]:
        """Return what would keep each strategy from an entry now, in `symbol` or in all it trades. Changes nothing."""
        return entry_blocks(self.state, self._gate, now, symbol)

    @property
    def _gate(self) -> Gate:
        """The gate with the limits that hold now."""
        if self._judge.version != self.state.limit_book.version:
            self._judge = Gate(self.state.limits, self.state.limit_book.version)
        return self._judge

    def _handle(self, event: Event, out: Out, now: Now) -> None:
        state = self.state
        match event:
            case QuoteChanged(quote):
                state.see_quote(quote, now)
            case TimerFired():
                on_timer(state, out, now, self._gate)
            case BarClosed():
                on_bar(state, out, now, event)
            case SignalsProposed():
                on_signals(state, out, now, self._gate, event)
            case FillSeen(fill):
                on_fill(state, out, now, fill)
                self._orders_changed(out, now)
            case CommissionSeen(commission):
                on_commission(state, out, now, commission)
            case OrderSeen(order):
                on_broker_order(state, out, now, order)
                self._orders_changed(out, now)
            case OrderStatusSeen():
                on_status(state, out, now, event)
                self._orders_changed(out, now)
            case OrderWritten():
                on_written(state, out, now, event)
            case OrderNotWritten():
                on_not_written(state, out, now, event)
            case BrokerMessage():
                on_message(state, out, now, event)
            case SnapshotTaken(snapshot):
                on_snapshot(state, out, now, snapshot)
                settle_day(state, out, now, snapshot)
                on_positions(state, out, now, self._gate, snapshot)
                self._orders_changed(out, now)
            case _:
                self._handle_rare(event, out, now)

    def _handle_rare(
        self,
        event: SessionChanged
        | StrategyStatus
        | PositionSeen
        | InstrumentKnown
        | AccountSeen
        | JournalFailed
        | JournalRestored
        | CommandReceived
        | StopFileSeen
        | HealthChanged,
        out: Out,
        now: Now,
    ) -> None:
        state = self.state
        match event:
            case SessionChanged():
                on_session(state, out, now, event)
            case StrategyStatus():
                self._strategy_status(event, out, now)
            case PositionSeen():
                self._position_hint(event, out, now)
            case InstrumentKnown(instrument):
                state.instruments[instrument.symbol] = instrument
            case AccountSeen(values):
                state.account_values = values
            case CommandReceived(command):
                on_command(state, out, now, command)
            case StopFileSeen(detail):
                kill(state, out, now, f"stop-file:{now.market_ns}", "STOP file", detail)
            case JournalFailed():
                self._journal_failed(event, out, now)
            case JournalRestored():
                state.journal_ok = True
                state.alert(out, now, Severity.INFO, "journal", "the journal takes writes again", closes=True)
            case HealthChanged():
                self._health(event, out, now)
            case _:
                assert_never(event)

    def _orders_changed(self, out: Out, now: Now) -> None:
        watch_breakers(self.state, out, now)
        if self.state.latches:
            enforce(self.state, out, now)  # an order that turned up alive is cancelled as it appears
        confirm_kill(self.state, out, now)
        clear_restart(self.state, out, now)
        advance(self.state, out, now)
        watch_protection(self.state, out, now, self._gate)

    def _strategy_status(self, event: StrategyStatus, out: Out, now: Now) -> None:
        facts = self.state.strategies.get(event.strategy)
        if facts is None or (facts.state, facts.reason) == (event.state, event.reason):
            return
        facts.state, facts.reason = event.state, event.reason
        if event.state in ("failed", "hung"):
            facts.errors += 1
            for key in [key for key in self.state.pending if key[0] == event.strategy]:
                del self.state.pending[key]  # its bar gives no order
            text = f"strategy {event.strategy} {event.state}"
            self.state.alert(out, now, Severity.WARNING, "strategy", text, detail=event.reason)
            return
        text = f"{event.strategy} {event.state}" + (f": {event.reason}" if event.reason else "")
        self.state.note(out, now, "INFO", "strategy", text)

    def _position_hint(self, event: PositionSeen, out: Out, now: Now) -> None:
        symbol, qty = event.position.symbol, event.position.qty
        if self.state.broker_positions is not None:
            self.state.broker_positions[symbol] = qty
        halt_short(self.state, out, now, symbol, qty)
        if symbol in self.state.instruments and abs(self.state.ledger.position(symbol).qty - qty) > 1e-9:
            self.state.ask_snapshot(out, now, f"the broker reports {qty:g} {symbol}")

    def _journal_failed(self, event: JournalFailed, out: Out, now: Now) -> None:
        state = self.state
        if state.journal_ok:
            state.journal_ok = False
            text = "the journal cannot be written; no new exposure, exits and cancels go on"
            state.alert(out, now, Severity.CRITICAL, "journal", text, detail=event.reason)
        for intent_id in event.intent_ids:
            order = state.book.get(intent_id)
            if order is not None and order.state is OrderState.JOURNALED:
                move(state, out, now, order, Fact.NOT_WRITTEN, "the journal could not be written")

    def _health(self, event: HealthChanged, out: Out, now: Now) -> None:
        known = event.key in self.state.health
        if event.healthy and known:
            del self.state.health[event.key]
            text = f"{event.key} is healthy again"
            self.state.alert(out, now, Severity.INFO, f"health_{event.key}", text, closes=True)
        elif not event.healthy:
            self.state.health[event.key] = event.detail
            if not known:
                text = f"entries are blocked: {event.detail}"
                self.state.alert(out, now, Severity.WARNING, f"health_{event.key}", text)
