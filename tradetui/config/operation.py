"""How the program works once it is connected: strategies, execution, journal, alerts, screen, backtest defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tradetui.config.connection import BarSizeKey, Symbols
from tradetui.config.values import (
    Bps,
    Money,
    Phone,
    Quantity,
    Rate,
    Registered,
    Seconds,
    Section,
    StrategyFile,
    TemplateId,
    Theme,
    WebAddress,
)

ParamValue = bool | int | float | str


class StrategyConfig(Section):
    """One running strategy: [strategies.NAME]. NAME marks its orders and its ledger, so it must not be reused."""

    strategy: Registered | None = None
    """Registered name of the strategy class; None means NAME itself."""
    file: StrategyFile | None = None
    """File in the strategies folder that holds the class, when it is not a sample."""
    symbols: Symbols | None = None
    """What it trades; None means every symbol of the market section."""
    bar_size: BarSizeKey | None = None
    """Bars it decides on; None means the market section's."""
    params: Mapping[str, ParamValue] = Field(default_factory=dict)
    """The strategy's own parameters: [strategies.NAME.params]."""
    qty: Quantity | None = None
    """Units per entry: the strategy's parameter `qty`."""
    enabled: bool = True


class ExecutionConfig(Section):
    """How orders are worked. Their type, price and time in force are the strategy's wish."""

    outside_rth: bool = False
    """Whether orders may work outside regular trading hours."""
    unfilled_policy: Literal["keep", "cancel", "reprice", "market"] = "cancel"
    """What happens to a limit order that is not filled in time."""
    unfilled_timeout_s: Seconds = 60.0
    max_reprices: Annotated[int, Field(ge=1, le=20)] = 3
    after_close: Literal["refuse", "next_open"] = "refuse"
    """Whether market orders that daily bars decide after the close wait for the next session's opening auction."""
    unprotected: Literal["replace", "close", "alert"] = "replace"
    """What follows when the protective stop of a position is lost: placed again and closed if that fails, or closed."""
    max_protects: Annotated[int, Field(ge=1, le=20)] = 3
    """How often a lost protective stop is placed again before the position is closed."""


class StoreConfig(Section):
    """The journal."""

    sync: Literal["full", "normal"] = "full"
    """`full` survives a power cut; `normal` may lose the last moments and is refused for live money."""


class AlertsConfig(Section):
    """Messages to the operator. The credentials are not here: see `tradetui.config.secret`."""

    whatsapp: bool = False
    content_sid: TemplateId | None = None
    """Id of the approved WhatsApp template."""
    whatsapp_from: Phone | None = None
    recipients: Annotated[tuple[Phone, ...], Field(strict=False, max_length=10)] = ()
    incident_window_s: Seconds = 300.0
    """Alerts of one incident within this time become one message."""
    max_messages_per_hour: Rate = 20
    api_url: WebAddress = "https://api.twilio.com"
    heartbeat_url: WebAddress | None = None
    """Address pinged while the core is alive, so that an outside service notices when it is not."""
    heartbeat_every_s: Seconds = 60.0


class UiConfig(Section):
    """The screen."""

    theme: Theme = "tradetui"
    refresh_hz: Annotated[float, Field(ge=0.2, le=10, allow_inf_nan=False)] = 2.0
    mouse: bool = False
    """Off: the terminal's own selection and copy keep working."""
    ascii: bool = False
    """Draw with ASCII only, for terminals without line characters."""


class BacktestConfig(Section):
    """Defaults of `tradetui backtest`."""

    cash: Money = 100_000.0
    commission: Literal["ibkr_fixed", "ibkr_tiered", "zero"] = "ibkr_fixed"
    slippage_bps: Bps = 1.0
