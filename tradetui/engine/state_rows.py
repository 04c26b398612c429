"""The whole state that clients see: the core's own sections, and what only the shell knows.

Invariant: built from memory alone, so that a screen costs the core neither disk nor socket time.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from tradetui import __version__
from tradetui.broker.port import LinkFacts
from tradetui.control.messages import Row, State
from tradetui.domain.account import is_paper_account
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.engine.health import rss_mb
from tradetui.engine.latency import OrderLatency


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which core this is."""

    profile: str
    config_hash: str
    run_id: str
    started_ns: int
    speed: float
    exchange_tz: str


class AlertingFacts(Protocol):
    """What is shown about alerting."""

    @property
    def state(self) -> str:
        """starting, on, off or down."""

    @property
    def reason(self) -> str:
        """Why, in one line."""

    @property
    def undelivered(self) -> int:
        """Alerts that did not arrive."""


@dataclass(slots=True)
class ShellFacts:
    """What the shell measures and knows; changed by its parts, read when the state is built."""

    identity: Identity
    latency: OrderLatency
    phase: str = "starting"
    account: str = ""
    loop_lag_ms: float | None = None
    clock_skew_s: float | None = None
    subscriptions: int = 0
    source_hashes: dict[str, str] = field(default_factory=dict)
    deliveries: dict[str, tuple[str, str]] = field(default_factory=dict)


def mode_of(account: str) -> str:
    """Return PAPER or LIVE by the account's own id, UNKNOWN while there is none."""
    if not account:
        return "UNKNOWN"
    return "PAPER" if is_paper_account(account) else "LIVE"


def add_shell_rows(
    state: Mapping[str, Mapping[str, Mapping[str, object]]],
    facts: ShellFacts,
    link: LinkFacts,
    alerting: AlertingFacts,
    now: Now,
) -> State:
    """Return the core's sections with the shell's rows and columns added."""
    merged = cast(State, {name: {key: dict(row) for key, row in rows.items()} for name, rows in state.items()})
    merged.setdefault("core", {}).setdefault("core", {}).update(_core_columns(facts))
    merged["link"] = {"link": _link_row(facts, link, now)}
    merged["alerting"] = {"alerting": _alerting_row(alerting)}
    for key, row in merged.get("alerts", {}).items():
        row["delivery"], row["detail"] = facts.deliveries.get(key, ("queued", ""))
    for name, row in merged.get("strategies", {}).items():
        row["source_hash"] = facts.source_hashes.get(name, "")
    return merged


def _core_columns(facts: ShellFacts) -> Row:
    identity = facts.identity
    memory = rss_mb()
    return {
        "phase": facts.phase,
        "mode": mode_of(facts.account),
        "profile": identity.profile,
        "account": facts.account,
        "version": __version__,
        "pid": os.getpid(),
        "config_hash": identity.config_hash,
        "started_ns": identity.started_ns,
        "speed": identity.speed,
        "exchange_tz": identity.exchange_tz,
        "loop_lag_ms": _rounded(facts.loop_lag_ms, 1),
        "order_latency_p50_ms": _rounded(facts.latency.percentile_ms(50), 2),
        "order_latency_p99_ms": _rounded(facts.latency.percentile_ms(99), 2),
        # Whole megabytes: a figure that trembles would be sent again and again.
        "rss_mb": _rounded(memory, 0),
    }


def _link_row(facts: ShellFacts, link: LinkFacts, now: Now) -> Row:
    skew = link.clock_skew_s if facts.clock_skew_s is None else facts.clock_skew_s
    return {
        "state": link.state.value,
        "host": link.host,
        "port": link.port,
        "client_id": link.client_id,
        "server_version": link.server_version,
        "reason": link.reason,
        "since_s": float((now.mono_ns - link.since_mono_ns) // SECOND_NS),
        "reconnects": link.reconnects,
        "messages_per_s": _rounded(link.messages_per_s, 0),
        "round_trip_ms": _rounded(link.round_trip_ms, 1),
        "clock_skew_s": _rounded(skew, 1),
        "subscriptions": facts.subscriptions,
    }


def _alerting_row(alerting: AlertingFacts) -> Row:
    text = alerting.state if not alerting.reason or alerting.state == "on" else f"{alerting.state}: {alerting.reason}"
    return {"state": text, "undelivered": alerting.undelivered}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
