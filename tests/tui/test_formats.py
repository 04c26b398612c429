"""Numbers, times and foreign text as they are shown."""

from __future__ import annotations

import unicodedata
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.tui.viewmodels import formats
from tradetui.tui.viewmodels.glyphs import ASCII, BLOCKS, BRAILLE, Glyphs, glyphs_for
from tradetui.tui.viewmodels.model import Span
from tradetui.tui.viewmodels.wrap import wrap_lines

FORMATS = (formats.price, formats.money, formats.quantity, formats.signed, formats.percent, formats.short, formats.age)


@pytest.mark.parametrize("show", FORMATS)
def test_an_unknown_value_never_reads_as_a_number(show: object) -> None:
    assert callable(show)
    assert show(None) == formats.NONE


@given(st.text(max_size=80))
def test_no_text_from_outside_can_move_the_cursor_or_hide(text: str) -> None:
    shown = formats.plain(text)
    assert shown.isprintable()
    assert not {unicodedata.category(char) for char in shown} & {"Mn", "Me", "Cf", "Cc", "Cs"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain [red]text[/red]", "plain [red]text[/red]"),
        ("\x1b[2J\x1b]0;owned\x07", "?[2J?]0;owned?"),
        ("two\nlines\tand tab", "two lines and tab"),
        ("right\u202eto left", "rightto left"),
        ("e\u0301", "é"),
    ],
)
def test_control_characters_are_shown_as_harmless_ones(text: str, shown: str) -> None:
    assert formats.plain(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (500, "500"), (9500, "9500"), (12_345, "12.3k"), (100_000, "100k"), (1.25e6, "1.25M"), (0.25, "0.25")],
)
def test_short_figures_fit_in_six_characters(value: float, shown: str) -> None:
    assert formats.short(value) == shown


@given(st.floats(-1e11, 1e11))
def test_a_short_figure_never_loses_its_sign_or_its_size(value: float) -> None:
    shown = formats.short(value)
    assert len(shown) <= 8
    unit = {"k": 1e3, "M": 1e6, "G": 1e9}.get(shown[-1], 1.0)
    assert float(shown.rstrip("kMG")) * unit == pytest.approx(value, rel=0.01, abs=0.51)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.0, "<1s"), (1.0, "1s"), (59.9, "59s"), (60.0, "1m"), (7199.0, "1h"), (200_000.0, "2d")]
)
def test_an_age_changes_at_most_once_a_second(seconds: float, shown: str) -> None:
    assert formats.age(seconds) == shown


def test_times_are_shown_in_the_exchange_s_zone_and_daylight_saving_is_kept() -> None:
    winter, summer = 1_768_000_000 * 10**9, 1_783_000_000 * 10**9
    zone = formats.exchange_zone("America/New_York")
    assert (formats.clock(winter, zone), formats.zone_label(winter, zone)) == ("18:06:40", "EST")
    assert (formats.clock(summer, zone), formats.zone_label(summer, zone)) == ("09:46:40", "EDT")


@pytest.mark.parametrize("name", ["", "Nowhere/Atlantis", "../etc/passwd", "\x00"])
def test_an_unknown_zone_falls_back_to_utc(name: str) -> None:
    assert formats.exchange_zone(name) is UTC


def test_an_impossible_time_is_shown_as_unknown() -> None:
    assert formats.clock(10**30) == formats.NONE


@pytest.mark.parametrize(
    ("account", "shown"), [("DU1234567", "DU***4567"), ("U7654321", "U7**4321"), ("1234", "1234"), ("", "")]
)
def test_an_account_is_masked_but_for_what_dialogs_ask_for(account: str, shown: str) -> None:
    assert formats.masked_account(account) == shown


@given(st.lists(st.floats(-1e6, 1e6), max_size=40), st.integers(1, 12), st.sampled_from((BRAILLE, BLOCKS, ASCII)))
def test_a_spark_line_never_leaves_its_room(values: list[float], width: int, glyphs: Glyphs) -> None:
    assert len(glyphs.spark(values, width)) <= width


def test_a_rising_spark_line_rises() -> None:
    line = ASCII.spark([1, 2, 3, 4, 5, 6, 7, 8], 8)
    assert line == ASCII.levels


@pytest.mark.parametrize(("used", "full"), [(-0.1, 0), (0.0, 0), (0.001, 1), (0.5, 4), (0.999, 7), (1.0, 8), (3.0, 8)])
def test_a_meter_is_full_only_at_its_limit_and_empty_only_at_nothing(used: float, full: int) -> None:
    drawn, rest = ASCII.meter(used, 8)
    assert (len(drawn), len(drawn) + len(rest)) == (full, 8)


@pytest.mark.parametrize(
    ("environ", "encoding", "glyphs"),
    [
        ({"TERM": "xterm-256color"}, "utf-8", BRAILLE),
        ({"TERM": "linux"}, "UTF-8", BLOCKS),
        ({"TERM": "xterm"}, "ascii", ASCII),
        ({"TERM": "xterm"}, "ANSI_X3.4-1968", ASCII),
    ],
)
def test_the_terminal_gets_only_glyphs_it_can_show(environ: dict[str, str], encoding: str, glyphs: object) -> None:
    assert glyphs_for(environ, encoding) is glyphs


def test_the_ascii_set_is_ascii() -> None:
    fields = (getattr(ASCII, name) for name in ASCII.__slots__)
    assert all(field.isascii() for field in fields if isinstance(field, str))


@given(st.lists(st.text(alphabet="ab ", max_size=30), max_size=5), st.integers(9, 40))
def test_wrapping_loses_no_word(texts: list[str], width: int) -> None:
    wrapped = wrap_lines([tuple(Span(text + " ") for text in texts)], width)
    words = " ".join(" ".join("".join(span.text for span in line).split()) for line in wrapped)
    assert words.split() == " ".join(texts).split()
