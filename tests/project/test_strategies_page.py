"""The page on writing strategies: its example loads, trades in a backtest and is accepted by the configuration."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from tradetui.cli.main import VERBS, main
from tradetui.config import load_config
from tradetui.strategy.loader import load_strategy
from tradetui.strategy.settings import load_settings

PAGE = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text(encoding="utf-8")
OPEN = datetime(2026, 3, 16, 13, 30, tzinfo=UTC)


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which a reader has done what the page says."""
    strategies = tmp_path / "strategies"
    strategies.mkdir(mode=0o700)
    (code,), (settings, table) = blocks("python"), blocks("toml")
    (strategies / "breakout.py").write_text(code, encoding="utf-8")
    (strategies / "breakout.toml").write_text(settings, encoding="utf-8")
    (tmp_path / "config.toml").write_text(f'[market]\nsymbols = ["SPY", "QQQ"]\n{table}', encoding="utf-8")
    for file in strategies.iterdir():
        file.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRADETUI_HOME", raising=False)
    return tmp_path


def test_the_example_loads_with_the_settings_beside_it(home: Path) -> None:
    settings = load_settings(home / "strategies" / "breakout.toml")
    strategy = load_strategy(settings.strategy, home / "strategies").make("SPY", settings.params)
    assert strategy.warmup_bars == 30


def test_the_configuration_takes_the_table(home: Path) -> None:
    assert load_config(home, "paper", {}).strategies["breakout"].params == {"leave": 15}


def test_the_example_trades_in_a_backtest(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng, price, lines = Random(3), 100.0, ["symbol,end,open,high,low,close,volume"]
    for minute in range(1, 391):
        close = round(price * (1 + rng.gauss(0, 0.001)), 2)
        end = (OPEN + timedelta(minutes=minute)).isoformat()
        lines.append(f"SPY,{end},{price},{max(price, close)},{min(price, close)},{close},1000")
        price = close
    (home / "bars.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
    command = ["backtest", "breakout", "--symbols", "SPY", "--bars", "bars.csv", "--param", "entry=40", "--no-save"]
    assert main([*command, "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics["trades"] > 0


def test_every_command_of_the_page_is_known() -> None:
    used = set(re.findall(r"(?:^|`)tradetui ([a-z]+)", PAGE, flags=re.MULTILINE))
    assert {"backtest", "doctor", "why"} <= used <= set(VERBS)
