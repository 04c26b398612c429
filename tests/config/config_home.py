"""A home to write configuration into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tradetui.config import Config, ConfigError, load_config


@dataclass(frozen=True)
class Home:
    """A folder with a config.toml, loaded with an environment that holds nothing but what the test gives."""

    path: Path

    @classmethod
    def empty(cls, path: Path) -> Home:
        return cls(path).write("")

    def write(self, toml: str, dotenv: str = "") -> Home:
        (self.path / "config.toml").write_text(toml, encoding="utf-8")
        env_file = self.path / ".env"
        env_file.write_text(dotenv, encoding="utf-8")
        env_file.chmod(0o600)
        return self

    def load(self, profile: str = "paper", environ: Mapping[str, str] | None = None) -> Config:
        return load_config(self.path, profile, environ or {})

    def problems(self, profile: str = "paper", environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(profile, environ)
        return [str(problem) for problem in caught.value.problems]
