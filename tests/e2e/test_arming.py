"""The ceremony in a live profile, with real processes and a paper gateway that poses as a live account.

A live core keeps real time, so whether the market is open is not this test's to say: that nothing is sent before the
ceremony is tested on the core itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.box import CONFIG, Box, wait_for

ACCOUNT = "U1234567"
LIVE = """
[profile.live.broker]
account = "{account}"
[profile.live.risk]
max_order_qty = {max_order_qty}
max_order_notional = 100_000
max_position_qty = 100
max_position_notional = 100_000
max_gross_notional = 400_000
max_leverage = 1.0
max_positions = 10
daily_loss_limit = 50_000
max_drawdown_pct = 50.0
breaker_action = "cancel"
price_collar_pct = 5.0
max_quote_age_s = 60
allow_delayed_data = false
max_spread_pct = 2.0
orders_per_second = 100
orders_per_minute = 3_000
orders_per_day = 100_000
duplicate_window_s = 0.001
long_only = true
no_entry_first_minutes = 0
no_entry_last_minutes = 0
"""


def config(*, max_order_qty: int = 100, account: str = ACCOUNT) -> str:
    general = CONFIG.format(symbols='["SPY"]', speed=60.0).partition("[profile.demo")[0]
    return general + LIVE.format(max_order_qty=max_order_qty, account=account)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    made = Box(
        tmp_path, config=config(), profile="live", speed=1.0, start=datetime.now(UTC).isoformat(timespec="seconds")
    )
    made.start_gateway("--account", ACCOUNT)
    made.environ["TRADETUI_BROKER__PORT"] = str(made.port)
    yield made
    made.close()


def wait_ready(box: Box) -> None:
    wait_for("READY", lambda: box.row("link").get("state") == "READY")


def test_a_live_core_is_armed_only_by_the_ceremony_and_asks_again_after_a_restart(box: Box) -> None:
    box.start_core()
    wait_ready(box)
    assert "NOT ARMED: no new exposure" in box.cli("status").stdout
    unconfirmed = box.cli("arm")
    assert unconfirmed.returncode == 1
    assert "arm has to be confirmed: type it in a terminal, or give --confirm XXXX" in unconfirmed.stderr
    for shown in (f"LIVE account {ACCOUNT}, profile live", "last armed: never", "max_order_qty"):
        assert shown in unconfirmed.stdout
    wrong = box.cli("arm", "--confirm", "4321")
    assert (wrong.returncode, wrong.stderr.strip()) == (
        1,
        "tradetui: arm denied: type the last four characters of the account to confirm",
    )
    assert box.row("core")["armed"] is False
    armed = box.cli("arm", "--confirm", ACCOUNT[-4:])
    assert armed.returncode == 0, armed.stderr
    assert "ARMED until the session" in armed.stdout
    assert (box.row("core")["armed"], box.row("core")["state"]) == (True, "RUN")

    box.kill_core()
    (box.home / "config.toml").write_text(config(max_order_qty=50))
    (box.home / "strategies" / "other.py").mkdir()
    box.start_core()
    wait_ready(box)
    assert box.row("core")["armed"] is False
    assert json.loads(box.cli("status", "--json").stdout)["core"]["armed"] is False
    again = box.cli("arm").stdout
    changed = next(line for line in again.splitlines() if line.startswith("risk.max_order_qty"))
    assert changed.split() == ["risk.max_order_qty", "100.0", "50.0"]
    assert box.row("arming", "file other.py") == {"now": "unreadable", "armed": None}
    assert box.cli("disarm").returncode == 0


def test_another_account_than_the_configured_one_is_refused(tmp_path: Path) -> None:
    box = Box(
        tmp_path,
        config=config(account="U7654321"),
        profile="live",
        speed=1.0,
        start=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    try:
        box.start_gateway("--account", ACCOUNT)
        box.environ["TRADETUI_BROKER__PORT"] = str(box.port)
        box.start_core()
        wait_for("the refusal", lambda: box.row("link").get("state") == "REFUSED")
        assert "the gateway offers U1***567, not U7***321" in str(box.row("link")["reason"])
        denied = box.cli("arm", "--confirm", "4321")
        assert "arm denied: not synced with the broker" in denied.stderr
        assert box.row("core")["orders_sent"] == 0
    finally:
        box.close()
