"""The way to the broker: does the gateway answer, does its clock agree with ours, and who else can use it."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from datetime import UTC, datetime

from tradetui.doctor.finding import Case, Finding, fail, ok, skip, warn
from tradetui.doctor.greeting import Greeting, NoGreeting, greet

LIMIT_S = 4.0
OLDEST_VERSION = 157
#: The gate judges ages of quotes by our clock.
SKEW_WARN_S = 2.0
#: Every zone's offset from UTC is a multiple of this, so clocks can be compared without knowing the zone.
_ZONE_STEP_S = 900.0
_FIRST_PERSON = 1000
_NO_LOGIN = ("nologin", "false", "sync")


def check_gateway(case: Case) -> Iterator[Finding]:
    """Greet the gateway of the profile."""
    config = case.config
    if config is None:
        yield skip("gateway", "the configuration is refused")
        return
    broker = config.broker
    try:
        greeting = greet(broker.host, broker.port, LIMIT_S)
    except NoGreeting as error:
        if config.profile == "demo":
            yield ok("gateway", "the demo's gateway does not run; `tradetui demo` starts it")
        else:
            yield fail("gateway", str(error), error.remedy)
        return
    text = f"{broker.host}:{broker.port} answers in {greeting.took_ms:.0f} ms, server version {greeting.version}"
    if greeting.version < OLDEST_VERSION:
        yield fail("gateway", f"{text}: too old", "update TWS or IB Gateway")
    else:
        yield ok("gateway", text)
    if config.profile != "demo":
        yield _compare_clocks(greeting)


def check_neighbours(case: Case) -> Iterator[Finding]:
    """Say who else could trade through the gateway's port: it asks for no password."""
    config = case.config
    if config is None or config.profile == "demo":
        return
    if config.broker.host not in ("127.0.0.1", "localhost", "::1"):
        yield warn(
            "neighbours",
            f"the gateway is on {config.broker.host}: whoever reaches its port can trade",
            "trust only this address in its API settings, and let a firewall or a tunnel guard the way",
        )
        return
    others = people(case)
    if others:
        yield warn(
            "neighbours",
            f"the API port asks for no password: {', '.join(others)} on this machine can trade through it",
            "run gateway and tradetui on a machine of their own, or guard the port by user id in the firewall",
        )
    else:
        yield ok("neighbours", "no other person has an account on this machine")


def people(case: Case) -> list[str]:
    """Return the other users of this machine who can log in."""
    own = case.paths.home.stat().st_uid
    return sorted(
        user.pw_name
        for user in pwd.getpwall()
        if user.pw_uid >= _FIRST_PERSON and user.pw_uid != own and not user.pw_shell.endswith(_NO_LOGIN)
    )


def skew_s(theirs: datetime, ours: datetime) -> float:
    """Return theirs less ours in seconds, whatever the two zones are."""
    apart = (theirs - ours.replace(tzinfo=None)).total_seconds() % _ZONE_STEP_S
    return apart - _ZONE_STEP_S if apart > _ZONE_STEP_S / 2 else apart


def _compare_clocks(greeting: Greeting) -> Finding:
    if greeting.clock is None:
        return skip("gateway clock", "the gateway told no time that can be read")
    # It tells whole seconds: half a second is the best guess of the rest.
    apart = skew_s(greeting.clock, datetime.now(UTC)) + 0.5
    text = f"the gateway's clock is {apart:+.1f} s from ours"
    if abs(apart) > SKEW_WARN_S:
        return warn("gateway clock", text, "let both machines keep time by NTP")
    return ok("gateway clock", text)
