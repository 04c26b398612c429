"""What can strike the shell, and the moments at which it does: network, core, disk, gateway and operator.

A strike is a name and a number from which all its own choices come. Gateway faults are entries of the gateway's
catalogue with their parameters; what of them makes the gateway's word a lie is named, so that the judge knows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tradetui.domain.events import CommandKind
from tradetui.simulation.setting import SYMBOLS
from tradetui.simulation.shell.disk import DiskState
from tradetui.simulation.shell.stage import Stage

Strike = Callable[[Stage, Random], bool]

#: Moments: what has just happened when a strike may fall. `time` is any moment.
SEND, COMMIT, ARRIVE, ACK, FILL, CANCEL, RECONCILE, READY, TIME = (
    "send",
    "commit",
    "arrive",
    "ack",
    "fill",
    "cancel",
    "reconcile",
    "ready",
    "time",
)
ORDERS = (SEND, COMMIT, ARRIVE, ACK, FILL, CANCEL)


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to strike, its place in the catalogue, the moments it aims at, and its weight."""

    strike: Strike
    catalogue: str
    moments: tuple[str, ...] = (TIME,)
    weight: float = 1.0


# --- network -----------------------------------------------------------------------------------------------------
def cut(stage: Stage, rng: Random) -> bool:
    """The connection breaks; what is under way is lost."""
    return stage.network.cut() > 0


def cut_after(stage: Stage, rng: Random) -> bool:
    """The connection breaks for the client; the gateway still reads what was written."""
    stage.network.cut_after(0.05)
    return True


def half_open(stage: Stage, rng: Random) -> bool:
    """Nothing moves any more for a while, on sockets that stay open."""
    if stage.network.weather.stalled:
        return False
    stage.network.stall(True)
    stage.later(rng.choice((0.2, 2.0, 6.0, 20.0)), stage.network.stall, False)
    return True


def slow(stage: Stage, rng: Random) -> bool:
    """Everything takes longer for a while."""
    weather = stage.network.weather
    weather.latency_s = rng.choice((0.02, 0.2, 0.9))
    stage.later(rng.uniform(1.0, 10.0), lambda: setattr(weather, "latency_s", 0.0004))
    return True


def pieces(stage: Stage, rng: Random) -> bool:
    """Bytes arrive in small pieces for a while."""
    weather = stage.network.weather
    weather.piece = rng.choice((1, 2, 7, 100))
    stage.later(rng.uniform(1.0, 5.0), lambda: setattr(weather, "piece", 0))
    return True


# --- core and disk -----------------------------------------------------------------------------------------------
def crash(stage: Stage, rng: Random) -> bool:
    """`kill -9`, and a restart after a while."""
    return stage.crash(rng.choice((0.05, 0.5, 3.0, 8.0)))


def crash_again(stage: Stage, rng: Random) -> bool:
    """`kill -9`, and again while it starts."""
    if not stage.crash(0.05):
        return False
    for _ in range(rng.randint(1, 3)):
        stage.later(rng.uniform(0.05, 1.0), stage.crash, 0.1)
    return True


def disk(stage: Stage, rng: Random) -> bool:
    """The disk is full or hangs for a while, or breaks until the operator restarts."""
    if stage.disk.state is not DiskState.FINE:
        return False
    state = rng.choice((DiskState.FULL, DiskState.FULL, DiskState.HANGS, DiskState.BROKEN))
    stage.disk.turn(state)
    stage.sometimes[f"the disk is {state.value}"] += 1
    if state is DiskState.BROKEN:
        stage.later(rng.uniform(2.0, 8.0), stage.crash, 0.5)
    else:
        stage.later(rng.choice((0.1, 1.0, 6.0)), stage.disk.turn, DiskState.FINE)
    return True


def slow_disk(stage: Stage, rng: Random) -> bool:
    """Commits take up to a quarter second for a while."""
    stage.disk.before_s = rng.choice((0.003, 0.03, 0.2))
    stage.later(rng.uniform(1.0, 10.0), lambda: setattr(stage.disk, "before_s", 0.0002))
    return True


# --- operator ----------------------------------------------------------------------------------------------------
def kill(stage: Stage, rng: Random) -> bool:
    """The operator kills, and ends the kill later."""
    stage.later(rng.uniform(3.0, 15.0), stage.unkill)
    return stage.command(CommandKind.KILL, reason="simulated")


def stop_file(stage: Stage, rng: Random) -> bool:
    """A STOP file appears, and is removed later."""
    stage.disk.stop_file.touch()
    stage.later(rng.uniform(3.0, 12.0), stage.unkill)
    return True


def flatten(stage: Stage, rng: Random) -> bool:
    """The operator flattens one symbol or all."""
    return stage.command(CommandKind.FLATTEN, confirm="flatten", symbols=rng.choice(((), (rng.choice(SYMBOLS),))))


def pause(stage: Stage, rng: Random) -> bool:
    """The operator pauses, or cancels all orders, and resumes later."""
    stage.later(rng.uniform(1.0, 8.0), stage.unkill)
    return stage.command(rng.choice((CommandKind.PAUSE, CommandKind.CANCEL_ALL)))


# --- the gateway's catalogue -------------------------------------------------------------------------------------
def _of(kind: str, /, *, lie: bool = False, seconds: tuple[float, ...] = (), **fixed: object) -> Strike:
    """Return a strike that starts a gateway fault for a few occasions; `seconds` are real, the catalogue's market's."""

    def strike(stage: Stage, rng: Random) -> bool:
        fields: dict[str, object] = {"kind": kind, "key": f"{kind} {rng.getrandbits(32)}"}
        for name, value in fixed.items():
            fields[name] = rng.choice(value) if isinstance(value, tuple) else value
        if seconds:
            fields["seconds"] = rng.choice(seconds) * stage.speed
        if not stage.inject(**fields):
            return False
        stage.lies[kind] += lie
        return True

    return strike


def _real(kind: str, seconds: tuple[float, ...], fixed: dict[str, object]) -> Strike:
    def strike(stage: Stage, rng: Random) -> bool:
        fields: dict[str, object] = {"kind": kind, "key": f"{kind} {rng.getrandbits(32)}"}
        for name, value in fixed.items():
            fields[name] = rng.choice(value) if isinstance(value, tuple) else value
        return stage.inject(**fields, seconds=rng.choice(seconds))

    return strike


ONCE, FEW = 1, (1, 2, 3)
ENDS = ("openOrderEnd", "positionEnd", "execDetailsEnd", "completedOrdersEnd")
KINDS: dict[str, Kind] = {
    "cut": Kind(cut, "F5 F24", (*ORDERS, RECONCILE, READY), 3.0),
    "cut_after": Kind(cut_after, "F24 F26", (*ORDERS, RECONCILE), 3.0),
    "half_open": Kind(half_open, "F6", (SEND, CANCEL, TIME), 1.0),
    "slow": Kind(slow, "F20"),
    "pieces": Kind(pieces, "F19"),
    "crash": Kind(crash, "F100 F110", (*ORDERS, RECONCILE, READY), 4.0),
    "crash_again": Kind(crash_again, "F111", (*ORDERS, RECONCILE), 1.0),
    "disk": Kind(disk, "F115 F118", (SEND, TIME), 1.0),
    "slow_disk": Kind(slow_disk, "F118"),
    "kill": Kind(kill, "F133 F136", (*ORDERS, RECONCILE), 1.0),
    "stop_file": Kind(stop_file, "F122", (SEND, FILL), 0.7),
    "flatten": Kind(flatten, "F137 F138", (FILL, ACK, CANCEL), 1.0),
    "pause": Kind(pause, "F140", (SEND, FILL), 0.7),
    "refuse_connections": Kind(_real("refuse_connections", (0.5, 3.0, 8.0), {}), "F1"),
    "close_on_accept": Kind(_of("close_on_accept", count=FEW, reset=(True, False)), "F16", (TIME,), 0.5),
    "mute_handshake": Kind(_of("mute_handshake", count=ONCE), "F2", (TIME,), 0.5),
    "no_login": Kind(_of("no_login", count=ONCE, half=(True, False)), "F2", (TIME,), 0.5),
    "gateway_half_open": Kind(_real("half_open", (1.0, 6.0, 20.0), {}), "F6", (SEND, CANCEL), 0.7),
    "reset_mid_frame": Kind(_of("reset_mid_frame", count=ONCE), "F5 F19", (ACK, FILL)),
    "garble": Kind(_of("garble_reply", message=("execDetails", "openOrder", "orderStatus"), cut=2), "F19", (SEND,)),
    "slow_end": Kind(_of("slow_reply", message=ENDS, seconds=(0.0, 1.0, 4.0)), "F17", (RECONCILE, READY)),
    "client_id_lingers": Kind(_real("client_id_lingers", (1.0, 6.0), {"lasts": 600.0}), "F3"),
    "restart": Kind(_real("restart", (0.5, 4.0), {"order": ("none", "lost", "live")}), "F14 F15", (SEND, TIME)),
    "nightly_reset": Kind(
        _of("nightly_reset", lost=(True, False), executions=("late", "lost", "now"), seconds=(1.0, 6.0)),
        "F7 F8 F9 F13",
        (SEND, FILL, TIME),
        1.5,
    ),
    "reset_then_drop": Kind(_of("reset_then_drop", seconds=(0.5, 4.0)), "F7 F5", (SEND, TIME)),
    "server_broken": Kind(_of("server_broken"), "F10", (TIME,), 0.3),
    "farm_broken": Kind(_of("farm_broken", seconds=(1.0, 6.0)), "F10"),
    "next_id": Kind(_of("next_id", lower_by=(1.0, 5.0, 30.0)), "F15 F38", (TIME,)),
    "no_status": Kind(_of("no_status", count=FEW), "F25 F39", (SEND,)),
    "execution_first": Kind(_of("execution_first", count=FEW), "F40", (SEND,)),
    "repeated": Kind(_of("repeated", count=FEW), "F40", (SEND,)),
    "status_disorder": Kind(_of("status_disorder", count=FEW, seconds=(0.2, 2.0)), "F41", (SEND,)),
    "cancel_told": Kind(
        _of("cancel_told", count=FEW, wrong=("status_only", "notice_only", "notice_first", "neither")),
        "F57",
        (SEND, CANCEL),
    ),
    "totals_lag": Kind(_of("totals_lag", count=FEW), "F41", (SEND,)),
    "commission": Kind(
        _of("commission_report", count=FEW, wrong=("late", "missing", "twice", "first"), seconds=(1.0, 5.0)),
        "F70",
        (SEND, ACK),
    ),
    "executions_again": Kind(_of("executions_again", count=FEW), "F65", (SEND,)),
    "executions_lost": Kind(_of("executions_lost", count=FEW), "F68", (SEND, ACK)),
    "unknown_order": Kind(_of("unknown_order"), "F42", (TIME,), 0.4),
    "perm_id_late": Kind(_of("perm_id_late", count=FEW), "F25", (SEND,)),
    "strange_code": Kind(
        _of("strange_code", count=FEW, code=(100.0, 161.0, 201.0, 203.0, 10147.0, 10148.0, 10197.0, 10349.0)),
        "F28 F32",
        (SEND, ACK),
    ),
    "swallow_order": Kind(_of("swallow_order", count=ONCE, seconds=(0.0, 0.5)), "F23 F26", (SEND,)),
    "ack_lost": Kind(_of("ack_lost", count=ONCE, cut=(True, False), seconds=(0.5, 3.0)), "F25", (SEND,), 2.0),
    "reject": Kind(_of("reject", count=FEW, status=("Inactive", "Cancelled", "none")), "F27", (SEND,)),
    "inactive_first": Kind(_of("inactive_first", count=FEW, seconds=(1.0, 4.0)), "F34", (SEND,)),
    "order_notice": Kind(_of("order_notice", count=FEW, code=(399.0, 404.0, 2109.0, 10349.0)), "F32 F33", (SEND,)),
    "partial_fills": Kind(_of("partial_fills", count=FEW, size=(1.0, 7.0)), "F73", (SEND,)),
    "fill_after_cancel": Kind(
        _of("fill_after_cancel", count=FEW, told=("Cancelled", "PendingCancel"), seconds=(0.5, 3.0), lie=True),
        "F61 F62",
        (SEND, CANCEL),
        0.6,
    ),
    "cancel_refused": Kind(_of("cancel_refused", count=FEW, code=(10147.0, 10148.0, 161.0)), "F58 F60", (SEND, CANCEL)),
    "cancel_swallowed": Kind(_of("cancel_swallowed", count=FEW, seconds=(0.0, 2.0)), "F57", (SEND, CANCEL)),
    "execution_revised": Kind(
        _of("execution_revised", count=ONCE, shares=(-1.0, 1.0, 0.0), lie=True), "F66 F67", (FILL,), 0.6
    ),
    "foreign_order": Kind(
        _of("foreign_order", action=("BUY", "SELL"), quantity=(1.0, 10.0), lie=True), "F49", (FILL, TIME), 0.4
    ),
    "broker_cancels": Kind(_of("broker_cancels"), "F48", (SEND, ACK)),
    "edited_by_hand": Kind(_of("edited_by_hand", quantity=(3.0, 80.0), lie=True), "F43 F47", (ACK,), 0.5),
    "overfill": Kind(_of("overfill", count=ONCE, quantity=(1.0, 5.0), lie=True), "F72", (SEND,), 0.4),
    "position_news": Kind(
        _of("position_news", count=FEW, wrong=("missing", "late", "first"), seconds=(1.0, 4.0)), "F77", (SEND,)
    ),
    "portfolio_silent": Kind(_of("portfolio_silent", lasts=120.0), "F80"),
    "liquidation": Kind(_of("liquidation", quantity=(1.0, 5.0), lie=True), "F74", (FILL,), 0.3),
    "stale_feed": Kind(_of("stale_feed", seconds=(1.0, 12.0)), "F84"),
    "halt": Kind(_of("halt", symbol=SYMBOLS, seconds=(1.0, 6.0)), "F85 F91"),
    "gap": Kind(_of("gap", symbol=SYMBOLS, percent=(-6.0, 4.0), seconds=(0.0, 5.0)), "F141", (FILL, TIME), 0.5),
    "competing_session": Kind(_of("competing_session", seconds=(1.0, 5.0)), "F12"),
    "swallow_request": Kind(
        _of("swallow_request", message=("reqPositions", "reqOpenOrders", "reqExecutions", "reqCurrentTime"), count=FEW),
        "F17 F18",
        (RECONCILE, READY, TIME),
    ),
}
