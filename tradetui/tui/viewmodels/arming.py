"""What is shown before a live core is armed: account, limits, and what changed since the last armed session."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.flatten import account_line
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

_LIMITS = "risk."
_MOST = 6
#: What fits the smallest screen together with the changes and the question, the gravest first.
_FIRST = (
    "max_order_qty",
    "max_order_notional",
    "max_position_qty",
    "max_position_notional",
    "max_gross_notional",
    "max_leverage",
    "max_positions",
    "daily_loss_limit",
    "max_drawdown_pct",
    "breaker_action",
    "orders_per_day",
    "long_only",
)


def needs_arming(picture: Picture) -> bool:
    """Return whether this core waits to be armed."""
    return picture.core.get("armed") is False


def arming_lines(picture: Picture) -> tuple[Line, ...]:
    """Return the account, the limits in one paragraph, and the changes."""
    facts = picture.section("arming")
    known = {name: rows.text(row, "now") for name, row in facts.items() if name.startswith(_LIMITS)}
    limits = [f"{name} {known[_LIMITS + name]}" for name in _FIRST if known.get(_LIMITS + name)]
    if len(known) > len(limits):
        limits.append(f"and {len(known) - len(limits)} more")
    return (
        account_line(picture),
        (Span("New exposure until the session has closed. Limits: ", Tone.TEXT), Span(", ".join(limits), Tone.LABEL)),
        *_changes(picture),
    )


def _changes(picture: Picture) -> tuple[Line, ...]:
    last = rows.text(picture.core, "last_armed")
    if not last:
        return ((Span("Never armed before: there is nothing to compare with.", Tone.WARN),),)
    changed = [(name, row) for name, row in picture.section("arming").items() if row.get("now") != row.get("armed")]
    if not changed:
        return ((Span(f"Nothing changed since {last}.", Tone.GOOD),),)
    more = len(changed) - _MOST
    rest: tuple[Line, ...] = ((Span(f"and {more} more: `tradetui arm` lists all", Tone.WARN),),) if more > 0 else ()
    head: Line = (Span(f"Changed since {last}:", Tone.WARN),)
    return (head, *(_change(name, row) for name, row in changed[:_MOST]), *rest)


def _change(name: str, row: Row) -> Line:
    before, now = rows.text(row, "armed") or "-", rows.text(row, "now") or "-"
    return (Span(f"  {name}: ", Tone.TEXT), Span(before, Tone.DIM), Span(f" now {now}", Tone.WARN))
