"""The simulation finds planted bugs: a sample here, all of them with `python -m tests.mutants`."""

from __future__ import annotations

import os

import pytest

from tests.mutants.hunt import PATCHES, fits, hunt, names

#: One mutant of each part; each is found within a few episodes.
SAMPLE = (
    "decide_bar_is_not_consumed",
    "fills_filled_counts_reports",
    "flatten_closes_before_cancels_end",
    "gate_one_working_allows_two",
    "ledger_adds_corrections",
    "orders_10148_means_cancelled",
    "reconcile_one_look_proves_absence",
    "restore_forgets_latches",
)


def test_there_are_mutants_of_every_part() -> None:
    parts = {name.partition("_")[0] for name in names()}
    assert {"gate", "ledger", "reconcile", "orders", "fills", "flatten", "restore", "decide"} <= parts
    assert len(names()) >= 30


def test_a_mutant_changes_one_place_of_one_file() -> None:
    for name in names():
        text = (PATCHES / f"{name}.patch").read_text()
        assert text.count("\n@@") == 1, name
        assert text.count("\n+++ ") == 1, name


def test_every_mutant_still_fits_the_source() -> None:
    assert [name for name in names() if not fits(name)] == []


@pytest.mark.skipif("TRADETUI_MUTANTS" not in os.environ, reason="takes minutes: set TRADETUI_MUTANTS=1")
@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_a_planted_bug_is_found(name: str) -> None:
    assert hunt(name, limit=100).reason
