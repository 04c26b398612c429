"""Kinds of configuration values. The invariant: no kind admits zero, negative, NaN, infinite or absurd limits.

Validation is strict: a quoted number, a true for 1 and text such as "10,000" are refused, not guessed at.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

# Upper bounds far above anything a private account trades: a value beyond them is a slip or an "unlimited" in disguise.
Money = Annotated[float, Field(gt=0, le=1e9, allow_inf_nan=False)]
"""Money in the account's currency."""

Quantity = Annotated[float, Field(gt=0, le=1e7, allow_inf_nan=False)]
"""Units of an instrument: shares, contracts."""

Percent = Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]
"""Percent: 1.5 means 1.5 %."""

Bps = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
"""Basis points: 100 is 1 %."""

Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
"""Real seconds, measured by the monotonic clock."""

Minutes = Annotated[int, Field(ge=0, le=390)]
"""Minutes of market time."""

Rate = Annotated[int, Field(gt=0, le=100_000)]
"""A number of events in the period that the key names."""

Port = Annotated[int, Field(ge=1, le=65_535)]
"""A TCP port."""

FORMS: dict[str, str] = {}
"""What a text pattern means, in the operator's words."""


def form(pattern: str, words: str) -> FieldInfo:
    """Return the constraint that a text matches `pattern`, which is explained as `words` when it does not."""
    FORMS[pattern] = words
    constraint: FieldInfo = Field(pattern=pattern)
    return constraint


Symbol = Annotated[str, form(r"^[A-Z0-9][A-Z0-9.\- ]{0,20}$", "a symbol in capitals, such as SPY or BRK B")]
Currency = Annotated[str, form(r"^[A-Z]{3}$", "a currency code, such as USD")]
Exchange = Annotated[str, form(r"^[A-Z0-9.]{0,16}$", "an exchange code in capitals, such as SMART or ARCA")]
Expiry = Annotated[str, form(r"^([0-9]{6}|[0-9]{8})?$", "YYYYMM or YYYYMMDD in quotes")]
Account = Annotated[str, form(r"^[A-Z0-9]{4,16}$", "an account id, such as DU1234567")]
Theme = Annotated[str, form(r"^[a-z0-9-]{1,32}$", "a theme's name in small letters")]
Registered = Annotated[str, form(r"^[a-z][a-z0-9_]*$", "a strategy's registered name, such as ma_crossover")]
StrategyFile = Annotated[str, form(r"^[A-Za-z0-9_][A-Za-z0-9_/-]*\.py$", "a .py file inside the strategies folder")]
MarketSource = Annotated[str, form(r"^(synthetic|replay:.+)$", "synthetic or replay:FILE")]
TemplateId = Annotated[str, form(r"^HX[0-9a-fA-F]{32}$", "a Twilio template id: HX and 32 hexadecimal digits")]
WebAddress = Annotated[str, form(r"^https?://[^\s@]+$", "an http or https address without a user name in it")]
Phone = Annotated[str, form(r"^(whatsapp:)?\+[1-9][0-9]{6,14}$", "a telephone number, such as +14155550100")]
Name = Annotated[str, form(r"^[a-z][a-z0-9_]{0,31}$", "a name of small letters, digits and _, at most 32 long")]
"""The name of a strategy; it travels in every order reference, so it is short and plain."""


class Section(BaseModel):
    """Base of every section: frozen, typed strictly, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
