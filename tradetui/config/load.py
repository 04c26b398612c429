"""Reading a home's configuration for one profile: all layers, all problems at once, or one frozen Config.

The invariant: a Config exists only when every key of every source is known, well-typed and free of contradiction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tradetui.config.checks import contradictions, lowered_defaults
from tradetui.config.complaints import complaints
from tradetui.config.env_layers import read_dotenv, read_environment
from tradetui.config.layers import Layer
from tradetui.config.model import Config
from tradetui.config.origins import Origins
from tradetui.config.problems import ConfigError, Problem
from tradetui.config.toml_file import TomlFile, read_toml
from tradetui.home import PROFILES, Paths

_CHOSEN = "chosen at the start"

# What differs from the general defaults before the operator has said anything.
# The demo's day passes in minutes, and in a made-up market a run of losses says nothing: what ends a strategy's day
# elsewhere lies further off there.
_PROFILE_DEFAULTS: dict[str, dict[str, Any]] = {
    "demo": {
        "clock": {"speed": 60.0},
        "risk": {
            "max_losing_streak": 1_000,
            "max_round_trips": 1_000,
            "max_denials": 1_000,
            "max_rejects": 1_000,
            "max_slippage_bps": 1_000.0,
            "max_messages_per_minute": 100_000,
            "max_orders_per_fill": 100_000.0,
        },
    }
}


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A configuration together with the origin of each value."""

    config: Config
    origins: Origins


def load_config(home: Path, profile: str, environ: Mapping[str, str]) -> Config:
    """Return the configuration of `home` for `profile`, with `environ` on top.

    Raises:
        ConfigError: something is unknown, ill-typed, unsafe or contradictory; it lists every problem found.
    """
    return load_with_origins(home, profile, environ).config


def load_with_origins(home: Path, profile: str, environ: Mapping[str, str]) -> LoadedConfig:
    """Return what `load_config` returns, with the origin of each value.

    Raises:
        ConfigError: as `load_config`.
    """
    paths = Paths(home, profile)
    toml = read_toml(paths.config_file, PROFILES)
    dotenv, dotenv_problems = read_dotenv(paths.env_file)
    environment, environment_problems = read_environment(environ)
    problems = [*toml.problems, *dotenv_problems, *environment_problems]
    set_by_operator = (environment, dotenv, toml.profiles.get(profile, Layer({})), toml.base)
    layers = (_fixed(profile, set_by_operator), *set_by_operator, _defaults(profile))
    origins = Origins(layers, toml.base)
    config, invalid = _build(layers)
    problems += invalid
    problems += _problems_of_other_profiles(profile, toml)
    if config is not None:
        problems += contradictions(config, origins, home)
    if config is None or problems:
        raise ConfigError(problems)
    return _with_lowered_defaults(config, origins)


def _with_lowered_defaults(config: Config, origins: Origins) -> LoadedConfig:
    layers = (lowered_defaults(config, origins), *origins.layers)
    sources: dict[str, Any] = {"layers": layers}
    return LoadedConfig(Config(**sources), Origins(layers, origins.general))


def _build(layers: Sequence[Layer]) -> tuple[Config | None, list[Problem]]:
    sources: dict[str, Any] = {"layers": tuple(layers)}
    try:
        return Config(**sources), []
    except ValidationError as error:
        return None, complaints(error, layers)


def _problems_of_other_profiles(profile: str, toml: TomlFile) -> list[Problem]:
    # A slip in [profile.live] is told today, while trading on paper, and not on the first live morning.
    found: list[Problem] = []
    for name, layer in toml.profiles.items():
        if name != profile:
            _, problems = _build((Layer({"profile": name}), layer, toml.base))
            found += [problem for problem in problems if problem.place in layer.places.values()]
    return found


def _defaults(profile: str) -> Layer:
    return Layer(_PROFILE_DEFAULTS.get(profile, {}))


def _fixed(profile: str, layers: Sequence[Layer]) -> Layer:
    if profile != "demo":
        return Layer({"profile": profile}, {("profile",): _CHOSEN})
    # IB_PORT or [broker] name a real gateway: the demo must not be able to reach it, whatever is set.
    broker: dict[str, Any] = {"host": "127.0.0.1", "account": None}
    for layer in layers:
        if layer.holds(("demo", "port")):
            broker["port"] = layer.tree["demo"]["port"]
            break
    else:
        broker["port"] = Config.model_fields["demo"].default.port
    return Layer(
        {"profile": profile, "broker": broker}, {("profile",): _CHOSEN, ("broker",): "fixed by the demo profile"}
    )
