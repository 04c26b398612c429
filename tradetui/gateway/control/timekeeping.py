"""Control of market time: pause, resume, speed, step, jump to a time.

Invariant: market time never goes back; a pause remembers the speed at which to go on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from tradetui.domain.clock import SECOND_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.control.command import Arguments, CommandError
from tradetui.gateway.session import moments, times

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

_USUAL_SPEED: Final = 1.0


def change(gateway: GatewayServer, arguments: Arguments) -> None:
    """Do what the arguments of `clock` ask for, in the order of this list. Raises CommandError.

    `speed` in market seconds per second, or max; `pause`; `step_seconds` pauses and goes that much further;
    `jump_seconds` goes further without pausing; `jump_to` goes to 15:30 or an ISO time with zone.
    """
    try:
        if arguments.has("speed"):
            fastest = arguments.fields["speed"] == "max"
            gateway.hub.clock.set_speed(math.inf if fastest else arguments.number("speed"))
        if arguments.has("pause"):
            pause(gateway) if arguments.flag("pause", True) else resume(gateway)
        if arguments.has("step_seconds"):
            pause(gateway)
            _forward(gateway, arguments.number("step_seconds"))
        if arguments.has("jump_seconds"):
            _forward(gateway, arguments.number("jump_seconds"))
        if arguments.has("jump_to"):
            jump_to(gateway, arguments.text("jump_to"))
    except OperatorError as error:
        raise CommandError(str(error)) from error
    gateway.pump.wake()


def pause(gateway: GatewayServer) -> None:
    """Let market time stand still. Raises OperatorError for a clock that cannot."""
    clock = gateway.hub.clock
    if clock.speed:
        gateway.speed_before_pause = clock.speed
        clock.set_speed(0.0)


def resume(gateway: GatewayServer) -> None:
    """Go on at the speed before the pause. Raises OperatorError for a clock that cannot."""
    clock = gateway.hub.clock
    if not clock.speed:
        clock.set_speed(gateway.speed_before_pause or _USUAL_SPEED)


def jump_to(gateway: GatewayServer, text: str) -> None:
    """Go to a market time. Raises CommandError for one that is past or none."""
    due_ns, now_ns = moments.parse(text, gateway.hub.now_ns()), gateway.hub.clock.now_ns()
    if due_ns < now_ns:
        raise CommandError(f"jump_to {text!r} is past: it is {times.zoned(now_ns)}; market time never goes back")
    gateway.hub.clock.jump_to(due_ns)


def _forward(gateway: GatewayServer, seconds: float) -> None:
    if seconds < 0:
        raise CommandError("market time never goes back; give seconds of 0 or more")
    clock = gateway.hub.clock
    clock.jump_to(clock.now_ns() + round(seconds * SECOND_NS))
