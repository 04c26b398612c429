"""The table of faults: each with its place in the catalogue, the order states it can meet, and its moments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tradetui.domain.order_state import OrderState
from tradetui.simulation import faults_broker as broker
from tradetui.simulation import faults_families as families
from tradetui.simulation import faults_host as host
from tradetui.simulation import faults_link as link
from tradetui.simulation import faults_orders as orders
from tradetui.simulation.scene import Scene

S = OrderState
Injector = Callable[[Scene, Random], list[OrderState] | None]

ANY_LIVE = (S.JOURNALED, S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN)
AT_BROKER = (S.SENT, S.ACKED, S.WORKING, S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN)
ADDRESSED = AT_BROKER
CANCELLING = ("cancel", "flatten", "kill")
TRADED = (S.PARTIAL, S.CANCEL_WANTED, S.UNKNOWN, S.FILLED, S.CANCELLED)


@dataclass(frozen=True, slots=True)
class Fault:
    """One way of the world to misbehave. `inject` returns the states of the orders it met, None when it could not.

    `rate` is its weight beside the ordinary moves: what stops trading for long is rare, or nothing else would be tried.
    """

    inject: Injector
    catalogue: str
    states: tuple[OrderState, ...] = ()
    aims: tuple[str, ...] = ()
    rate: float = 1.0


FAULTS: dict[str, Fault] = {
    # Part A, connection and session
    "cut": Fault(link.cut, "F5 F24 F26 F68", ANY_LIVE, ("send", "ack", "fill", "cancel"), rate=0.3),
    "gap_1100": Fault(link.gap, "F7 F9", ANY_LIVE, ("send", "fill"), rate=0.2),
    "fill_in_gap": Fault(link.fill_untold, "F9 F68", AT_BROKER, ("gap",)),
    "partial_look": Fault(link.partial_look, "F17 F79 F80", (), ("reconcile", "send"), rate=1.0),
    "slow_look": Fault(link.slow_look, "F17 F77", AT_BROKER, ("reconcile", "flatten")),
    "silent_look": Fault(link.silent_look, "F17 F18", (), ("reconcile",), rate=0.3),
    "refused": Fault(link.refused, "F21 F22", ANY_LIVE, rate=0.1),
    "ids_back": Fault(link.ids_back, "F15 F38", (), ("send",), rate=0.6),
    "hidden_order": Fault(link.hidden_order, "F24 finding 8", (S.JOURNALED, S.SENT, S.UNKNOWN), ("send",), rate=2.0),
    # Part B, sending
    "unwritten": Fault(orders.unwritten, "F4", (S.JOURNALED,), ("send",)),
    "doubt": Fault(orders.doubt, "F24", (S.JOURNALED,), ("send",)),
    "ack_before_note": Fault(orders.ack_before_note, "F24", (S.JOURNALED,), ("send",)),
    "drop_status": Fault(orders.drop_status, "F25 F39", ANY_LIVE, ("ack", "cancel")),
    "repeat_message": Fault(orders.repeat_message, "F40 F65", (*ANY_LIVE, S.FILLED, S.CANCELLED), ("ack", "fill")),
    "reorder": Fault(orders.reorder, "F41", (*ANY_LIVE, S.FILLED, S.CANCELLED), ("ack", "fill", "cancel")),
    "stale_status": Fault(orders.stale_status, "F41", (*ANY_LIVE, S.FILLED), ("fill", "cancel"), rate=0.5),
    "stranger": Fault(orders.stranger, "F42", rate=0.2),
    "reject": Fault(orders.reject, "F27 F28 F82", (S.SENT, S.CANCEL_WANTED), ("send",), rate=1.0),
    "error_on_live": Fault(orders.error_on_live, "F28 F58 F59 F60 F100", ADDRESSED, ("ack", "cancel")),
    "notice": Fault(orders.notice, "F32 F33", ADDRESSED, ("ack",)),
    "inactive": Fault(orders.inactive, "F34", AT_BROKER, ("ack",), rate=0.5),
    "inactive_back": Fault(orders.inactive_back, "F34", AT_BROKER),
    "changed_by_hand": Fault(orders.changed_by_hand, "F43 F47", AT_BROKER, ("ack", "cancel")),
    "cancelled_by_hand": Fault(orders.cancelled_by_hand, "F48", AT_BROKER, ("ack", "fill")),
    "bar_again": Fault(orders.bar_again, "F45", rate=0.4),
    "runaway": Fault(orders.runaway, "F46 F54 F55", (), ("fill",), rate=0.3),
    # Part C, cancelling
    "cancel_lost": Fault(orders.cancel_lost, "F57", (S.CANCEL_WANTED, S.UNKNOWN), CANCELLING, rate=3.0),
    "cancel_refused": Fault(orders.cancel_refused, "F58 F59 F60", (S.CANCEL_WANTED, S.UNKNOWN), CANCELLING, rate=3.0),
    "fill_races_cancel": Fault(orders.fill_races_cancel, "F61", (S.CANCEL_WANTED, S.UNKNOWN), CANCELLING, rate=3.0),
    "slow_cancel": Fault(orders.slow_cancel, "F57 F61", (S.CANCEL_WANTED, S.UNKNOWN), CANCELLING, rate=3.0),
    "late_fill": Fault(orders.late_fill, "F62", AT_BROKER, ("cancel",)),
    # Part D, executions
    "fill_untold": Fault(link.fill_untold, "F39 F68", AT_BROKER, ("send", "ack")),
    "fill_again": Fault(broker.fill_again, "F65", TRADED, ("fill", "reconcile"), rate=0.5),
    "correction": Fault(broker.correction, "F66", TRADED, ("fill",), rate=0.4),
    "bust": Fault(broker.bust, "F67", TRADED, ("fill",), rate=0.3),
    "late_commission": Fault(broker.late_commission, "F70", AT_BROKER, ("fill",)),
    "early_commission": Fault(broker.early_commission, "F70", AT_BROKER, ("ack",)),
    "missing_commission": Fault(broker.missing_commission, "F70", AT_BROKER, ("ack",)),
    "many_fills": Fault(broker.many_fills, "F73", AT_BROKER, ("ack",)),
    "overfill": Fault(broker.overfill, "F72", AT_BROKER, ("fill",), rate=0.4),
    "liquidation": Fault(broker.liquidation, "F74", rate=0.2),
    # Part E, account and positions
    "manual_trade": Fault(broker.manual_trade, "F49 F71 F77 F78", (), ("fill", "reconcile"), rate=0.2),
    "manual_order": Fault(broker.manual_order, "F49", (), ("send",), rate=0.2),
    "position_hint": Fault(broker.position_hint, "F77", rate=0.2),
    "no_account": Fault(broker.no_account, "F80", rate=0.1),
    "midnight": Fault(broker.midnight, "F13 F52 F69 F83", ANY_LIVE, ("fill",), rate=0.2),
    "session_end": Fault(broker.session_end, "F35 F52", AT_BROKER, rate=0.2),
    # Parts F and G, data and time
    "mute": Fault(host.mute, "F84", rate=0.2),
    "halt": Fault(host.halt, "F85 F91", rate=0.15),
    "broken_bar": Fault(host.broken_bar, "F86 F94", rate=0.2),
    "plunge": Fault(host.plunge, "F141", rate=0.1),
    "clock_jump": Fault(host.clock_jump, "F95 F98", rate=0.2),
    "pause": Fault(host.pause, "F98", ANY_LIVE, ("send",), rate=0.15),
    # Parts H and I, process and storage
    "crash": Fault(host.crash, "F100 F110 F111", ANY_LIVE, ("send", "ack", "fill", "cancel", "kill"), rate=0.3),
    "crash_in_step": Fault(host.crash_in_step, "F100 F118", (), ("reconcile", "send"), rate=0.3),
    "journal_fails": Fault(host.journal_fails, "F115 F118", ANY_LIVE, ("send",), rate=0.2),
    "journal_back": Fault(host.journal_back, "F115"),
    # Part K, kill, flatten
    "kill": Fault(host.kill, "F133 F134 F135 F136", ANY_LIVE, ("send", "ack", "fill", "cancel"), rate=0.25),
    "stop_file": Fault(host.stop_file, "F122 F136", ANY_LIVE, ("send",), rate=0.15),
    "flatten": Fault(host.flatten, "F137 F138", ANY_LIVE, ("fill", "ack", "cancel"), rate=0.3),
}  # fmt: skip

#: Faults of worlds in which strategies protect what they hold.
PROTECTION_FAULTS: dict[str, Fault] = {
    "child_refused": Fault(families.child_refused, "F53", AT_BROKER, ("send", "ack"), rate=0.8),
    "child_ended": Fault(families.child_ended, "F48 F53", AT_BROKER, ("ack", "fill"), rate=0.6),
    "child_late": Fault(families.child_late, "F25 F53", AT_BROKER, ("send", "fill", "stop")),
    "family_torn": Fault(families.family_torn, "F53 F110", ANY_LIVE, ("send",), rate=1.5),
}
