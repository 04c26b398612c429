"""Values that are each fine alone, but not together."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.config.config_home import Home
from tradetui.config.limits import REQUIRED_FOR_LIVE, RiskConfig
from tradetui.config.load import load_with_origins
from tradetui.risk.limits import Limits


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.empty(tmp_path)


LIVE = """
[broker]
port = 7496
account = "U1234567"
[profile.live.risk]
max_order_qty = 10
max_order_notional = 5000
max_position_qty = 10
max_position_notional = 5000
max_gross_notional = 10000
max_leverage = 1.0
max_positions = 2
daily_loss_limit = 100
max_drawdown_pct = 1.0
breaker_action = "cancel"
price_collar_pct = 0.5
max_quote_age_s = 10
allow_delayed_data = false
max_spread_pct = 0.1
orders_per_second = 2
orders_per_minute = 10
orders_per_day = 50
duplicate_window_s = 30
long_only = true
no_entry_first_minutes = 5
no_entry_last_minutes = 15
"""


def test_live_loads_when_every_limit_is_written_for_it(home: Home) -> None:
    assert home.write(LIVE).load("live").risk.max_order_qty == 10


@pytest.mark.parametrize("key", sorted(REQUIRED_FOR_LIVE))
def test_live_refuses_when_a_limit_is_left_to_a_default(home: Home, key: str) -> None:
    lines = [line for line in LIVE.splitlines() if not line.startswith(f"{key} =")]
    assert home.write("\n".join(lines)).problems("live") == [
        f"config.toml: risk.{key}: live has no default limits; write this key under [profile.live.risk]"
    ]


def test_live_takes_no_limit_that_was_written_for_every_profile(home: Home) -> None:
    general = "[risk]\nmax_positions = 2\n" + LIVE.replace("max_positions = 2\n", "")
    assert home.write(general).problems("live") == [
        "config.toml:2: risk.max_positions: holds for every profile; live needs its own, under [profile.live.risk]"
    ]
    assert home.load("live", environ={"TRADETUI_RISK__MAX_POSITIONS": "2"}).risk.max_positions == 2


@pytest.mark.parametrize(
    ("profile", "toml", "problem"),
    [
        ("paper", "[clock]\nspeed = 2", "config.toml:2: clock.speed: only the demo runs faster than real time"),
        ("paper", "[broker]\nport = 7496", "config.toml:2: broker.port: 7496 is TWS's live port; paper is 7497"),
        ("paper", "[broker]\naccount = 'U1234567'", "config.toml:2: broker.account: U1234567 is not a paper account"),
        ("live", LIVE.replace("7496", "4002"), "config.toml:3: broker.port: 4002 is IB Gateway's paper port; live is"),
        ("live", LIVE.replace("U1234567", "DU123456"), "config.toml:4: broker.account: DU123456 is a paper account"),
        (
            "live",
            LIVE.replace('account = "U1234567"', ""),
            "config.toml: broker.account: live needs the account named, such as U1234567",
        ),
        ("live", f"{LIVE}[store]\nsync = 'normal'", 'config.toml:28: store.sync: live needs "full"'),
        ("paper", "[risk]\nmax_order_qty = 5000", "config.toml:2: risk.max_order_qty: 5000 is above max_position_qty"),
        (
            "paper",
            "[risk]\nmax_position_notional = 50000",
            "config.toml:2: risk.max_position_notional: 50000 is above max_gross_notional (40000)",
        ),
        (
            "paper",
            "[risk]\norders_per_second = 90",
            "config.toml:2: risk.orders_per_second: 90 is above orders_per_min",
        ),
        (
            "paper",
            "[risk]\nallowed_symbols = ['SPX']",
            "config.toml:2: risk.allowed_symbols: SPX is not in market.symbols",
        ),
        ("paper", "[market.instruments.ES]", "config.toml:1: market.instruments.ES: ES is not in market.symbols"),
        ("paper", "[strategies.a]\nsymbols = ['SPX']", "config.toml:2: strategies.a.symbols: SPX is not in market"),
        ("paper", "[market]\nsymbols = ['SPY', 'SPY']", "config.toml:2: market.symbols: named twice: SPY"),
        (
            "paper",
            "[strategies.a]\nstrategy = 'momentum'\nfile = 'none.py'",
            "config.toml:3: strategies.a.file: contradicts `strategy`; set only one of them",
        ),
        (
            "paper",
            "[strategies.a]\nfile = 'none.py'",
            "config.toml:2: strategies.a.file: there is no strategies/none.py",
        ),
        (
            "paper",
            "[strategies.a]\nfile = '../x.py'",
            "config.toml:2: strategies.a.file: must be a .py file inside the",
        ),
        (
            "paper",
            "[strategies.a]\nqty = 1\nparams = { qty = 2 }",
            "config.toml:2: strategies.a.qty: contradicts `params.qty`; set only one of them",
        ),
        (
            "paper",
            "[execution]\noutside_rth = true\nunfilled_policy = 'market'",
            "config.toml:3: execution.unfilled_policy: IB takes no market orders outside regular trading hours",
        ),
        ("paper", "[alerts]\napi_url = 'http://example.com'", "config.toml:2: alerts.api_url: must be https"),
        ("demo", "[demo]\nmarket = 'replay:none.csv'", "config.toml:2: demo.market: there is no file"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(home: Home, profile: str, toml: str, problem: str) -> None:
    found = home.write(toml).problems(profile)
    assert any(line.startswith(problem) for line in found), found


def test_a_default_is_lowered_to_a_tighter_limit_and_says_so(home: Home) -> None:
    home.write("[risk]\nmax_gross_notional = 2000\norders_per_day = 5\n")
    loaded = load_with_origins(home.path, "paper", {})
    risk = loaded.config.risk
    assert (risk.max_order_notional, risk.max_position_notional, risk.max_gross_notional) == (2000, 2000, 2000)
    assert (risk.orders_per_second, risk.orders_per_minute, risk.orders_per_day) == (5, 5, 5)
    assert loaded.origins.of(("risk", "max_order_notional")) == "default, lowered to max_position_notional"


def test_every_limit_of_the_gate_can_be_set_and_none_else() -> None:
    gate = {field.name for field in dataclasses.fields(Limits)} - {"symbols"}
    assert set(RiskConfig.model_fields) - {"allowed_symbols"} == gate


def test_whatsapp_needs_template_sender_and_recipients(home: Home) -> None:
    assert home.write("[alerts]\nwhatsapp = true\n").problems() == [
        f"config.toml: alerts.{key}: is needed because alerts.whatsapp is true"
        for key in ("content_sid", "recipients", "whatsapp_from")
    ]


def test_whatsapp_loads_when_complete(home: Home) -> None:
    home.write(
        f"[alerts]\nwhatsapp = true\ncontent_sid = 'HX{'a' * 32}'\nwhatsapp_from = '+14155550100'\n"
        "recipients = ['whatsapp:+14155550101']\napi_url = 'http://127.0.0.1:8080'\n"
    )
    assert home.load().alerts.whatsapp


def test_files_that_exist_are_accepted(home: Home) -> None:
    (home.path / "strategies").mkdir()
    (home.path / "strategies" / "mine.py").touch()
    (home.path / "bars.csv").touch()
    home.write("[strategies.mine]\nfile = 'mine.py'\n[demo]\nmarket = 'replay:bars.csv'\n")
    assert home.load("demo").strategies["mine"].file == "mine.py"
