"""The configuration of the profile: is it sound, and does it say paper or live where it means it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tradetui.doctor.finding import Case, Finding, fail, ok, skip, warn
from tradetui.domain.account import is_paper_account, mask_account
from tradetui.home import CONFIG_NAME

#: Ports as TWS and IB Gateway are delivered. They only hint: the account decides.
USUAL_PORTS = {7496: "TWS live", 4001: "IB Gateway live", 7497: "TWS paper", 4002: "IB Gateway paper"}


def with_config(case: Case) -> tuple[Case, Finding]:
    """Return the case with its configuration, if it is sound, and what was found."""
    from tradetui.config import load_config
    from tradetui.config.model import config_hash
    from tradetui.config.problems import ConfigError

    try:
        config = load_config(case.paths.home, case.paths.profile, case.environ)
    except ConfigError as error:
        more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
        return case, fail("config", f"{error.problems[0]}{more}", "see all: tradetui config check")
    text = f"{CONFIG_NAME} is sound for profile {case.paths.profile}, hash {config_hash(config)[:12]}"
    return replace(case, config=config), ok("config", text)


def check_account(case: Case) -> Iterator[Finding]:
    """Check that profile, port and account id agree on whose money it is."""
    config = case.config
    if config is None:
        yield skip("account", "the configuration is refused")
        return
    if config.profile == "demo":
        yield ok("account", "the demo trades its own simulated account")
        return
    port, account, live = config.broker.port, config.broker.account, config.profile == "live"
    usual = USUAL_PORTS.get(port)
    where = f"port {port}" + (f" ({usual})" if usual else "")
    named = mask_account(account) if account else "the only account offered"
    text = f"profile {config.profile}, {where}, {named}"
    if account is not None and is_paper_account(account) is live:
        yield fail("account", f"{text}: the account is of the other kind", "correct broker.account or the profile")
    elif usual is not None and usual.endswith("live") is not live:
        yield fail("account", f"{text}: the port is of the other kind", "correct broker.port or the profile")
    elif usual is None:
        remedy = "make sure that it leads to the right log-in; the account id is checked when connected"
        yield warn("account", f"{text}: neither TWS nor IB Gateway usually listens there", remedy)
    else:
        yield ok("account", text)
