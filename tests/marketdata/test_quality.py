"""Bad ticks stay out, real moves get in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.clock import SECOND_NS
from tradetui.domain.tick import Trade
from tradetui.marketdata.quality import TickFilter, TickRules, sound_book, sound_price, sound_size

NOW = 1_800_000_000 * SECOND_NS


def judge(sieve: TickFilter, price: float, size: float = 1.0, ts_ns: int = NOW, prior: float | None = None) -> bool:
    return sieve.judge(Trade("SPY", ts_ns, price, size), NOW, prior) is None


def test_a_wild_print_is_rejected_and_the_next_good_one_passes() -> None:
    sieve = TickFilter()
    assert [judge(sieve, price) for price in (100.0, 1000.0, 1.0, 100.1)] == [True, False, False, True]
    assert sieve.rejected_count == 2
    assert "+900.0% from the last good price" in sieve.rejected[0].reason


def test_three_prints_in_a_row_that_agree_are_a_real_move() -> None:
    sieve = TickFilter()
    assert [judge(sieve, price) for price in (100.0, 80.0, 80.5, 80.2, 80.3)] == [True, False, False, True, True]
    assert sieve.moves_accepted == 1


def test_wild_prints_that_disagree_confirm_nothing() -> None:
    sieve = TickFilter()
    judge(sieve, 100.0)
    assert not any(judge(sieve, price) for price in (10.0, 1000.0, 5.0, 500.0, 2.0))


def test_the_first_print_is_held_against_the_prior_close() -> None:
    assert not judge(TickFilter(), 10.0, prior=100.0)
    assert judge(TickFilter(), 120.0, prior=100.0)
    assert judge(TickFilter(), 10.0)


def test_numbers_that_cannot_be_are_rejected_however_often_they_come() -> None:
    sieve = TickFilter()
    for price, size in [(0.0, 1.0), (-1.0, 1.0), (float("nan"), 1.0), (float("inf"), 1.0), (100.0, -1.0)]:
        assert not any(judge(sieve, price, size) for _ in range(5))


def test_a_print_from_the_future_or_from_long_ago_is_rejected() -> None:
    assert not judge(TickFilter(), 100.0, ts_ns=NOW + 61 * SECOND_NS)
    assert not judge(TickFilter(), 100.0, ts_ns=NOW - 25 * 3600 * SECOND_NS)
    assert judge(TickFilter(), 100.0, ts_ns=NOW - 3600 * SECOND_NS)


def test_without_limits_on_time_only_numbers_are_judged() -> None:
    sieve = TickFilter(TickRules(max_ahead_ns=None, max_age_ns=None))
    assert judge(sieve, 100.0, ts_ns=NOW + 10**18)
    assert judge(sieve, 100.0, ts_ns=1)
    assert not judge(sieve, -1.0)


def test_the_audit_of_rejected_ticks_is_bounded() -> None:
    sieve = TickFilter(TickRules(kept=5))
    for _ in range(20):
        judge(sieve, -1.0)
    assert (len(sieve.rejected), sieve.rejected_count) == (5, 20)


def test_a_crossed_book_has_no_sides_and_a_locked_one_has_both() -> None:
    assert sound_book(10.1, 10.0, None) == (None, None)
    assert sound_book(10.0, 10.0, None) == (10.0, 10.0)


def test_a_side_far_from_the_last_trade_is_not_a_quote() -> None:
    assert sound_book(100.0, 1001.0, 100.0) == (100.0, None)
    assert sound_book(1.0, 100.1, 100.0) == (None, 100.1)
    assert sound_book(1.0, 100.1, None) == (1.0, 100.1)


def test_the_sentinels_of_the_wire_are_no_numbers() -> None:
    assert [sound_price(value) for value in (-1.0, 0.0, 1.7976931348623157e308, float("nan"), 5.0)] == [None] * 4 + [
        5.0
    ]
    assert [sound_size(value) for value in (-1.0, 0.0, float("inf"), 5.0)] == [None, 0.0, None, 5.0]


prices = st.one_of(st.none(), st.floats(0.01, 1e6))


@given(prices, prices, prices)
def test_no_book_is_ever_crossed(bid: float | None, ask: float | None, reference: float | None) -> None:
    sound = sound_book(bid, ask, reference)
    assert sound[0] in (bid, None)
    assert sound[1] in (ask, None)
    assert sound[0] is None or sound[1] is None or sound[0] <= sound[1]


@given(st.lists(st.floats(), max_size=50))
def test_an_accepted_price_is_always_finite_and_positive(prices: list[float]) -> None:
    sieve = TickFilter()
    accepted = [price for price in prices if judge(sieve, price)]
    assert all(0 < price < float("inf") for price in accepted)
