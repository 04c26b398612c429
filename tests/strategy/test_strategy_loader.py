"""Loading strategy files: the hash of what runs, and one line for everything that can be wrong with a file."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tradetui.domain.errors import OperatorError
from tradetui.strategy.api import parameters
from tradetui.strategy.loader import load_file, load_strategy, strategy_files

SAMPLES = Path(__file__).parents[2] / "strategies"
GOOD = """
from tradetui.strategy.api import Strategy, register

@register("{name}")
class Mine(Strategy):
    size: int = 3

    def on_bar(self, bar, ctx):
        pass
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def put(folder: Path, file: str, text: str) -> Path:
    path = folder / file
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("name", ["ma_crossover", "momentum"])
def test_samples_load_by_name_with_the_hash_of_their_file(name: str) -> None:
    loaded = load_strategy(name, SAMPLES)
    assert loaded.name == loaded.cls.name == name
    assert loaded.file == SAMPLES / f"{name}.py"
    assert loaded.sha256 == hashlib.sha256((SAMPLES / f"{name}.py").read_bytes()).hexdigest()


def test_a_strategy_is_found_in_a_file_of_another_name(folder: Path) -> None:
    put(folder, "a_broken.py", "raise ValueError('not this one')")
    put(folder, "tools.py", GOOD.format(name="loader_found"))
    assert load_strategy("loader_found", folder).cls.__name__ == "Mine"


def test_a_path_loads_the_only_strategy_of_its_file(folder: Path) -> None:
    path = put(folder, "by_path.py", GOOD.format(name="loader_by_path"))
    assert load_strategy(str(path), folder).name == "loader_by_path"
    assert load_strategy("by_path.py", folder).name == "loader_by_path"


def test_an_edited_file_loads_again_with_its_new_code_and_hash(folder: Path) -> None:
    path = put(folder, "edited.py", GOOD.format(name="loader_edited"))
    first = load_file(path)[0]
    put(folder, "edited.py", GOOD.format(name="loader_edited").replace("size: int = 3", "size: int = 4"))
    second = load_file(path)[0]
    assert parameters(first.cls) == {"size": 3}
    assert parameters(second.cls) == {"size": 4}
    assert first.sha256 != second.sha256


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module_here", r"ModuleNotFoundError: No module named 'no_such_module_here' \(bad.py:1\)"),
        ("x = 1\ndef broken(:\n", r"SyntaxError: .*\(bad.py:2\)"),
        ("def boom():\n    return 1 / 0\nboom()", r"ZeroDivisionError: division by zero \(bad.py:2\)"),
        ("import sys\nsys.exit(3)", r"SystemExit: 3 \(bad.py:2\)"),
        ("x = 1", "registers no strategy"),
        (GOOD.format(name="loader_abstract").replace("on_bar", "on_bars"), "loader_abstract has no on_bar method"),
    ],
)
def test_a_faulty_file_gives_one_line_with_its_own_line_number(folder: Path, text: str, reason: str) -> None:
    path = put(folder, "bad.py", text)
    with pytest.raises(OperatorError, match=reason) as caught:
        load_strategy("bad", folder)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_name_offers_the_nearest_ones() -> None:
    with pytest.raises(OperatorError, match="unknown strategy 'ma_crosover'; did you mean 'ma_crossover'"):
        load_strategy("ma_crosover", SAMPLES)


def test_an_unknown_name_without_neighbours_lists_what_there_is() -> None:
    with pytest.raises(OperatorError, match=r"unknown strategy 'zzzzzz'; .* has .*ma_crossover"):
        load_strategy("zzzzzz", SAMPLES)


def test_a_missing_path_is_named(folder: Path) -> None:
    with pytest.raises(OperatorError, match=r"strategy file nowhere\.py does not exist"):
        load_strategy("nowhere.py", folder)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_never_run(folder: Path, mode: int) -> None:
    marker = folder / "ran"
    path = put(folder, "unsafe.py", f"open({str(marker)!r}, 'w').close()")
    path.chmod(mode)
    with pytest.raises(OperatorError, match="can be written by other users; run chmod go-w"):
        load_strategy("unsafe", folder)
    assert not marker.exists()


def test_a_folder_that_others_may_write_is_refused(folder: Path) -> None:
    put(folder, "fine.py", GOOD.format(name="loader_fine"))
    folder.chmod(0o777)
    with pytest.raises(OperatorError, match="can be written by other users"):
        load_strategy("fine", folder)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_never_run(folder: Path) -> None:
    path = put(folder, "foreign.py", GOOD.format(name="loader_foreign"))
    os.chown(path, 12345, 12345)
    with pytest.raises(OperatorError, match="belongs to user id 12345"):
        load_strategy("foreign", folder)


def test_names_with_an_underscore_in_front_are_no_strategy_files(folder: Path) -> None:
    put(folder, "_shared.py", "x = 1")
    put(folder, "mine.py", GOOD.format(name="loader_mine"))
    assert [path.name for path in strategy_files(folder)] == ["mine.py"]


def test_a_file_with_several_strategies_needs_a_name(folder: Path) -> None:
    put(folder, "two.py", GOOD.format(name="loader_one") + GOOD.format(name="loader_two"))
    with pytest.raises(OperatorError, match="holds several strategies; name one of loader_one, loader_two"):
        load_strategy("two.py", folder)
    assert load_strategy("loader_two", folder).name == "loader_two"


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"fats": 3}, "no parameter 'fats'; did you mean 'fast'"),
        ({"fast": 2.5}, "parameter fast is 2.5, it must be of type int"),
        (
            {"fast": 30},
            r"strategy ma_crossover: setup failed: ValueError: fast \(30\) must be smaller.*ma_crossover.py:",
        ),
        ({"fast": 0}, "SMA needs a length of at least 1, not 0"),
    ],
)
def test_bad_parameters_give_one_line(params: dict[str, int | float | str | bool], reason: str) -> None:
    with pytest.raises(OperatorError, match=reason):
        load_strategy("ma_crossover", SAMPLES).make("SPY", params)


def test_a_file_and_a_name_find_one_of_several_strategies(folder: Path) -> None:
    put(folder, "pair.py", GOOD.format(name="loader_left") + GOOD.format(name="loader_right"))
    assert load_strategy("loader_right", folder, "pair.py").name == "loader_right"
    with pytest.raises(OperatorError, match="does not register 'loader_up'; it has loader_left, loader_right"):
        load_strategy("loader_up", folder, "pair.py")
