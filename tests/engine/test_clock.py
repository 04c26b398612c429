"""Market time never goes back, and follows the broker's clock at the market's speed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.clock import SECOND_NS
from tradetui.engine.clock import BrokerClock, SystemClock

START_NS = 1_748_871_000 * SECOND_NS


class Mono:
    """A monotonic clock moved by hand, nanoseconds."""

    def __init__(self) -> None:
        self.ns = 5 * SECOND_NS

    def __call__(self) -> int:
        return self.ns


def test_a_machine_clock_set_back_stands_still_until_it_has_caught_up() -> None:
    wall = iter([100, 40, 90, 130])
    clock = SystemClock(Mono(), lambda: next(wall))
    assert [clock.now().market_ns for _ in range(4)] == [100, 100, 100, 130]


@pytest.mark.parametrize(("ahead_s", "skew"), [(0.0, 0.0), (0.9, 0.0), (5.0, -4.0), (-3.0, 3.0)])
def test_skew_is_measured_beyond_what_whole_seconds_can_hide(ahead_s: float, skew: float) -> None:
    mono = Mono()
    clock = SystemClock(mono, lambda: START_NS + int(ahead_s * SECOND_NS))
    measured = clock.observe(START_NS, mono(), mono())
    assert measured == pytest.approx(skew)


def test_before_the_first_reading_market_time_stands_at_the_journals_end() -> None:
    mono = Mono()
    clock = BrokerClock(60, START_NS, mono)
    mono.ns += 10 * SECOND_NS
    assert clock.now().market_ns == START_NS
    assert not clock.is_anchored


def test_a_guess_gives_way_to_an_earlier_market_but_a_journal_does_not() -> None:
    mono = Mono()
    guess = BrokerClock(60, START_NS, mono, is_guess=True)
    known = BrokerClock(60, START_NS, mono)
    earlier = START_NS - 3600 * SECOND_NS
    assert guess.observe(earlier, mono(), mono()) == 0.0
    assert known.observe(earlier, mono(), mono()) == pytest.approx(-3599.5, abs=1)
    assert guess.now().market_ns < START_NS
    assert known.now().market_ns == START_NS


STEPS = st.lists(
    st.tuples(st.floats(0.01, 2.0), st.floats(0, 0.2), st.floats(0, 0.2), st.booleans()), min_size=1, max_size=30
)


@given(speed=st.sampled_from([1.0, 10.0, 60.0]), steps=STEPS)
def test_market_time_never_goes_back_and_stays_within_a_second_and_the_answers_time(
    speed: float, steps: list[tuple[float, float, float, bool]]
) -> None:
    mono = Mono()
    clock = BrokerClock(speed, 0, mono, is_guess=True)
    begin = mono.ns

    def market() -> float:
        return START_NS + (mono.ns - begin) * speed

    last, slowest = 0, 0.0
    for pause, there, back, _ in steps:
        sent = mono.ns
        mono.ns += int(there * SECOND_NS)
        server_ns = int(market()) // SECOND_NS * SECOND_NS
        mono.ns += int(back * SECOND_NS)
        clock.observe(server_ns, sent, mono.ns)
        for _ in range(3):
            mono.ns += int(pause * SECOND_NS / 3)
            now = clock.now().market_ns
            assert now >= last
            last = now
        # A reading is right to a whole second and to the time its answer took; as time never goes back, an earlier
        # reading that was ahead by more stays ahead.
        slowest = max(slowest, there + back)
        allowed = SECOND_NS * (1 + slowest * speed) + 1000
        assert abs(now - market()) <= allowed


def test_a_market_that_jumps_over_a_night_is_followed_at_the_next_reading() -> None:
    mono = Mono()
    clock = BrokerClock(60, 0, mono, is_guess=True)
    clock.observe(START_NS, mono(), mono())
    mono.ns += SECOND_NS
    tomorrow = START_NS + 18 * 3600 * SECOND_NS
    clock.observe(tomorrow, mono(), mono())
    assert abs(clock.now().market_ns - tomorrow) <= SECOND_NS
