"""Cell painting: whatever was drawn, dropped or sent, the terminal ends up as wanted, for the fewest bytes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from tests.tui.screens_of_bytes import Glass
from tradetui.tui.term.cells import PLAIN, Cells, Look, look_of

WIDTH, HEIGHT = 14, 4
styles = st.sampled_from(
    (
        None,
        Style(),
        Style(color="red"),
        Style(color="#102030", bgcolor="#405060"),
        Style(bold=True, color="green"),
        Style(reverse=True),
        Style(bgcolor="blue", underline=True),
        Style(bgcolor="blue", italic=True, bold=True, color="#102030"),
    )
)
texts = st.text(alphabet="ab ─▲漢", max_size=8)
puts = st.tuples(st.integers(-3, WIDTH + 2), st.integers(-1, HEIGHT), st.lists(st.tuples(texts, styles), max_size=3))


def put(cells: Cells, x: int, y: int, parts: list[tuple[str, Style | None]]) -> None:
    cells.put(x, y, [Segment(text, style) for text, style in parts])


@given(st.lists(st.tuples(puts, st.booleans()), max_size=25))
def test_what_is_sent_bit_by_bit_equals_what_is_sent_at_once(steps: list[tuple[object, bool]]) -> None:
    changing, glass = Cells(WIDTH, HEIGHT, ColorSystem.TRUECOLOR), Glass(WIDTH, HEIGHT)
    for drawn, sent in steps:
        put(changing, *drawn)  # type: ignore[misc]
        if sent:
            glass.feed(changing.take_changes())
    glass.feed(changing.take_changes())
    changing.forget_shown()
    fresh = Glass(WIDTH, HEIGHT)
    fresh.feed(changing.take_changes())
    assert glass.cells == fresh.cells


def test_a_picture_that_was_not_sent_costs_nothing_when_it_is_undone() -> None:
    cells = Cells(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    put(cells, 0, 0, [("price 1", None)])
    cells.take_changes()
    put(cells, 0, 0, [("price 2", None)])
    put(cells, 0, 0, [("price 1", None)])
    assert cells.take_changes() == ""


def test_one_changed_digit_is_one_short_write() -> None:
    cells = Cells(80, 24, ColorSystem.TRUECOLOR)
    style = Style(color="#d0d7de", bgcolor="#0d1117")
    put(cells, 0, 5, [("SPY  512.34  +0.12%".ljust(80), style)])
    cells.take_changes()
    put(cells, 0, 5, [("SPY  512.35  +0.12%".ljust(80), style)])
    sent = cells.take_changes()
    assert sent.startswith("\x1b[6;11H")
    assert sent.endswith("5\x1b[0m")
    assert len(sent) < 60


def test_repainting_the_same_sends_nothing() -> None:
    cells = Cells(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    put(cells, 0, 0, [("same", Style(color="red"))])
    cells.take_changes()
    put(cells, 0, 0, [("same", Style(color="red"))])
    assert cells.take_changes() == ""


def test_every_frame_leaves_the_terminal_without_colours() -> None:
    cells = Cells(WIDTH, HEIGHT, ColorSystem.TRUECOLOR)
    put(cells, 0, 0, [("x", Style(color="red", bold=True))])
    assert cells.take_changes().endswith("\x1b[0m")


def test_only_the_colour_that_differs_is_sent() -> None:
    one, other = Look("1", "31", "44"), Look("1", "32", "44")
    assert other.after(one) == "\x1b[32m"
    assert Look("", "31", "48;2;1;2;3").after(Look("", "", "48;2;1;2;3")) == "\x1b[31m"
    assert Look("", "", "48;2;1;2;3").after(Look("", "31", "48;2;1;2;3")) == "\x1b[39m"
    # Ending everything is the shortest way to nothing.
    assert PLAIN.after(Look("", "31", "44")) == "\x1b[0m"
    assert PLAIN.after(one) == "\x1b[0m"
    assert one.after(one) == ""


def test_an_attribute_is_switched_without_sending_the_colours_again() -> None:
    colours = ("38;2;208;215;222", "48;2;13;17;23")
    plain, bold, dim = Look("", *colours), Look("1", *colours), Look("2", *colours)
    assert bold.after(plain) == "\x1b[1m"
    assert plain.after(bold) == "\x1b[22m"
    assert dim.after(Look("1;2", *colours)) == "\x1b[22;2m"
    assert Look("1;4", *colours).after(bold) == "\x1b[4m"
    # Not every terminal knows how to end these.
    assert bold.after(Look("21", *colours)) == f"\x1b[0;1;{';'.join(colours)}m"


def test_colours_are_brought_down_to_what_the_terminal_has() -> None:
    style = Style(color="#ff0000", bgcolor="#000000", bold=True)
    assert look_of(style, ColorSystem.TRUECOLOR) == Look("1", "38;2;255;0;0", "48;2;0;0;0")
    assert look_of(style, ColorSystem.STANDARD) == Look("1", "31", "40")
