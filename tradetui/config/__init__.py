"""The operator's configuration: typed, strict, every value with its origin, no secrets.

Names resolve on first use, so that `tradetui.config.secret` can be imported without paying for pydantic.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradetui.config.load import load_config as load_config
    from tradetui.config.model import Config as Config
    from tradetui.config.model import config_hash as config_hash
    from tradetui.config.problems import ConfigError as ConfigError

_HOMES = {
    "Config": "tradetui.config.model",
    "ConfigError": "tradetui.config.problems",
    "config_hash": "tradetui.config.model",
    "load_config": "tradetui.config.load",
}

__all__ = ["Config", "ConfigError", "config_hash", "load_config"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
