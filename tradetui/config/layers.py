"""One layer of configuration: a tree of values from one source, and where each of them stands.

Layers in rising priority: built-in defaults of the profile, config.toml, its [profile.NAME] tables, `.env`, the
environment, and what the profile fixes. The invariant: every value keeps its origin, so that a complaint can name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradetui.config.toml_lines import KeyPath


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of values: nested dictionaries, and the place (file and line, or name) of each key in them."""

    tree: dict[str, Any]
    places: Mapping[KeyPath, str] = field(default_factory=dict)

    def holds(self, path: KeyPath) -> bool:
        """Return whether the layer sets the key, or a key inside it."""
        node: object = self.tree
        for part in path:
            if not isinstance(node, dict) or part not in node:
                return False
            node = node[part]
        return True

    def place_of(self, path: KeyPath) -> str | None:
        """Return where the key, or the innermost key around it, or else a key inside it, stands."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return next((place for key, place in self.places.items() if key[: len(path)] == path), None)
