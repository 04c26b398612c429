"""Message limits: data waits, orders do not, history keeps IB's rules."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.broker.ib import pacing
from tradetui.broker.ib.backoff import Backoff
from tradetui.broker.ib.pacing import HistoryPacer, Pacer
from tradetui.broker.ib.rate import Rate
from tradetui.domain.clock import SECOND_NS


class Time:
    """Monotonic time that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.ns = 10**12

    def __call__(self) -> int:
        return self.ns

    async def sleep(self, seconds: float) -> None:
        self.ns += max(1, round(seconds * SECOND_NS))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()

    class Asyncio:
        sleep = made.sleep

    monkeypatch.setattr(pacing, "asyncio", Asyncio)
    return made


def most_in_any_second(stamps: list[int]) -> int:
    return max(sum(at <= other < at + SECOND_NS for other in stamps) for at in stamps)


async def test_data_requests_leave_room_for_orders_in_every_second(clock: Time) -> None:
    pacer = Pacer(45, clock)
    stamps = []
    for _ in range(120):
        await pacer.data_slot()
        stamps.append(clock.ns)
    assert most_in_any_second(stamps) == 25
    assert clock.ns - stamps[0] < 5 * SECOND_NS


async def test_data_waits_for_the_orders_that_were_just_written(clock: Time) -> None:
    pacer = Pacer(45, clock)
    for _ in range(30):
        pacer.note()
    before = clock.ns
    await pacer.data_slot()
    assert clock.ns - before == pytest.approx(SECOND_NS, rel=0.01)


def test_an_order_may_leave_at_once_up_to_the_brokers_own_limit(clock: Time) -> None:
    pacer = Pacer(45, clock)
    for _ in range(44):
        pacer.note()
    assert pacer.order_delay_s() == 0
    pacer.note()
    assert 0 < pacer.order_delay_s() <= 1
    clock.ns += SECOND_NS
    assert pacer.order_delay_s() == 0


async def slots(pacer: HistoryPacer, clock: Time, requests: list[tuple[str, str]], *, small: bool) -> list[int]:
    stamps = []
    for contract, text in requests:
        await pacer.slot(contract, text, small_bars=small)
        stamps.append(clock.ns)
    return stamps


async def test_an_identical_history_request_waits_fifteen_seconds(clock: Time) -> None:
    first, second = await slots(HistoryPacer(clock), clock, [("SPY", "a"), ("SPY", "a")], small=False)
    assert second - first == pytest.approx(15 * SECOND_NS, rel=0.01)


async def test_one_contract_gets_less_than_six_requests_in_two_seconds(clock: Time) -> None:
    stamps = await slots(HistoryPacer(clock), clock, [("SPY", str(n)) for n in range(20)], small=False)
    assert max(sum(at <= other < at + 2 * SECOND_NS for other in stamps) for at in stamps) <= 5


async def test_small_bars_get_less_than_sixty_requests_in_ten_minutes_and_larger_ones_do_not_count(
    clock: Time,
) -> None:
    requests = [(f"S{n}", str(n)) for n in range(100)]
    free = await slots(HistoryPacer(clock), clock, requests, small=False)
    assert free[-1] == free[0]
    bound = await slots(HistoryPacer(clock), clock, requests, small=True)
    assert max(sum(at <= other < at + 600 * SECOND_NS for other in bound) for at in bound) < 60


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_pauses_grow_stay_in_their_bounds_and_begin_anew_after_a_reset(seed: int, failures: int) -> None:
    backoff = Backoff(1.0, 60.0, Random(seed))
    pauses = [backoff.next_s() for _ in range(failures)]
    assert all(1.0 <= pause <= 60.0 for pause in pauses)
    assert all(pause >= min(60.0, 2.0**n) / 2 for n, pause in enumerate(pauses))
    backoff.reset()
    assert backoff.next_s() == 1.0


def test_two_programs_do_not_knock_in_step() -> None:
    one, other = Backoff(1.0, 60.0, Random(1)), Backoff(1.0, 60.0, Random(2))
    assert [one.next_s() for _ in range(5)] != [other.next_s() for _ in range(5)]


def test_a_rate_is_renewed_once_a_second_and_survives_a_new_count() -> None:
    time = Time()
    rate = Rate(time)
    assert rate.per_s(100) == 0
    time.ns += 2 * SECOND_NS
    assert rate.per_s(100) == 50
    assert rate.per_s(900) == 50
    time.ns += SECOND_NS
    assert rate.per_s(10) == 0


async def test_a_second_waiter_cannot_take_the_same_place() -> None:
    stamps: list[float] = []
    loop = asyncio.get_running_loop()
    pacer = Pacer(21, lambda: round(loop.time() * SECOND_NS))

    async def ask() -> None:
        await pacer.data_slot()
        stamps.append(loop.time())

    await asyncio.gather(ask(), ask())
    assert stamps[1] - stamps[0] >= 0.9
