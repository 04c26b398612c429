"""The room in which the six panels stand, arranged by the plan for its size."""

from __future__ import annotations

from collections.abc import Iterator

from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from tradetui.tui.viewmodels.plan import PANELS, QUOTES, Slot, plan
from tradetui.tui.widgets.grid import GridPanel


class _PlannedLayout(Layout):
    """Places each panel in its slot; a panel without one is not placed and so not shown."""

    name = "planned"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Return the placements of the panels of a Board."""
        if not isinstance(parent, Board):
            raise TypeError("this layout arranges a Board only")
        slots = parent.slots(size)
        placements: ArrangeResult = []
        for order, child in enumerate(children):
            slot = slots.get(child.id or "")
            if slot is not None:
                region = Region(slot.x, slot.y, slot.width, slot.height)
                placements.append(WidgetPlacement(region, NULL_OFFSET, NULL_SPACING, child, order))
        return placements


class Board(Widget):
    """The panels. `maximised` names the one that has all the room, empty when none has."""

    def __init__(self) -> None:
        super().__init__(id="board")
        self._planned = _PlannedLayout()
        self._row_counts: dict[str, int] = {}
        self._panels = {name: GridPanel(number, name) for number, name in enumerate(PANELS, start=1)}
        self.maximised = ""
        self.front = QUOTES

    @property
    def layout(self) -> Layout:
        """The layout by plan."""
        return self._planned

    def compose(self) -> Iterator[GridPanel]:
        """Yield the panels in the order of their numbers."""
        yield from self._panels.values()

    def panel(self, name: str) -> GridPanel:
        """Return the panel `name`."""
        return self._panels[name]

    def slots(self, size: Size) -> dict[str, Slot]:
        """Return the plan for a room of `size`."""
        return plan(size.width, size.height, self._row_counts, focus=self.front, maximised=self.maximised)

    def fit_to(self, row_counts: dict[str, int]) -> None:
        """Plan anew when the numbers of rows ask for another division."""
        if row_counts == self._row_counts:
            return
        before = self.slots(self.size)
        self._row_counts = row_counts
        if self.slots(self.size) != before:
            self.arrange_again()

    def maximise(self, name: str) -> None:
        """Give panel `name` all the room; an empty name gives the room back."""
        self.maximised = name
        self.arrange_again()

    def bring_forward(self, name: str) -> None:
        """Make `name` the panel that is shown where there is room for one."""
        self.front = name
        if name not in self.slots(self.size):
            self.maximised = self.maximised and name
        self.arrange_again()

    def arrange_again(self) -> None:
        """Place the panels by the plan of now."""
        self.mark_edges()
        # The layout depends on more than Textual keys its cache by: rows, focus and zoom.
        self._clear_arrangement_cache()
        self.refresh(layout=True)

    def mark_edges(self) -> None:
        """Tell each panel whether another one stands to its left."""
        for name, slot in self.slots(self.size).items():
            self.panel(name).set_divided(slot.divided)

    def on_resize(self) -> None:
        """Follow the window."""
        self.mark_edges()
