"""What the view models are made from, at one moment: the core's state, the link to it, the operator's commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from tradetui.control.messages import Row, Section
from tradetui.tui.link import LinkStatus
from tradetui.tui.operator import OperatorLine, Sent
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import exchange_zone
from tradetui.tui.viewmodels.glyphs import BRAILLE, Glyphs
from tradetui.tui.viewmodels.model import Line, Span, Tone

_NO_ROW: Row = {}
_NO_ROWS: Section = {}
#: Order states that may stand at the broker. A state this list lacks is treated as live: rather shown than hidden.
_CLOSED = frozenset({"NEW", "DENIED", "FILLED", "CANCELLED", "REJECTED", "EXPIRED", "LOST", "LATE_FILL", "OVERFILL"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One moment. `acknowledged` is the number of the newest alert that was looked at on this screen."""

    state: Mapping[str, Section]
    link: LinkStatus
    glyphs: Glyphs = BRAILLE
    kill: Sent | None = None
    flatten: Sent | None = None
    latest: Sent | None = None
    latest_age_s: float = 0.0
    lines: tuple[OperatorLine, ...] = field(default=())
    acknowledged: int = 0

    def section(self, name: str) -> Section:
        """Return the rows of section `name`."""
        return self.state.get(name, _NO_ROWS)

    def single(self, name: str) -> Row:
        """Return the one row of section `name`, empty when the core has not said."""
        return self.section(name).get(name, _NO_ROW)

    @property
    def core(self) -> Row:
        """The core's row."""
        return self.single("core")

    @property
    def trading_state(self) -> str:
        """RUN, PAUSED, HALTED, KILLED, or empty when the core has not said."""
        return rows.text(self.core, "state")

    @property
    def mode(self) -> str:
        """PAPER, LIVE or UNKNOWN."""
        mode = rows.text(self.core, "mode")
        return mode if mode in ("PAPER", "LIVE") else "UNKNOWN"

    @property
    def zone(self) -> tzinfo:
        """The exchange's time zone, UTC when the core has not named it."""
        return exchange_zone(rows.text(self.core, "exchange_tz"))

    @property
    def broker_ready(self) -> bool:
        """Whether the core is in step with the broker now, as far as we hear the core."""
        return self.link.live and rows.text(self.single("link"), "state") == "READY"

    @property
    def unacknowledged(self) -> int:
        """How many alerts nobody has looked at, here or on another screen of this core."""
        read = max(self.acknowledged, rows.whole(self.core, "acknowledged") or 0)
        return sum(1 for key in self.section("alerts") if key.isdigit() and int(key) > read)

    def nothing_in(self, section: str, said: str) -> Line:
        """Return what to say of a section without rows: `said` when the core told so, that it is unknown when not."""
        if section in self.state:
            return (Span(said, Tone.DIM),)
        return (Span("UNKNOWN", Tone.CAUTION), Span(" until the core was heard", Tone.DIM))

    def live_orders(self) -> list[tuple[str, Row]]:
        """Return (key, row) of the orders that may stand at the broker."""
        return [(key, row) for key, row in self.section("orders").items() if is_live(row)]


def is_live(order: Row) -> bool:
    """Return whether `order` may stand at the broker, by the core's word or, lacking that, by its state."""
    live = order.get("live")
    return live if isinstance(live, bool) else rows.text(order, "state") not in _CLOSED
