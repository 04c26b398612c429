"""The effective configuration as text or JSON: every value with its origin, credentials masked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tradetui.config.load import LoadedConfig
from tradetui.config.model import config_hash
from tradetui.config.secret import MASK
from tradetui.config.toml_lines import KeyPath

NOT_SET = "not set"


def rows(loaded: LoadedConfig, secrets: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row per value with its key, value (None where unset) and origin.

    `secrets` gives the origin of each credential by name; their rows hold a mask, never the credential.
    """
    tree = loaded.config.model_dump(mode="json")
    found = [
        {"key": ".".join(path), "value": value, "origin": loaded.origins.of(path)} for path, value in _leaves(tree, ())
    ]
    hidden = [
        {"key": name, "value": None if origin == NOT_SET else MASK, "origin": origin}
        for name, origin in secrets.items()
    ]
    return found + hidden


def as_text(loaded: LoadedConfig, secrets: Mapping[str, str]) -> str:
    """Return the rows as aligned lines `key = value  # origin`, after the profile and the hash."""
    lines = [(f"{row['key']} = {_written(row['value'])}", row["origin"]) for row in rows(loaded, secrets)]
    width = min(60, max(len(left) for left, _ in lines))
    head = f"# profile {loaded.config.profile}, config hash {config_hash(loaded.config)}"
    return "\n".join([head, *(f"{left:<{width}}  # {origin}" for left, origin in lines)])


def as_json(loaded: LoadedConfig, secrets: Mapping[str, str]) -> str:
    """Return an object with `profile`, `hash` and `values`, the rows."""
    return json.dumps(
        {
            "profile": loaded.config.profile,
            "hash": config_hash(loaded.config),
            "values": rows(loaded, secrets),
        },
        indent=2,
    )


def _leaves(node: Mapping[str, Any], path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _written(value: object) -> str:
    if value is None:
        return NOT_SET
    return MASK if value == MASK else json.dumps(value, ensure_ascii=False)
