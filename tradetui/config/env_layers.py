"""`.env` and the process environment as layers.

The invariant: a credential that stands there is passed over, so that it never enters a process that does not need it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dotenv.parser import Original, parse_stream

from tradetui.config.env_names import key_path, known_names
from tradetui.config.layers import Layer
from tradetui.config.problems import Problem, near
from tradetui.config.schema import normal_path, parse_text
from tradetui.config.secret import SECRET_NAMES
from tradetui.config.toml_lines import KeyPath


def read_environment(environ: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    """Return the layer of the process environment and what is wrong in it."""
    return _from_names((name, text, f"environment {name}") for name, text in sorted(environ.items()))


def read_dotenv(path: Path) -> tuple[Layer, list[Problem]]:
    """Return the layer of a `.env` file (empty when there is none) and what is wrong in it."""
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return Layer({}), []
    except (OSError, UnicodeDecodeError):
        return Layer({}), [Problem(path.name, "", "cannot be read as text")]
    problems: list[Problem] = []
    values: list[tuple[str, str, str]] = []
    for binding in bindings:
        place = f"{path.name}:{_line(binding.original)}"
        name = binding.key
        if binding.error:
            problems.append(Problem(place, "", "is not NAME=value"))
        elif name in SECRET_NAMES:
            problems += _open_to_others(path, place, name)
        elif name is not None:
            if name not in known_names() and key_path(name) is None:
                problems.append(Problem(place, name, f"unknown name{near(name, known_names())}"))
            values.append((name, binding.value or "", f"{place} {name}"))
    layer, more = _from_names(values)
    return layer, problems + more


def _from_names(values: Iterable[tuple[str, str, str]]) -> tuple[Layer, list[Problem]]:
    # Each value is a name, its text and its place.
    tree: dict[str, Any] = {}
    places: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    for name, text, place in values:
        raw = key_path(name)
        # An empty value is how shells and compose files write "not set".
        if raw is None or not text:
            continue
        path = normal_path(raw)
        other = _set(tree, path, parse_text(path, text))
        if other is not None:
            problems.append(Problem(place, ".".join(path), f"contradicts {places[other]}; set only one of them"))
        places[path] = place
    return Layer(tree, places), problems


def _set(tree: dict[str, Any], path: KeyPath, value: object) -> KeyPath | None:
    # Puts the value in place; returns the path of an earlier value that it contradicts.
    node = tree
    for depth, part in enumerate(path[:-1], start=1):
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            return path[:depth]
    earlier = node.setdefault(path[-1], value)
    node[path[-1]] = value
    return None if earlier == value or isinstance(earlier, dict) else path


def _line(original: Original) -> int:
    # The parser counts the blank lines before a binding to the binding.
    blank = len(original.string) - len(original.string.lstrip())
    return original.line + original.string.count("\n", 0, blank)


def _open_to_others(path: Path, place: str, name: str) -> list[Problem]:
    if not path.stat().st_mode & 0o077:
        return []
    return [Problem(place, name, f"holds a secret but the file is open to other users; run: chmod 600 {path}")]
