"""IB's spellings of time read back to the same moment, whatever zone they name."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.clock import SECOND_NS, to_ns
from tradetui.gateway.session import times

moments = st.integers(631_152_000, 2_208_988_800).map(lambda seconds: seconds * SECOND_NS)


@given(moments)
def test_dashed_and_zoned_spellings_read_back(ns: int) -> None:
    assert times.parse(times.dashed(ns)) == ns
    back = times.parse(times.zoned(ns))
    # The hour that autumn repeats is told twice; everything else is exact.
    assert back in (ns, ns - 3600 * SECOND_NS)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("20260316 10:00:00 US/Eastern", "2026-03-16T14:00:00"),
        ("20260316  10:00:00", "2026-03-16T14:00:00"),
        ("20260316 10:00", "2026-03-16T14:00:00"),
        ("20260316 14:00:00 UTC", "2026-03-16T14:00:00"),
        ("20260316 14:00:00 GMT", "2026-03-16T14:00:00"),
        ("20260316 10:00:00 EST", "2026-03-16T14:00:00"),
        ("20260316 07:00:00 America/Los_Angeles", "2026-03-16T14:00:00"),
        ("20260316-14:00:00", "2026-03-16T14:00:00"),
        ("20260316", "2026-03-16T04:00:00"),
    ],
)
def test_every_spelling_clients_use_is_understood(text: str, utc: str) -> None:
    assert times.parse(text) == to_ns(datetime.fromisoformat(utc + "+00:00"))


@pytest.mark.parametrize("text", ["tomorrow", "20261301", "20260316 25:00:00", "20260316 10:00:00 Mars/Base", "-", "2"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        times.parse(text)


def test_older_clients_get_two_spaces_and_no_zone() -> None:
    ns = to_ns(datetime(2026, 3, 16, 14, tzinfo=UTC))
    assert times.stamp(ns, 173) == "20260316  10:00:00"
    assert times.stamp(ns, 174) == "20260316 10:00:00 US/Eastern"
