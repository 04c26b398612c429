"""Which of several places decides a value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.config.config_home import Home
from tradetui.config import config_hash
from tradetui.config.load import load_with_origins
from tradetui.domain.bar import BarSize


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.empty(tmp_path)


def test_an_empty_file_gives_the_defaults(home: Home) -> None:
    config = home.load()
    assert config.market.symbols == ("SPY", "QQQ", "DIA", "IWM")
    assert config.market.bar_size is BarSize.M1
    assert config.clock.speed == 1


def test_the_environment_beats_dotenv_which_beats_the_profile_which_beats_the_base(home: Home) -> None:
    home.write(
        "[risk]\nmax_positions = 1\ndaily_loss_limit = 1\nmax_order_qty = 1\nmax_leverage = 0.1\n"
        "[profile.paper.risk]\nmax_positions = 2\ndaily_loss_limit = 2\nmax_order_qty = 2\n",
        "TRADETUI_RISK__MAX_POSITIONS=3\nTRADETUI_RISK__DAILY_LOSS_LIMIT=3\n",
    )
    risk = home.load(environ={"TRADETUI_RISK__MAX_POSITIONS": "4"}).risk
    assert (risk.max_positions, risk.daily_loss_limit, risk.max_order_qty, risk.max_leverage) == (4, 3, 2, 0.1)


def test_a_profile_table_leaves_other_profiles_alone(home: Home) -> None:
    home.write("[profile.demo.risk]\nmax_order_qty = 7\n")
    assert home.load("demo").risk.max_order_qty == 7
    assert home.load("paper").risk.max_order_qty == 1000


@pytest.mark.parametrize(
    ("name", "text", "section", "key", "value"),
    [
        ("IB_HOST", "10.0.0.5", "broker", "host", "10.0.0.5"),
        ("IB_PORT", "4002", "broker", "port", 4002),
        ("IB_CLIENT_ID", "7", "broker", "client_id", 7),
        ("IB_ACCOUNT", "DU1234567", "broker", "account", "DU1234567"),
        ("MAX_POSITION_SIZE", "20000", "risk", "max_position_notional", 20000),
        ("MAX_LEVERAGE", "2.0", "risk", "max_leverage", 2.0),
        ("DAILY_LOSS_LIMIT", "500", "risk", "daily_loss_limit", 500),
        ("TWILIO_CONTENT_SID", f"HX{'0' * 32}", "alerts", "content_sid", f"HX{'0' * 32}"),
        ("TWILIO_WHATSAPP_FROM", "+14155550100", "alerts", "whatsapp_from", "+14155550100"),
        ("TWILIO_WHATSAPP_TO", "+14155550101, +14155550102", "alerts", "recipients", ("+14155550101", "+14155550102")),
    ],
)
def test_the_historical_names_still_work(
    home: Home, name: str, text: str, section: str, key: str, value: object
) -> None:
    assert getattr(getattr(home.load(environ={name: text}), section), key) == value
    home.write("", f"{name}={text}\n")
    assert getattr(getattr(home.load(), section), key) == value


def test_environment_text_is_read_by_the_type_of_its_key(home: Home) -> None:
    config = home.load(
        environ={
            "TRADETUI_MARKET__SYMBOLS": "SPY,QQQ",
            "TRADETUI_MARKET__BAR_SIZE": "5m",
            "TRADETUI_BROKER__ACCOUNT": "DU1234567",
            "TRADETUI_RISK__LONG_ONLY": "false",
            "TRADETUI_MARKET__INSTRUMENTS__SPY__PRIMARY_EXCHANGE": "ARCA",
            "TRADETUI_STRATEGIES__MA__PARAMS__FAST": "10",
            "TRADETUI_STRATEGIES__MA__PARAMS__MODE": "close",
            "TRADETUI_DEMO__START": "2025-06-03T10:00:00-04:00",
            "TRADETUI_EXECUTION__UNFILLED_POLICY": "reprice",
            "TRADETUI_RISK__ALLOWED_SYMBOLS": '["SPY"]',
        }
    )
    assert config.market.symbols == ("SPY", "QQQ")
    assert config.market.bar_size is BarSize.M5
    assert config.broker.account == "DU1234567"
    assert config.risk.long_only is False
    assert config.market.instruments["SPY"].primary_exchange == "ARCA"
    assert config.strategies["ma"].params == {"fast": 10, "mode": "close"}
    assert config.demo.start == datetime(2025, 6, 3, 14, tzinfo=UTC)
    assert config.execution.unfilled_policy == "reprice"
    assert config.allowed_symbols() == ("SPY",)


def test_an_empty_environment_value_means_not_set(home: Home) -> None:
    assert home.load(environ={"IB_PORT": "", "IB_ACCOUNT": ""}).broker.port == 7497


def test_names_that_choose_the_home_or_hold_secrets_are_not_keys(home: Home) -> None:
    names = ("TRADETUI_HOME", "TRADETUI_PROFILE", "TRADETUI_DEBUG", "TWILIO_AUTH_TOKEN", "PATH")
    assert home.load(environ=dict.fromkeys(names, "x")) == home.load()


def test_the_demo_cannot_reach_a_real_gateway(home: Home) -> None:
    home.write("[broker]\nhost = '10.0.0.5'\nport = 7496\naccount = 'U1234567'\n", "IB_PORT=4001\n")
    broker = home.load("demo", environ={"IB_HOST": "10.0.0.6", "TRADETUI_DEMO__PORT": "5555"}).broker
    assert (broker.host, broker.port, broker.account) == ("127.0.0.1", 5555, None)


def test_only_the_demo_runs_fast_by_default(home: Home) -> None:
    assert home.load("demo").clock.speed == 60
    assert home.load("paper").clock.speed == 1


def test_a_strategy_takes_symbols_and_bar_size_from_the_market_unless_it_has_its_own(home: Home) -> None:
    home.write(
        "[market]\nsymbols = ['SPY', 'QQQ']\nbar_size = '5m'\n"
        "[strategies.a]\n[strategies.b]\nsymbols = ['QQQ']\nbar_size = '1h'\n"
    )
    config = home.load()
    assert (config.symbols_of("a"), config.bar_size_of("a")) == (("SPY", "QQQ"), BarSize.M5)
    assert (config.symbols_of("b"), config.bar_size_of("b")) == (("QQQ",), BarSize.H1)
    assert config.allowed_symbols() == ("SPY", "QQQ")


def test_a_configuration_cannot_be_changed_once_loaded(home: Home) -> None:
    config = home.load()
    with pytest.raises(ValidationError):
        config.risk.max_order_qty = 5  # type: ignore[misc]


def test_the_hash_depends_on_values_and_not_on_where_they_stand(home: Home) -> None:
    plain = config_hash(home.load())
    home.write("# the default, written out\n[risk]\nmax_positions = 10\n")
    assert config_hash(home.load()) == plain
    assert config_hash(home.load(environ={"TRADETUI_RISK__MAX_POSITIONS": "10"})) == plain
    assert config_hash(home.load(environ={"TRADETUI_RISK__MAX_POSITIONS": "11"})) != plain
    assert len(plain) == 64


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        (("risk", "max_positions"), "environment TRADETUI_RISK__MAX_POSITIONS"),
        (("risk", "daily_loss_limit"), ".env:2 DAILY_LOSS_LIMIT"),
        (("risk", "max_order_qty"), "config.toml:5"),
        (("risk", "max_leverage"), "config.toml:2"),
        (("risk", "long_only"), "default"),
    ],
)
def test_every_value_knows_where_it_came_from(home: Home, path: tuple[str, ...], origin: str) -> None:
    home.write("[risk]\nmax_leverage = 0.5\n\n[profile.paper.risk]\nmax_order_qty = 9\n", "\nDAILY_LOSS_LIMIT=100\n")
    loaded = load_with_origins(home.path, "paper", {"TRADETUI_RISK__MAX_POSITIONS": "4"})
    assert loaded.origins.of(path) == origin
