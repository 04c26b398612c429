"""Contradictions between values that are each valid alone.

A default never contradicts a tighter limit that the operator set: it is lowered to it, and its origin says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tradetui.config.connection import REPLAY_PREFIX
from tradetui.config.layers import Layer
from tradetui.config.limits import REQUIRED_FOR_LIVE
from tradetui.config.model import Config
from tradetui.config.origins import DEFAULT, Origins
from tradetui.config.problems import Problem, near
from tradetui.config.toml_lines import KeyPath
from tradetui.home import CONFIG_NAME

Finding = tuple[KeyPath, str]

# Ports as TWS and IB Gateway are delivered. They only hint: the account's prefix decides when connected.
_PAPER_PORTS = {7497: "TWS", 4002: "IB Gateway"}
_LIVE_PORTS = {7496: "TWS", 4001: "IB Gateway"}
_PAPER_ACCOUNTS = ("DU", "DF")

_LOOPBACK = ("127.0.0.1", "::1", "localhost")

# The first of a pair must not exceed the second. From tight to wide, so that defaults are lowered from wide to tight.
_ORDERED_LIMITS = (
    ("max_order_qty", "max_position_qty"),
    ("max_order_notional", "max_position_notional"),
    ("max_position_notional", "max_gross_notional"),
    ("orders_per_second", "orders_per_minute"),
    ("orders_per_minute", "orders_per_day"),
)


def lowered_defaults(config: Config, origins: Origins) -> Layer:
    """Return a layer with each default limit that is above a tighter one the operator set, lowered to that one."""
    values: dict[str, float] = {}
    places: dict[KeyPath, str] = {}
    for low, high in reversed(_ORDERED_LIMITS):
        small, large = (values.get(key, getattr(config.risk, key)) for key in (low, high))
        if small > large and not origins.is_set(("risk", low)):
            values[low] = large
            places[("risk", low)] = f"{DEFAULT}, lowered to {high}"
    return Layer({"risk": values} if values else {}, places)


def contradictions(config: Config, origins: Origins, home: Path) -> list[Problem]:
    """Return every contradiction in `config`; `home` is where the files it names must lie."""
    findings = [
        *_clock(config),
        *(_paper_broker(config) if config.profile == "paper" else ()),
        *((*_live_broker(config), *_live_limits(origins)) if config.profile == "live" else ()),
        *_limit_order(config, origins),
        *_symbols(config),
        *_sectors(config),
        *_strategies(config, home),
        *_execution(config),
        *_alerts(config),
        *_demo(config, home),
    ]
    return [
        Problem(origins.of(path) if origins.is_set(path) else CONFIG_NAME, ".".join(path), reason)
        for path, reason in findings
    ]


def _clock(config: Config) -> Iterator[Finding]:
    if config.clock.speed != 1 and config.profile != "demo":
        yield ("clock", "speed"), f"only the demo runs faster than real time; profile {config.profile} needs 1"


def _live_broker(config: Config) -> Iterator[Finding]:
    port, account = config.broker.port, config.broker.account
    if port in _PAPER_PORTS:
        yield (
            ("broker", "port"),
            f"{port} is {_PAPER_PORTS[port]}'s paper port; live is 7496 (TWS) or 4001 (IB Gateway)",
        )
    if account is None:
        yield ("broker", "account"), "live needs the account named, such as U1234567"
    elif account.startswith(_PAPER_ACCOUNTS):
        yield ("broker", "account"), f"{account} is a paper account; use the paper profile for it"
    if config.store.sync != "full":
        yield ("store", "sync"), 'live needs "full", or the last orders can be lost in a power cut'


def _paper_broker(config: Config) -> Iterator[Finding]:
    port, account = config.broker.port, config.broker.account
    if port in _LIVE_PORTS:
        yield (
            ("broker", "port"),
            f"{port} is {_LIVE_PORTS[port]}'s live port; paper is 7497 (TWS) or 4002 (IB Gateway)",
        )
    if account is not None and not account.startswith(_PAPER_ACCOUNTS):
        yield ("broker", "account"), f"{account} is not a paper account (DU…); use the live profile for it"


def _live_limits(origins: Origins) -> Iterator[Finding]:
    for key in sorted(REQUIRED_FOR_LIVE):
        path = ("risk", key)
        if not origins.is_set(path):
            yield path, "live has no default limits; write this key under [profile.live.risk]"
        elif origins.is_general(path):
            yield path, "holds for every profile; live needs its own, under [profile.live.risk]"


def _limit_order(config: Config, origins: Origins) -> Iterator[Finding]:
    for low, high in _ORDERED_LIMITS:
        small, large = getattr(config.risk, low), getattr(config.risk, high)
        if small > large and origins.is_set(("risk", low)):
            yield ("risk", low), f"{small:g} is above {high} ({large:g})"


def _symbols(config: Config) -> Iterator[Finding]:
    known = config.market.symbols
    named: list[tuple[KeyPath, tuple[str, ...]]] = [
        (("risk", "allowed_symbols"), config.risk.allowed_symbols or ()),
        *((("risk", "sectors", name), symbols) for name, symbols in config.risk.sectors.items()),
        *((("risk", "symbol", symbol), (symbol,)) for symbol in config.risk.symbol),
        *((("market", "instruments", symbol), (symbol,)) for symbol in config.market.instruments),
        *((("strategies", name, "symbols"), config.symbols_of(name)) for name in config.strategies),
    ]
    for path, symbols in named:
        for symbol in symbols:
            if symbol not in known:
                yield path, f"{symbol} is not in market.symbols{near(symbol, known)}"
    repeated = sorted({symbol for symbol in known if known.count(symbol) > 1})
    if repeated:
        yield ("market", "symbols"), f"named twice: {', '.join(repeated)}"


def _sectors(config: Config) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name, symbols in config.risk.sectors.items():
        for symbol in symbols:
            if seen.setdefault(symbol, name) != name:
                yield ("risk", "sectors", name), f"{symbol} is in sector {seen[symbol]} already; put it in one"


def _strategies(config: Config, home: Path) -> Iterator[Finding]:
    for name in config.risk.strategy:
        if name not in config.strategies:
            yield ("risk", "strategy", name), f"there is no [strategies.{name}]{near(name, tuple(config.strategies))}"
    for name, strategy in config.strategies.items():
        path = ("strategies", name)
        if strategy.strategy is not None and strategy.file is not None:
            yield (*path, "file"), "contradicts `strategy`; set only one of them"
        if strategy.qty is not None and "qty" in strategy.params:
            yield (*path, "qty"), "contradicts `params.qty`; set only one of them"
        if strategy.file is not None and not (home / "strategies" / strategy.file).is_file():
            yield (*path, "file"), f"there is no strategies/{strategy.file}"


def _execution(config: Config) -> Iterator[Finding]:
    if config.execution.outside_rth and config.execution.unfilled_policy == "market":
        yield ("execution", "unfilled_policy"), "IB takes no market orders outside regular trading hours"


def _alerts(config: Config) -> Iterator[Finding]:
    alerts = config.alerts
    for key in ("content_sid", "whatsapp_from", "recipients"):
        if alerts.whatsapp and not getattr(alerts, key):
            yield ("alerts", key), "is needed because alerts.whatsapp is true"
    address = urlsplit(alerts.api_url)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        yield ("alerts", "api_url"), "must be https: credentials travel to it"


def _demo(config: Config, home: Path) -> Iterator[Finding]:
    source = config.demo.market
    if source.startswith(REPLAY_PREFIX) and not (home / source.removeprefix(REPLAY_PREFIX)).is_file():
        yield ("demo", "market"), f"there is no file {home / source.removeprefix(REPLAY_PREFIX)}"
