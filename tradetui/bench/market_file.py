"""A bar file of made-up symbols for the gateway's replay market: more symbols than the synthetic market has."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from string import ascii_uppercase

SESSION = date(2026, 3, 16)
#: 09:30 in New York on that day.
_OPEN = datetime(2026, 3, 16, 13, 30, tzinfo=UTC)
_MINUTES = 390


def symbols(count: int) -> tuple[str, ...]:
    """Return `count` symbols, at most 676."""
    letters = list(ascii_uppercase) + [f"{one}{other}" for one in ascii_uppercase[1:] for other in ascii_uppercase]
    return tuple(f"BENCH{each}" for each in letters[:count])


def write_market(path: Path, names: tuple[str, ...], seed: int = 7) -> None:
    """Write one session of one-minute bars of `names`: random walks of about 15 % a year, prices in cents."""
    rng = Random(seed)  # noqa: S311 (prices, not secrets)
    lines = ["symbol,end,open,high,low,close,volume"]
    for name in names:
        price = 50.0 + 5 * names.index(name)
        for minute in range(1, _MINUTES + 1):
            close = round(price * (1 + rng.gauss(0, 0.0005)), 2)
            high = round(max(price, close) + 0.02, 2)
            low = round(min(price, close) - 0.02, 2)
            end = (_OPEN + timedelta(minutes=minute)).isoformat()
            lines.append(f"{name},{end},{price},{high},{low},{close},{rng.randint(500, 5000)}")
            price = close
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
