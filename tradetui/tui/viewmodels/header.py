"""The status line that is always on the screen.

The invariant: mode, trading state and the kill key never give way to anything, and a state that the core no longer
confirms carries a question mark.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.tui.operator import Status
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import NONE, age, clock, masked_account, money, zone_label
from tradetui.tui.viewmodels.model import Tone
from tradetui.tui.viewmodels.picture import Picture

_STATE_TONES = {"RUN": Tone.CALM, "PAUSED": Tone.CAUTION, "HALTED": Tone.ALARM, "KILLED": Tone.ALARM}
_MODE_TONES = {"PAPER": Tone.PAPER, "LIVE": Tone.LIVE}


@dataclass(frozen=True, slots=True)
class HeaderItem:
    """A piece of the header. Priority 0 always stays; the highest goes first when room is short."""

    text: str
    tone: Tone
    priority: int
    right: bool = False


@dataclass(frozen=True, slots=True)
class HeaderView:
    """The header's pieces, left to right."""

    items: tuple[HeaderItem, ...]


def header_view(picture: Picture) -> HeaderView:
    """Return the header of this moment."""
    items = (
        HeaderItem(f" {picture.mode} ", _MODE_TONES.get(picture.mode, Tone.CAUTION), 0),
        _state(picture),
        HeaderItem(masked_account(rows.text(picture.core, "account")) or "no account", Tone.LABEL, 4),
        _link(picture),
        _data_age(picture),
        _day_pnl(picture),
        _alerts(picture),
        _clock(picture),
    )
    return HeaderView(tuple(item for item in items if item.text))


def kill_hint_view() -> HeaderView:
    """Return what must be said even in the smallest window."""
    return HeaderView((HeaderItem(" ^X KILL ", Tone.ALARM, 0),))


def fit_header(view: HeaderView, width: int) -> tuple[tuple[HeaderItem, ...], int]:
    """Return the items that fit into `width` cells and the blank cells between the left ones and the right ones.

    Items are separated by one blank. When even the items of priority 0 do not fit, the last of them are cut by the
    edge of the screen.
    """
    kept = list(view.items)
    while len(kept) > 1 and _width(kept) > width:
        worst = max(kept, key=lambda item: item.priority)
        if worst.priority == 0:
            break
        kept.remove(worst)
    return tuple(kept), max(width - _width(kept), 0)


def _width(items: list[HeaderItem]) -> int:
    return sum(len(item.text) for item in items) + max(len(items) - 1, 0)


def _state(picture: Picture) -> HeaderItem:
    kill = picture.kill
    if kill is not None and picture.trading_state != "KILLED" and kill.status is not Status.DENIED:
        word = "KILL PENDING" if kill.status is Status.PENDING else "KILL NOT CONFIRMED"
        return HeaderItem(f" {word} ", Tone.ALARM, 0)
    state = picture.trading_state
    if not state:
        return HeaderItem(" STATE UNKNOWN ", Tone.CAUTION, 0)
    if not picture.link.live:
        return HeaderItem(f" {state}? ", Tone.CAUTION, 0)
    return HeaderItem(f" {state} ", _STATE_TONES.get(state, Tone.CAUTION), 0)


def _link(picture: Picture) -> HeaderItem:
    if not picture.link.live:
        return HeaderItem(f"core {picture.link.phase}", Tone.BAD, 1)
    state = rows.text(picture.single("link"), "state")
    if state == "READY":
        return HeaderItem("IB ready", Tone.GOOD, 2)
    return HeaderItem(f"IB {state or 'unknown'}", Tone.BAD, 1)


def _data_age(picture: Picture) -> HeaderItem:
    ages = [rows.number(row, "age_s") for row in picture.section("symbols").values()]
    known = [seconds for seconds in ages if seconds is not None]
    # What the core said last has grown older since, when it has fallen silent.
    silent = 0.0 if picture.link.live else picture.link.for_s
    oldest = max(known) + silent if known else None
    tone = Tone.DIM if oldest is not None and oldest < 10 else Tone.WARN
    return HeaderItem(f"data {age(oldest)}", tone, 5)


def _day_pnl(picture: Picture) -> HeaderItem:
    pnl = rows.number(picture.single("account"), "day_pnl")
    tone = Tone.DIM if pnl is None else Tone.BAD if pnl < 0 else Tone.GOOD
    mark = "*" if rows.flag(picture.single("account"), "provisional") and pnl is not None else ""
    return HeaderItem(f"day {money(pnl)}{mark}", tone, 3, right=True)


def _alerts(picture: Picture) -> HeaderItem:
    undelivered = rows.whole(picture.single("alerting"), "undelivered") or 0
    if undelivered:
        return HeaderItem(f"{undelivered} alerts UNDELIVERED", Tone.BAD, 2, right=True)
    if "alerts" not in picture.state:
        return HeaderItem("", Tone.DIM, 3, right=True)
    waiting = picture.unacknowledged
    return HeaderItem(f"alerts {waiting}", Tone.WARN if waiting else Tone.DIM, 3, right=True)


def _clock(picture: Picture) -> HeaderItem:
    core = picture.core
    market = rows.whole(core, "market_ns")
    if market is None:
        return HeaderItem(NONE, Tone.DIM, 2, right=True)
    speed = rows.number(core, "speed")
    fast = "" if speed is None or speed == 1 else f" x{speed:g}"
    return HeaderItem(
        f"{clock(market, picture.zone)} {zone_label(market, picture.zone)}{fast}",
        Tone.STRONG if picture.link.live else Tone.DIM,
        2,
        right=True,
    )
