"""Market time runs at its speed, skips the night when told to, and never goes back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.market.worlds import CALENDAR, FRIDAY, session_on
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.clock import MarketClock, SkipClosed

MONDAY = session_on(2026, 11, 23)


class Wall:
    """A monotonic clock moved by hand."""

    def __init__(self) -> None:
        self.ns = 123

    def __call__(self) -> int:
        return self.ns

    def pass_s(self, seconds: float) -> None:
        self.ns += round(seconds * SECOND_NS)


def clock_at(start_ns: int, speed: float, wall: Wall, skip: SkipClosed | None = None) -> MarketClock:
    return MarketClock(start_ns=start_ns, speed=speed, monotonic_ns=wall, calendar=CALENDAR, skip=skip)


def test_a_minute_passes_in_a_second_at_speed_sixty() -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.open_ns, 60, wall)
    wall.pass_s(1)
    assert clock.now_ns() == FRIDAY.open_ns + MINUTE_NS
    assert clock.delay_until(FRIDAY.open_ns + 3 * MINUTE_NS) == pytest.approx(2)
    assert clock.delay_until(FRIDAY.open_ns) == 0


def test_the_weekend_is_skipped_from_after_the_close_to_before_the_open() -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.close_ns - MINUTE_NS, 60, wall, SkipClosed(linger_s=30, lead_s=120))
    assert clock.delay_until(MONDAY.open_ns) == pytest.approx(1 + 0.5 + 2)
    assert clock.delay_until(FRIDAY.close_ns + 60 * MINUTE_NS) == pytest.approx(1.5)
    wall.pass_s(1.4)
    assert clock.now_ns() == FRIDAY.close_ns + 24 * SECOND_NS
    wall.pass_s(0.2)
    assert clock.now_ns() == MONDAY.open_ns - 2 * MINUTE_NS + 6 * SECOND_NS
    wall.pass_s(1.9)
    assert clock.now_ns() == MONDAY.open_ns


def test_a_start_inside_the_night_is_moved_to_the_next_open() -> None:
    assert clock_at(FRIDAY.close_ns + 60 * MINUTE_NS, 1, Wall(), SkipClosed()).now_ns() == MONDAY.open_ns - MINUTE_NS
    assert clock_at(MONDAY.open_ns - 10, 1, Wall(), SkipClosed()).now_ns() == MONDAY.open_ns - 10


def test_without_skipping_the_night_passes_like_the_day() -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.close_ns, 3600, wall)
    wall.pass_s(10)
    assert clock.now_ns() == FRIDAY.close_ns + 10 * 60 * MINUTE_NS


def test_speed_can_change_and_pause_without_a_jump() -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.open_ns, 10, wall)
    wall.pass_s(3)
    clock.set_speed(0)
    wall.pass_s(100)
    assert (clock.now_ns(), clock.speed) == (FRIDAY.open_ns + 30 * SECOND_NS, 0)
    assert clock.delay_until(FRIDAY.close_ns) == math.inf
    clock.set_speed(2.5)
    wall.pass_s(4)
    assert clock.now_ns() == FRIDAY.open_ns + 40 * SECOND_NS


def test_at_infinite_speed_only_jumps_move_the_clock_and_nobody_waits() -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.open_ns, 60, wall)
    wall.pass_s(1)
    clock.set_speed(math.inf)
    wall.pass_s(5)
    assert clock.now_ns() == FRIDAY.open_ns + MINUTE_NS
    assert clock.delay_until(FRIDAY.close_ns) == 0
    clock.jump_to(FRIDAY.open_ns + 5 * MINUTE_NS)
    assert clock.now_ns() == FRIDAY.open_ns + 5 * MINUTE_NS
    clock.set_speed(60)
    wall.pass_s(1)
    assert clock.now_ns() == FRIDAY.open_ns + 6 * MINUTE_NS


def test_a_jump_goes_forward_only() -> None:
    clock = clock_at(FRIDAY.open_ns, 1, Wall(), SkipClosed())
    clock.jump_to(FRIDAY.open_ns + MINUTE_NS)
    clock.jump_to(FRIDAY.open_ns)
    assert clock.now_ns() == FRIDAY.open_ns + MINUTE_NS
    clock.jump_to(FRIDAY.close_ns + 60 * MINUTE_NS)
    assert clock.now_ns() == MONDAY.open_ns - MINUTE_NS


@pytest.mark.parametrize("speed", [-1.0, math.nan])
def test_an_unusable_speed_is_refused(speed: float) -> None:
    with pytest.raises(OperatorError, match="is not usable"):
        clock_at(FRIDAY.open_ns, speed, Wall())


@given(
    st.lists(st.tuples(st.floats(0, 40), st.one_of(st.none(), st.floats(0, 5000))), max_size=20),
    st.booleans(),
)
def test_market_time_never_goes_back(steps: list[tuple[float, float | None]], skips: bool) -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.open_ns, 60, wall, SkipClosed() if skips else None)
    latest = clock.now_ns()
    for seconds, speed in steps:
        wall.pass_s(seconds)
        if speed is not None:
            clock.set_speed(speed)
        now = clock.now_ns()
        assert now >= latest
        latest = now


@given(st.integers(0, 5 * 24 * 60), st.floats(1, 1000))
def test_the_announced_delay_is_when_the_time_is_reached(minutes: int, speed: float) -> None:
    wall = Wall()
    clock = clock_at(FRIDAY.open_ns, speed, wall, SkipClosed())
    target = FRIDAY.open_ns + minutes * MINUTE_NS
    delay = clock.delay_until(target)
    wall.pass_s(delay * 0.999 - 0.001)
    assert clock.now_ns() < target or delay == 0
    wall.pass_s(delay * 0.001 + 0.002)
    assert clock.now_ns() >= target
