"""Values that are each fine alone, but not together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.config_home import Home
from tradetui.config.limits import REQUIRED_FOR_LIVE


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
max_spread_multiple = 3
orders_per_second = 2
orders_per_minute = 10
orders_per_day = 50
strategy_orders_per_second = 2
strategy_orders_per_minute = 10
strategy_orders_per_day = 50
duplicate_window_s = 30
long_only = true
no_entry_first_minutes = 5
no_entry_last_minutes = 15
flat_at_close = true
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
        ("live", f"{LIVE}[store]\nsync = 'normal'", 'config.toml:31: store.sync: live needs "full"'),
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
            "[risk.symbols.SPY]\nmax_order_qty = 5000",
            "config.toml:2: risk.symbols.SPY.max_order_qty: 5000 is above the general limit risk.max_order_qty (1000)",
        ),
        (
            "paper",
            "[strategies.ma.limits]\norders_per_minute = 30",
            "config.toml:2: strategies.ma.limits.orders_per_minute: 30 is above the general limit"
            " risk.strategy_orders_per_minute (20)",
        ),
        (
            "paper",
            "[risk]\nallowed_symbols = ['SPX']",
            "config.toml:2: risk.allowed_symbols: SPX is not in market.symbols",
        ),
        ("paper", "[risk.symbols.SPX]", "config.toml:1: risk.symbols.SPX: SPX is not in market.symbols; did you mean"),
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
            "[strategies.a]\nqty = 1\nnotional = 100",
            "config.toml:3: strategies.a.notional: contradicts `qty`; set only one of them",
        ),
        (
            "paper",
            "[execution]\noutside_rth = true",
            'config.toml:2: execution.outside_rth: IB takes no market orders then; set order_type = "limit"',
        ),
        (
            "paper",
            "[execution]\nlimit_offset_bps = 2",
            'config.toml:2: execution.limit_offset_bps: is about limit orders, but order_type is "market"',
        ),
        (
            "paper",
            "[execution]\norder_type = 'limit'\noutside_rth = true\nunfilled_policy = 'market'",
            "config.toml:4: execution.unfilled_policy: IB takes no market orders outside regular trading hours",
        ),
        ("paper", "[alerts]\napi_url = 'http://example.com'", "config.toml:2: alerts.api_url: must be https"),
        (
            "demo",
            "[demo]\nstart = 2025-06-02T09:30:00Z",
            "config.toml:2: demo.start: is exchange time; write it without",
        ),
        ("demo", "[demo]\nmarket = 'replay:none.csv'", "config.toml:2: demo.market: there is no file"),
    ],
)
def test_a_contradiction_is_refused_with_its_place(home: Home, profile: str, toml: str, problem: str) -> None:
    found = home.write(toml).problems(profile)
    assert any(line.startswith(problem) for line in found), found


def test_a_default_never_contradicts_a_tighter_limit(home: Home) -> None:
    risk = home.write("[risk]\nmax_position_notional = 2000\n").load().risk
    assert risk.max_order_notional > risk.max_position_notional


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


def test_limit_orders_take_a_policy_for_what_is_not_filled(home: Home) -> None:
    home.write("[execution]\norder_type = 'limit'\nunfilled_policy = 'reprice'\noutside_rth = true\n")
    assert home.load().execution.unfilled_policy == "reprice"


def test_files_that_exist_are_accepted(home: Home) -> None:
    (home.path / "strategies").mkdir()
    (home.path / "strategies" / "mine.py").touch()
    (home.path / "bars.csv").touch()
    home.write("[strategies.mine]\nfile = 'mine.py'\n[demo]\nmarket = 'replay:bars.csv'\n")
    assert home.load("demo").strategies["mine"].file == "mine.py"
