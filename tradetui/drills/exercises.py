"""The drills themselves. Each goes the operator's own way, and asks the broker's books whether it worked.

The invariant: every claim that a drill makes is looked at twice, once at the core and once at the gateway.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from tradetui.control.messages import State
from tradetui.drills.record import DrillFailed, Record
from tradetui.drills.rig import (
    Rig,
    core_row,
    held_at_broker,
    held_by_us,
    live_orders,
    open_orders,
    order_refs,
)
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.requests import CANCEL_ORDER

#: From the kill command's start, its process included, to the last cancel on the wire.
KILL_LIMIT_S = 3.0
_BARS = 8

Exercise = Callable[[Rig, Record], None]


def kill(rig: Rig, record: Record) -> None:
    """Kill from another shell; nothing is left working, nothing is sent any more, also after a restart."""
    record.step("kill from another shell", lambda: _kill(rig))
    record.step("the broker has no order of ours", lambda: _no_orders(rig))
    record.step("nothing is sent while bars go on", lambda: _nothing_sent(rig))
    record.step("a restart stays KILLED", lambda: _restart_killed(rig))
    record.step("un-kill leaves PAUSED", lambda: _unkill(rig))


def flatten(rig: Rig, record: Record) -> None:
    """Pause, flatten, and read the proof in the broker's own books."""
    record.step("pause cancels the entries", lambda: _pause(rig))
    record.step("flatten ends with the proof", lambda: rig.tradetui("flatten", "--yes", says="FLAT"))
    record.step("the broker holds nothing", lambda: _broker_is_flat(rig))
    record.step("our books hold nothing", lambda: _same_books(rig))


def disconnect(rig: Rig, record: Record) -> None:
    """Lose the broker, kill meanwhile, come back: the cancels go first."""
    record.step("the cable is pulled", lambda: _unplug(rig))
    record.step("a kill is latched and says that it is not confirmed", lambda: _kill_offline(rig))
    record.step("the cable is back, the cancels go first", lambda: _replug(rig))
    record.step("the broker has no order of ours", lambda: _no_orders(rig))
    record.step("our books are the broker's", lambda: _same_books(rig))


def restart(rig: Rig, record: Record) -> None:
    """`kill -9` the core with orders working; it comes back with the same books and sends nothing twice."""
    record.step("kill -9 of the core", lambda: _crash(rig))
    record.step("it comes back and reviews", lambda: _come_back(rig))
    record.step("the restart review is clean", lambda: rig.tradetui("restart-review", says="adopted"))
    record.step("no order was sent twice", lambda: _no_doubles(rig))
    record.step("our books are the broker's", lambda: _same_books(rig))


EXERCISES: dict[str, Exercise] = {"kill": kill, "flatten": flatten, "disconnect": disconnect, "restart": restart}


def _kill(rig: Rig) -> str:
    begin, orders = time.perf_counter(), len(live_orders(rig.state()))
    said = rig.tradetui("kill", "--reason", "drill", says="every order has ended")
    cancels = [at for at in rig.tap.times_of(CANCEL_ORDER.id) if at >= begin]
    if len(cancels) < orders:
        raise DrillFailed(f"{len(cancels)} cancels left for {orders} orders: {said}")
    last = cancels[-1] - begin
    if last > KILL_LIMIT_S:
        raise DrillFailed(f"the last cancel left after {last:.2f} s, more than {KILL_LIMIT_S:g} s")
    return f"{orders} orders, last cancel on the wire {last:.2f} s after the command; {said}"


def _no_orders(rig: Rig) -> str:
    left = open_orders(rig.statement())
    if left:
        raise DrillFailed(f"{left} orders still work at the broker")
    return "none in the gateway's own books"


def _nothing_sent(rig: Rig) -> str:
    row = core_row(rig.state())
    bars, sent, on_the_wire = row.get("bars"), row.get("orders_sent"), len(rig.tap.times_of(PLACE_ORDER.id))
    if not isinstance(bars, int):
        raise DrillFailed("the core does not tell its bars")
    after = core_row(rig.until(lambda state: _count(state, "bars") >= bars + _BARS, f"{_BARS} more bars"))
    if after.get("orders_sent") != sent or len(rig.tap.times_of(PLACE_ORDER.id)) != on_the_wire:
        raise DrillFailed("an order left while KILLED")
    return f"{_BARS} bars, no order"


def _restart_killed(rig: Rig) -> str:
    rig.stop_core()
    rig.restart()
    rig.until(_is_ready, "the core is back")
    rig.until(lambda state: _count(state, "bars") >= _BARS, "bars after the restart")
    row = core_row(rig.state())
    if (row.get("state"), row.get("orders_sent")) != ("KILLED", 0):
        raise DrillFailed(f"{row.get('state')} with {row.get('orders_sent')} orders sent")
    return "KILLED, no order"


def _unkill(rig: Rig) -> str:
    tail = str(core_row(rig.state()).get("account"))[-4:]
    said = rig.tradetui("resume", "--unkill", "--reason", "drill", "--confirm", tail, says="PAUSED")
    if core_row(rig.state()).get("state") != "PAUSED":
        raise DrillFailed("it is not PAUSED")
    return said


def _pause(rig: Rig) -> str:
    said = rig.tradetui("pause", "--reason", "drill", says="PAUSED")
    rig.until(lambda state: not live_orders(state), "the entries end")
    return said


def _broker_is_flat(rig: Rig) -> str:
    statement = rig.statement()
    held, orders = held_at_broker(statement), open_orders(statement)
    if held or orders:
        raise DrillFailed(f"held {held}, {orders} orders")
    return "no position and no order in the gateway's own books"


def _same_books(rig: Rig) -> str:
    state = rig.until(lambda state: _equal(rig, state), "equal books")
    held = held_by_us(state)
    return ", ".join(f"{symbol} {qty:g}" for symbol, qty in held.items()) or "flat on both sides"


def _equal(rig: Rig, state: State) -> bool:
    return held_by_us(state) == held_at_broker(rig.statement())


def _unplug(rig: Rig) -> str:
    rig.tap.unplug()
    state = rig.until(lambda state: not _is_ready(state), "the core notices")
    return f"{state['link']['link'].get('state')}: {state['link']['link'].get('reason')}"


def _kill_offline(rig: Rig) -> str:
    rig.tradetui("kill", "--reason", "drill", code=1, says="NOT CONFIRMED")
    if core_row(rig.state()).get("state") != "KILLED":
        raise DrillFailed("it is not KILLED")
    return f"KILLED, {len(live_orders(rig.state()))} orders may be live"


def _replug(rig: Rig) -> str:
    placed, before = len(rig.tap.times_of(PLACE_ORDER.id)), len(rig.tap.times_of(CANCEL_ORDER.id))
    orders, begin = len(live_orders(rig.state())), time.perf_counter()
    rig.tap.plug()
    rig.until(lambda state: _is_ready(state) and not live_orders(state), "READY and every order ended")
    cancels = rig.tap.times_of(CANCEL_ORDER.id)[before:]
    if len(cancels) < orders or len(rig.tap.times_of(PLACE_ORDER.id)) != placed:
        raise DrillFailed(f"{len(cancels)} cancels for {orders} orders, and orders were sent")
    return f"{len(cancels)} cancels, the last {cancels[-1] - begin:.2f} s after the cable was back; no order left"


def _crash(rig: Rig) -> str:
    orders = len(live_orders(rig.state()))
    rig.kill_core()
    return f"with {orders} orders working and {len(held_at_broker(rig.statement()))} positions"


def _come_back(rig: Rig) -> str:
    rig.restart()
    rig.until(lambda state: _is_ready(state) and core_row(state).get("state") == "RUN", "RUN after the restart")
    found = [str(row.get("kind")) for row in rig.state().get("review", {}).values()]
    return f"RUN, {found.count('adopted')} orders adopted, {len(found) - found.count('adopted')} other items"


def _no_doubles(rig: Rig) -> str:
    refs = order_refs(rig.statement())
    doubled = {ref for ref in refs if refs.count(ref) > 1}
    if doubled:
        raise DrillFailed(f"sent twice: {', '.join(sorted(doubled))}")
    return f"{len(refs)} orders at the broker, each once"


def _is_ready(state: State) -> bool:
    return state["link"]["link"].get("state") == "READY"


def _count(state: State, name: str) -> int:
    value = core_row(state).get(name)
    return value if isinstance(value, int) else 0
