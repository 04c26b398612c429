"""The configuration as one frozen object, built by pydantic-settings from layers, and its hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from tradetui.config.connection import BrokerConfig, ClockConfig, DemoConfig, MarketConfig
from tradetui.config.layers import Layer
from tradetui.config.limits import RiskConfig
from tradetui.config.operation import (
    AlertsConfig,
    BacktestConfig,
    ExecutionConfig,
    StoreConfig,
    StrategyConfig,
    UiConfig,
)
from tradetui.config.values import Name
from tradetui.domain.bar import BarSize


class Config(BaseSettings):
    """Everything the operator can set, for one profile. Make it with `load_config`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", strict=True, case_sensitive=True)

    profile: Literal["demo", "paper", "live"]
    broker: BrokerConfig = BrokerConfig()
    clock: ClockConfig = ClockConfig()
    market: MarketConfig = MarketConfig()
    strategies: Mapping[Name, StrategyConfig] = Field(default_factory=dict)
    risk: RiskConfig = RiskConfig()
    execution: ExecutionConfig = ExecutionConfig()
    store: StoreConfig = StoreConfig()
    alerts: AlertsConfig = AlertsConfig()
    ui: UiConfig = UiConfig()
    demo: DemoConfig = DemoConfig()
    backtest: BacktestConfig = BacktestConfig()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return only the layers handed in, highest priority first: nothing is read behind the caller's back."""
        layers: tuple[Layer, ...] = init_settings()["layers"]
        return tuple(InitSettingsSource(settings_cls, layer.tree) for layer in layers)

    def symbols_of(self, strategy: str) -> tuple[str, ...]:
        """Return the symbols the named strategy trades."""
        return self.strategies[strategy].symbols or self.market.symbols

    def bar_size_of(self, strategy: str) -> BarSize:
        """Return the bar size the named strategy decides on."""
        return self.strategies[strategy].bar_size or self.market.bar_size

    def allowed_symbols(self) -> tuple[str, ...]:
        """Return the symbols the gate lets through."""
        return self.risk.allowed_symbols or self.market.symbols


def config_hash(config: Config) -> str:
    """Return the SHA-256 (hex) of the configuration's canonical JSON: same settings, same hash, on every machine."""
    canonical = json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
