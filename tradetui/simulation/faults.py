"""The table of faults: each with its place in the catalogue, the order states it can meet, and its moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tradetui.domain.order_state import OrderState
from tradetui.simulation import faults_broker as broker
from tradetui.simulation import faults_host as host
from tradetui.simulation import faults_link as link
from tradetui.simulation import faults_orders as orders
from tradetui.simulation.scene import Scene

S = OrderState
Injector = Callable[[Scene, Random], list[OrderState] | None]

ANY_LIVE = (S.JOURNALED, S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN)
AT_BROKER = (S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN)
ADDRESSED = AT_BROKER
TRADED = (S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN, S.FILLED, S.CANCELLED)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of the world to misbehave. `inject` returns the states of the orders it met, None when it could not."""

    inject: Injector
    catalogue: str
    states: tuple[OrderState, ...] = ()
    aims: tuple[str, ...] = ()


FAULTS: dict[str, Fault] = {
    # Part A, connection and session
    "cut": Fault(link.cut, "F5 F24 F26 F68", ANY_LIVE, ("send", "ack", "fill", "cancel")),
    "gap_1100": Fault(link.gap, "F7 F9", ANY_LIVE, ("send", "fill")),
    "fill_in_gap": Fault(link.fill_untold, "F9 F68", AT_BROKER, ("gap",)),
    "partial_look": Fault(link.partial_look, "F17 F79 F80", (), ("reconcile",)),
    "silent_look": Fault(link.silent_look, "F17 F18", (), ("reconcile",)),
    "refused": Fault(link.refused, "F21 F22", ANY_LIVE),
    "ids_back": Fault(link.ids_back, "F15 F38", (), ("send",)),
    "hidden_order": Fault(link.hidden_order, "F24 finding 8", (S.JOURNALED, S.SENT, S.UNKNOWN), ("send",)),
    # Part B, sending
    "unwritten": Fault(orders.unwritten, "F4", (S.JOURNALED,), ("send",)),
    "doubt": Fault(orders.doubt, "F24", (S.JOURNALED,), ("send",)),
    "ack_before_note": Fault(orders.ack_before_note, "F24", (S.JOURNALED,), ("send",)),
    "drop_status": Fault(orders.drop_status, "F25 F39", ANY_LIVE, ("ack", "cancel")),
    "repeat_message": Fault(orders.repeat_message, "F40 F65", (*ANY_LIVE, S.FILLED, S.CANCELLED), ("ack", "fill")),
    "reorder": Fault(orders.reorder, "F41", (*ANY_LIVE, S.FILLED, S.CANCELLED), ("ack", "fill", "cancel")),
    "stale_status": Fault(orders.stale_status, "F41", (*ANY_LIVE, S.FILLED), ("fill", "cancel")),
    "stranger": Fault(orders.stranger, "F42"),
    "reject": Fault(orders.reject, "F27 F28 F82", (S.SENT, S.CANCEL_WANTED), ("send",)),
    "error_on_live": Fault(orders.error_on_live, "F28 F58 F59 F60 F100", ADDRESSED, ("ack", "cancel")),
    "notice": Fault(orders.notice, "F32 F33", ADDRESSED, ("ack",)),
    "inactive": Fault(orders.inactive, "F34", AT_BROKER, ("ack",)),
    "inactive_back": Fault(orders.inactive_back, "F34", AT_BROKER),
    "changed_by_hand": Fault(orders.changed_by_hand, "F43 F47", AT_BROKER, ("ack", "cancel")),
    "cancelled_by_hand": Fault(orders.cancelled_by_hand, "F48", AT_BROKER, ("ack", "fill")),
    "bar_again": Fault(orders.bar_again, "F45"),
    "runaway": Fault(orders.runaway, "F46 F54 F55", (), ("fill",)),
    # Part C, cancelling
    "cancel_lost": Fault(orders.cancel_lost, "F57", (S.CANCEL_WANTED, S.UNKNOWN), ("cancel",)),
    "cancel_refused": Fault(orders.cancel_refused, "F58 F59 F60", (S.CANCEL_WANTED, S.UNKNOWN), ("cancel",)),
    "fill_races_cancel": Fault(orders.fill_races_cancel, "F61", (S.CANCEL_WANTED, S.UNKNOWN), ("cancel",)),
    "late_fill": Fault(orders.late_fill, "F62", AT_BROKER, ("cancel",)),
    # Part D, executions
    "fill_untold": Fault(link.fill_untold, "F39 F68", AT_BROKER, ("send", "ack")),
    "fill_again": Fault(broker.fill_again, "F65", TRADED, ("fill", "reconcile")),
    "correction": Fault(broker.correction, "F66", TRADED, ("fill",)),
    "bust": Fault(broker.bust, "F67", TRADED, ("fill",)),
    "late_commission": Fault(broker.late_commission, "F70", AT_BROKER, ("fill",)),
    "early_commission": Fault(broker.early_commission, "F70", AT_BROKER, ("ack",)),
    "missing_commission": Fault(broker.missing_commission, "F70", AT_BROKER, ("ack",)),
    "many_fills": Fault(broker.many_fills, "F73", AT_BROKER, ("ack",)),
    "overfill": Fault(broker.overfill, "F72", AT_BROKER, ("fill",)),
    "liquidation": Fault(broker.liquidation, "F74"),
    # Part E, account and positions
    "manual_trade": Fault(broker.manual_trade, "F49 F71 F77 F78", (), ("fill", "reconcile")),
    "manual_order": Fault(broker.manual_order, "F49", (), ("send",)),
    "position_hint": Fault(broker.position_hint, "F77"),
    "no_account": Fault(broker.no_account, "F80"),
    "midnight": Fault(broker.midnight, "F13 F52 F69 F83", ANY_LIVE, ("fill",)),
    "session_end": Fault(broker.session_end, "F35 F52", AT_BROKER),
    # Parts F and G, data and time
    "mute": Fault(host.mute, "F84"),
    "halt": Fault(host.halt, "F85 F91"),
    "broken_bar": Fault(host.broken_bar, "F86 F94"),
    "plunge": Fault(host.plunge, "F141"),
    "clock_jump": Fault(host.clock_jump, "F95 F98"),
    "pause": Fault(host.pause, "F98", ANY_LIVE, ("send",)),
    # Parts H and I, process and storage
    "crash": Fault(host.crash, "F100 F110 F111", ANY_LIVE, ("send", "ack", "fill", "cancel", "kill")),
    "crash_in_step": Fault(host.crash_in_step, "F100 F118", (), ("reconcile", "send")),
    "journal_fails": Fault(host.journal_fails, "F115 F118", ANY_LIVE, ("send",)),
    "journal_back": Fault(host.journal_back, "F115"),
    # Part K, kill, flatten
    "kill": Fault(host.kill, "F133 F134 F135 F136", ANY_LIVE, ("send", "ack", "fill", "cancel", "reconcile")),
    "stop_file": Fault(host.stop_file, "F122 F136", ANY_LIVE, ("send",)),
    "flatten": Fault(host.flatten, "F137 F138", ANY_LIVE, ("fill",)),
}  # fmt: skip
