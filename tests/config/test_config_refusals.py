"""Everything wrong is refused, with its place, its reason and a remedy, and all of it at once."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.config.config_home import Home
from tradetui.config import ConfigError, load_config
from tradetui.config.limits import RiskConfig


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.empty(tmp_path)


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[risk]\nmax_leverag = 2", "config.toml:2: risk.max_leverag: unknown key; did you mean 'max_leverage'?"),
        ("[rsk]\nx = 1", "config.toml:1: rsk: unknown key; did you mean 'risk'?"),
        (
            "[execution]\nmax_order_qty = 2",
            "config.toml:2: execution.max_order_qty: unknown key; did you mean risk.max_order_qty?",
        ),
        ("[Risk]\nmax_positions = 2", "config.toml:1: Risk: unknown key; did you mean 'risk'?"),
        ("[ui]\nzzzz = 2", "config.toml:2: ui.zzzz: unknown key"),
        (
            '[risk]\nmax_order_qty = "10,000"',
            "config.toml:2: risk.max_order_qty: must be a number, got '10,000'; write 10000 without quotes or commas",
        ),
        ('[risk]\nmax_order_qty = "many"', "config.toml:2: risk.max_order_qty: must be a number, got 'many'"),
        ("[risk]\nmax_order_qty = true", "config.toml:2: risk.max_order_qty: must be a number, got True"),
        ("[risk]\nmax_order_qty = 0", "config.toml:2: risk.max_order_qty: must be greater than 0, got 0"),
        ("[risk]\nmax_order_qty = -5", "config.toml:2: risk.max_order_qty: must be greater than 0, got -5"),
        ("[risk]\nmax_order_qty = nan", "config.toml:2: risk.max_order_qty: must be a finite number, got nan"),
        ("[risk]\ndaily_loss_limit = 1e18", "config.toml:2: risk.daily_loss_limit: must be at most 1e+09, got 1e+18"),
        ("[risk]\nmax_positions = 2.5", "config.toml:2: risk.max_positions: must be a whole number, got 2.5"),
        ("[risk]\nlong_only = 1", "config.toml:2: risk.long_only: must be true or false, got 1"),
        (
            "[risk]\nbreaker_action = 'cancle'",
            "config.toml:2: risk.breaker_action: must be one of block, cancel, flatten, got 'cancle';"
            " did you mean 'cancel'?",
        ),
        ("[market]\nsymbols = []", "config.toml:2: market.symbols: must not be an empty list, got []"),
        ("[market]\nsymbols = 'SPY'", "config.toml:2: market.symbols: must be a list, got 'SPY'"),
        (
            "[market]\nsymbols = ['spy']",
            "config.toml:2: market.symbols: must be a symbol in capitals, such as SPY or BRK B, got 'spy'",
        ),
        ("[market]\ncalendar = ''", "config.toml:2: market.calendar: must not be empty, got ''"),
        ("[broker]\nhost = 5", "config.toml:2: broker.host: must be text in quotes, got 5"),
        ("broker = 5", "config.toml:1: broker: must be a table, got 5"),
        ("strategies = 5", "config.toml:1: strategies: must be a table, got 5"),
        (
            "[strategies.Big-Name]",
            "config.toml:1: strategies.Big-Name: must be a name of small letters, digits and _, at most 32 long,"
            " got 'Big-Name'",
        ),
        (
            "[strategies.ma.params]\nfast = [1, 2]",
            "config.toml:2: strategies.ma.params.fast: must be a number, text, true or false, got [1, 2]",
        ),
        (
            "[demo]\nstart = '2025'",
            "config.toml:2: demo.start: must be a date and time without quotes, with its offset from UTC, such as"
            " 2025-06-02T09:30:00-04:00, got '2025'",
        ),
        (
            "[demo]\nstart = 2025-06-02T09:30:00",
            "config.toml:2: demo.start: must be a date and time without quotes, with its offset from UTC, such as"
            " 2025-06-02T09:30:00-04:00, got 2025-06-02T09:30:00",
        ),
        ("default_profile = 'lve'", "config.toml:1: default_profile: must be one of demo, paper, live"),
        ("[profile.liv]", "config.toml:1: profile.liv: no such profile; did you mean 'live'?"),
        ("[profile]\nlive = 1", "config.toml:2: profile.live: must be a table"),
        ("profile = 'live'", 'config.toml:1: profile: is a table; to choose one, write default_profile = "live"'),
        (
            "[risk\n",
            "config.toml:1: is not valid TOML: Expected ']' at the end of a table declaration",
        ),
        (
            "[profile.demo.risk]\nmax_leverag = 2",
            "config.toml:2: risk.max_leverag: unknown key; did you mean 'max_leverage'?",
        ),
    ],
)
def test_a_wrong_key_or_value_is_named_with_its_line(home: Home, toml: str, problem: str) -> None:
    assert home.write(toml).problems() == [problem]


def test_all_problems_are_told_at_once(home: Home) -> None:
    home.write("[risk]\nmax_order_qty = 0\nmax_leverag = 1\n[ui]\nmouse = 1\n", "IB_PROT=1\n")
    problems = home.problems(environ={"TRADETUI_RISKS__X": "1"})
    assert len(problems) == 5
    assert all("Traceback" not in problem and "\n" not in problem for problem in problems)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^config.toml: cannot be read: No such file or directory$"):
        load_config(tmp_path, "paper", {})


def test_a_file_that_is_not_text_is_one_line(home: Home) -> None:
    (home.path / "config.toml").write_bytes(b"\xff\xfe\x00")
    assert home.problems() == ["config.toml: is not UTF-8 text"]


@pytest.mark.parametrize(
    ("dotenv", "problem"),
    [
        ("IB_PROT=7497", ".env:1: IB_PROT: unknown name; did you mean 'IB_PORT'?"),
        ("\nIB_PORT=seven", ".env:2 IB_PORT: broker.port: must be a whole number, got 'seven'"),
        ("# only a comment\n\nthis is no setting", ".env:3: is not NAME=value"),
        ("TRADETUI_RISK__MAX_LEVERAG=1", ".env:1 TRADETUI_RISK__MAX_LEVERAG: risk.max_leverag: unknown key;"),
    ],
)
def test_a_wrong_line_in_dotenv_is_named(home: Home, dotenv: str, problem: str) -> None:
    found = home.write("", dotenv).problems()
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_a_dotenv_that_is_not_text_is_one_line(home: Home) -> None:
    (home.path / ".env").write_bytes(b"\xff\xfe")
    assert home.problems() == [".env: cannot be read as text"]


def test_an_unknown_name_with_our_prefix_in_the_environment_is_refused(home: Home) -> None:
    assert home.problems(environ={"TRADETUI_RISK__MAX_LEVERAG": "1"}) == [
        "environment TRADETUI_RISK__MAX_LEVERAG: risk.max_leverag: unknown key; did you mean 'max_leverage'?"
    ]


def test_a_key_below_a_value_is_refused(home: Home) -> None:
    assert home.problems(environ={"TRADETUI_RISK__LONG_ONLY__X": "1"}) == [
        "environment TRADETUI_RISK__LONG_ONLY__X: risk.long_only: must be true or false, got {'x': 1}"
    ]


def test_a_section_set_as_a_value_contradicts_its_keys(home: Home) -> None:
    problems = home.problems(environ={"TRADETUI_RISK": "5", "TRADETUI_RISK__MAX_POSITIONS": "1"})
    assert problems[-1] == (
        "environment TRADETUI_RISK__MAX_POSITIONS: risk.max_positions: contradicts environment TRADETUI_RISK;"
        " set only one of them"
    )


def test_a_name_twice_in_dotenv_must_agree(home: Home) -> None:
    assert home.write("", "IB_PORT=7497\nIB_PORT=4002\n").problems() == [
        ".env:2 IB_PORT: broker.port: contradicts .env:1 IB_PORT; set only one of them"
    ]


def test_text_in_the_environment_cannot_smuggle_in_a_second_key(home: Home) -> None:
    assert home.problems(environ={"IB_PORT": "7497\nother = 1"}) == [
        "environment IB_PORT: broker.port: must be a whole number, got '7497\\nother = 1'"
    ]


def test_two_names_for_one_key_must_agree(home: Home) -> None:
    both = {"IB_PORT": "7497", "TRADETUI_BROKER__PORT": "4002"}
    assert home.problems(environ=both) == [
        "environment TRADETUI_BROKER__PORT: broker.port: contradicts environment IB_PORT; set only one of them"
    ]
    assert home.load(environ={**both, "TRADETUI_BROKER__PORT": "7497"}).broker.port == 7497


@pytest.mark.parametrize("key", ["auth_token", "twilio_account_sid", "password"])
def test_a_secret_in_the_file_is_refused_without_being_shown(home: Home, key: str) -> None:
    (problem,) = home.write(f"[alerts]\n{key} = 'canary-4711'\n").problems()
    assert problem.startswith(f"config.toml:2: alerts.{key}: secrets are never read from here; set TWILIO_")
    assert "canary" not in problem


def test_a_credential_pasted_under_the_wrong_alert_key_is_not_shown(home: Home) -> None:
    (problem,) = home.write("[alerts]\ncontent_sid = 'canary-4711'\n").problems()
    assert "canary" not in problem


def test_a_dotenv_with_a_secret_must_be_closed_to_others(home: Home) -> None:
    home.write("", "TWILIO_AUTH_TOKEN=canary-4711\n")
    home.load()
    (home.path / ".env").chmod(0o640)
    (problem,) = home.problems()
    assert problem.startswith(".env:1: TWILIO_AUTH_TOKEN: holds a secret but the file is open to other users")
    assert "canary" not in problem


_NUMBER_LIMITS = sorted(
    name for name, field in RiskConfig.model_fields.items() if field.annotation in (int, float) and "entry" not in name
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    key=st.sampled_from(_NUMBER_LIMITS),
    value=st.one_of(
        st.floats(max_value=0, allow_nan=False),
        st.floats(min_value=1e10),
        st.just(math.nan),
        st.just(-math.inf),
        st.integers(max_value=0),
    ),
)
def test_no_limit_takes_zero_negative_nan_infinite_or_absurd(home: Home, key: str, value: float) -> None:
    home.write(f"[risk]\n{key} = {value!r}\n")
    assert all(f"risk.{key}: must be" in problem for problem in home.problems())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(max_size=200))
def test_no_text_whatever_gives_a_traceback(home: Home, text: str) -> None:
    (home.path / "config.toml").write_text(text, encoding="utf-8", errors="surrogatepass", newline="")
    with contextlib.suppress(ConfigError):
        home.load()
