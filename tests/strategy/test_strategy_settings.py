"""A strategy's TOML file: what it gives, and that nothing wrong in it passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.errors import OperatorError
from tradetui.strategy.api import Context, Strategy, checked_params
from tradetui.strategy.loader import load_strategy
from tradetui.strategy.settings import load_settings, settings_for

SAMPLES = Path(__file__).parents[2] / "strategies"


@pytest.mark.parametrize("name", ["ma_crossover", "momentum"])
def test_sample_settings_fit_their_strategy(name: str) -> None:
    settings = settings_for(name, SAMPLES)
    assert settings.strategy == name
    assert settings.bar_size is BarSize.M1
    assert settings.symbols
    strategy = load_strategy(name, SAMPLES).make(settings.symbols[0], settings.params)
    assert strategy.warmup_bars <= 40


def test_a_strategy_without_a_file_has_bare_settings(tmp_path: Path) -> None:
    settings = settings_for("mine", tmp_path)
    assert (settings.strategy, settings.symbols, settings.params) == ("mine", (), {})


def test_qty_becomes_a_parameter(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('symbols = ["SPY"]\nbar_size = "5m"\nqty = 7\n[params]\nfast = 3\n')
    settings = load_settings(file)
    assert settings.params == {"fast": 3, "qty": 7}
    assert settings.bar_size is BarSize.M5


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("symbol = ['SPY']", "unknown key 'symbol'; did you mean 'symbols'"),
        ("symbols = 'SPY'", "symbols must be a list"),
        ("bar_size = '7m'", "bar size '7m' is not known"),
        ("bar_size = 5", "bar_size is 5; it must be a text"),
        ("qty = 0", "qty is 0; it must be a positive number"),
        ("qty = true", "qty is True"),
        ("qty = 5\n[params]\nqty = 6", "qty is given twice"),
        ("params = 3", "params must be a section"),
        ("[params]\nfast = [1]", r"params.fast is \[1\]"),
        ("fast = ", "is no valid TOML"),
    ],
)
def test_a_wrong_key_or_value_is_refused_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(OperatorError, match=reason) as caught:
        load_settings(file)
    assert "\n" not in str(caught.value)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"absent.toml cannot be read"):
        load_settings(tmp_path / "absent.toml")


def test_a_parameter_has_the_type_it_is_annotated_with() -> None:
    class Sized(Strategy):
        qty: float = 10

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            """Do nothing."""

    assert checked_params(Sized, {"qty": 2.5}) == {"qty": 2.5}
    assert checked_params(Sized, {"qty": 3}) == {"qty": 3.0}
