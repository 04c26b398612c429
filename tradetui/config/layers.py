"""The places a value can come from, each read into one layer: a tree of values, and where each of them stands.

Layers in rising priority: built-in defaults of the profile, config.toml, its [profile.NAME] tables, `.env`, the
environment, and what the profile fixes. The invariant: every value keeps its origin, so that a complaint can name it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream

from tradetui.config import toml_lines
from tradetui.config.env_names import key_path, known_names
from tradetui.config.problems import Problem, near
from tradetui.config.schema import normal_path, parse_text
from tradetui.config.secret import SECRET_NAMES
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
        """Return where the key, or the innermost key around it, stands."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return None


@dataclass(frozen=True, slots=True)
class TomlFile:
    """config.toml in parts: the base layer and one layer per profile table."""

    base: Layer
    profiles: dict[str, Layer]
    problems: list[Problem]


def read_toml(path: Path, profiles: Iterable[str]) -> TomlFile:
    """Return the layers of a config.toml; problems instead of values where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        return _unreadable(path.name, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        return _unreadable(path.name, "is not UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        return _unreadable(path.name, f"is not valid TOML: {error}")
    lines = toml_lines.key_lines(text)
    places = {key: f"{path.name}:{line}" for key, line in lines.items()}
    problems: list[Problem] = []
    tree.pop("default_profile", None)  # read by tradetui.home, before any profile is known
    tables = tree.pop("profile", {})
    if not isinstance(tables, dict):
        problems.append(Problem(places[("profile",)], "profile", "is a table: write default_profile = \"paper\""))
        tables = {}
    layers = {}
    for name, table in tables.items():
        place = places[("profile", name)]
        if name not in profiles:
            problems.append(Problem(place, f"profile.{name}", f"no such profile{near(name, profiles)}"))
        elif not isinstance(table, dict):
            problems.append(Problem(place, f"profile.{name}", "must be a table"))
        else:
            own = {key[2:]: found for key, found in places.items() if key[:2] == ("profile", name)}
            layers[name] = Layer(table, own)
    return TomlFile(Layer(tree, places), layers, problems)


def read_dotenv(path: Path) -> tuple[Layer, list[Problem]]:
    """Return the layer of a `.env` file (empty when there is none) and what is wrong in it."""
    problems: list[Problem] = []
    values: dict[str, tuple[str, str]] = {}
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except FileNotFoundError:
        return Layer({}), []
    except (OSError, UnicodeDecodeError):
        return Layer({}), [Problem(path.name, "", "cannot be read as text")]
    for binding in bindings:
        place = f"{path.name}:{binding.original.line}"
        if binding.error:
            problems.append(Problem(place, "", "is not NAME=value"))
        elif binding.key in SECRET_NAMES:
            # Left where it is for the alert worker: this process must not hold it.
            problems += _open_to_others(path, place, binding.key)
        elif binding.key is not None:
            if binding.key not in known_names() and key_path(binding.key) is None:
                hint = near(binding.key, known_names())
                problems.append(Problem(place, binding.key, f"unknown name{hint}"))
            values[binding.key] = (binding.value or "", place)
    layer, more = _from_names(values)
    return layer, problems + more


def read_environment(environ: Mapping[str, str]) -> tuple[Layer, list[Problem]]:
    """Return the layer of the process environment and what is wrong in it."""
    return _from_names({name: (text, "environment") for name, text in sorted(environ.items())})


def _from_names(values: Mapping[str, tuple[str, str]]) -> tuple[Layer, list[Problem]]:
    tree: dict[str, Any] = {}
    places: dict[KeyPath, str] = {}
    problems: list[Problem] = []
    for name, (text, source) in values.items():
        raw = key_path(name)
        # An empty value is how shells and compose files write "not set".
        if raw is None or not text:
            continue
        path = normal_path(raw)
        place = f"{source} {name}"
        value = parse_text(path, text)
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        if path in places and node[path[-1]] != value:
            problems.append(Problem(place, ".".join(path), f"contradicts {places[path]}; set only one of them"))
        node[path[-1]] = value
        places[path] = place
    return Layer(tree, places), problems


def _open_to_others(path: Path, place: str, name: str) -> list[Problem]:
    if not path.stat().st_mode & 0o077:
        return []
    return [Problem(place, name, f"holds a secret but the file is open to other users; run: chmod 600 {path}")]


def _unreadable(name: str, reason: str) -> TomlFile:
    return TomlFile(Layer({}), {}, [Problem(name, "", reason)])
