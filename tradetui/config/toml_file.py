"""config.toml as layers: one that holds for every profile, and one for each [profile.NAME] table."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradetui.config import toml_lines
from tradetui.config.layers import Layer
from tradetui.config.problems import Problem, near
from tradetui.config.toml_lines import KeyPath


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The parts of a config.toml, and what is wrong with it as a file."""

    base: Layer = field(default_factory=lambda: Layer({}))
    profiles: dict[str, Layer] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_toml(path: Path, profiles: Collection[str]) -> TomlFile:
    """Return the layers of a config.toml; a problem instead of values where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        return TomlFile(problems=[Problem(path.name, "", f"cannot be read: {error.strerror}")])
    except UnicodeDecodeError:
        return TomlFile(problems=[Problem(path.name, "", "is not UTF-8 text")])
    except tomllib.TOMLDecodeError as error:
        reason, _, line = str(error).partition(" (at line ")
        place = f"{path.name}:{line.partition(',')[0]}" if line else path.name
        return TomlFile(problems=[Problem(place, "", f"is not valid TOML: {reason}")])
    places = {key: f"{path.name}:{line}" for key, line in toml_lines.key_lines(text).items()}
    problems = _check_default_profile(tree, places, profiles)
    layers = _profile_layers(tree, places, profiles, problems)
    return TomlFile(Layer(tree, places), layers, problems)


def _check_default_profile(
    tree: dict[str, Any], places: dict[KeyPath, str], profiles: Collection[str]
) -> list[Problem]:
    # Only checked here: tradetui.home reads it, before any profile is known.
    name = tree.pop("default_profile", None)
    if name is None or name in profiles:
        return []
    return [Problem(places[("default_profile",)], "default_profile", f"must be one of {', '.join(profiles)}")]


def _profile_layers(
    tree: dict[str, Any], places: dict[KeyPath, str], profiles: Collection[str], problems: list[Problem]
) -> dict[str, Layer]:
    # Takes the profile tables out of the tree.
    tables = tree.pop("profile", {})
    if not isinstance(tables, dict):
        reason = f'is a table; to choose one, write default_profile = "{tables}"'
        problems.append(Problem(places[("profile",)], "profile", reason))
        return {}
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
    return layers
