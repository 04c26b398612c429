"""Where each value of a configuration came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradetui.config.layers import Layer
from tradetui.config.toml_lines import KeyPath

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Origins:
    """The layers of a configuration in falling priority, asked which of them gave a value."""

    layers: Sequence[Layer]
    general: Layer
    """The part of config.toml that holds for every profile."""

    def of(self, path: KeyPath) -> str:
        """Return the place that set the key; it starts with "default" where nobody did."""
        for layer in self.layers:
            if layer.holds(path):
                return layer.place_of(path) or DEFAULT
        return DEFAULT

    def is_set(self, path: KeyPath) -> bool:
        """Return whether the operator, or the profile, set the key anywhere."""
        return not self.of(path).startswith(DEFAULT)

    def is_general(self, path: KeyPath) -> bool:
        """Return whether the value comes from the part of config.toml that is not written for one profile."""
        winner = next((layer for layer in self.layers if layer.holds(path)), None)
        return winner is self.general
