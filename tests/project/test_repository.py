"""Habits of the project that a machine can check: sizes, names, imports, and files that a newcomer copies."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradetui import __version__
from tradetui.cli.main import VERBS
from tradetui.config import load_config
from tradetui.config.connection import InstrumentConfig
from tradetui.config.env_layers import read_dotenv
from tradetui.config.env_names import HISTORICAL
from tradetui.config.operation import StrategyConfig
from tradetui.config.schema import fields_at
from tradetui.config.secret import SECRET_NAMES

ROOT = Path(__file__).parents[2]
MODULES = sorted(ROOT.glob("tradetui/**/*.py")) + sorted(ROOT.glob("strategies/*.py"))
TESTS = sorted(ROOT.glob("tests/**/*.py"))

MAX_MODULE_LINES = 400
MEDIAN_MODULE_LINES = 150
P90_FUNCTION_LINES = 30


def _function_lengths() -> Iterator[int]:
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield (node.end_lineno or node.lineno) - node.lineno + 1


def _imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def _lines(module: Path) -> int:
    return len(module.read_text(encoding="utf-8").splitlines())


def _percentile(values: list[int], percent: int) -> int:
    return sorted(values)[len(values) * percent // 100]


def test_no_module_is_too_long() -> None:
    long = {str(module.relative_to(ROOT)): _lines(module) for module in MODULES if _lines(module) > MAX_MODULE_LINES}
    assert long == {}


def test_modules_and_functions_stay_small() -> None:
    assert _percentile([_lines(module) for module in MODULES], 50) <= MEDIAN_MODULE_LINES
    assert _percentile(list(_function_lengths()), 90) <= P90_FUNCTION_LINES


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {module.stem for module in MODULES} | {module.parent.name for module in MODULES}
    assert not {name for name in names if re.search(r"(^|_)(utils?|helpers?|managers?|misc|common)($|_)", name)}


def test_every_module_says_its_job() -> None:
    silent = [
        str(module.relative_to(ROOT))
        for module in MODULES
        if module.read_text(encoding="utf-8").strip() and not ast.get_docstring(ast.parse(module.read_text("utf-8")))
    ]
    assert silent == []


def test_every_test_folder_is_a_package() -> None:
    # Otherwise two test modules of one name hide each other, and types are not checked in either.
    folders = {module.parent for module in TESTS}
    assert {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()} == set()


@pytest.mark.parametrize("package", ["domain", "strategy", "risk", "trading"])
def test_the_trading_core_stands_on_the_standard_library_alone(package: str) -> None:
    foreign = {
        f"{module.relative_to(ROOT)}: {name}"
        for module in ROOT.glob(f"tradetui/{package}/**/*.py")
        for name in _imported(module)
        if name.split(".")[0] not in {*sys.stdlib_module_names, "tradetui"}
    }
    assert foreign == set()


def test_nothing_unfinished_is_marked_in_the_code() -> None:
    marked = [
        f"{module.relative_to(ROOT)}:{number}"
        for module in [*MODULES, *TESTS]
        if module != Path(__file__)
        for number, line in enumerate(module.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line)
    ]
    assert marked == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_has_help(verb: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tradetui", verb, "--help"],
        capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"usage: tradetui {verb}")
    assert "--profile" in result.stdout
    assert ("--json" in result.stdout) == VERBS[verb].json


# What a command must not load: each of these costs more than the whole time `status` may take.
HEAVY = ("textual", "rich", "pandas", "numpy", "pyarrow", "pydantic", "ib_insync", "eventkit", "twilio", "plotext")


@pytest.mark.parametrize("verb", ["status", "kill", "flatten", "pause", "positions", "orders"])
def test_a_quick_command_imports_nothing_heavy(verb: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    code = (
        "import sys\nfrom tradetui.cli.main import main\n"
        f"try:\n    main([{verb!r}, '--home', {str(tmp_path)!r}])\nexcept SystemExit:\n    pass\n"
        f"print('loaded:', *sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    assert result.stdout.splitlines()[-1] == "loaded:", result.stderr
    assert "internal error" not in result.stderr


def test_the_readme_names_commands_that_exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```[a-z]*\n(.*?)^```", readme, flags=re.DOTALL | re.MULTILINE))
    code += "\n".join(re.findall(r"`([^`\n]+)`", readme))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    used_targets = set(re.findall(r"\bmake (?:[A-Z]+=\S+ )*([a-z]+)", code))
    used_verbs = set(re.findall(r"\btradetui (?:--\S+(?: |=)\S+ )*([a-z]+)", code))
    assert {"install", "demo", "test"} <= used_targets <= targets
    assert "demo" in used_verbs or "demo" in used_targets
    assert used_verbs <= set(VERBS)


def test_every_linked_file_of_the_documents_exists() -> None:
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    missing = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert missing == []


def test_the_env_example_is_a_working_env_file(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / "config.toml").write_text((ROOT / "config.toml").read_text(encoding="utf-8"), encoding="utf-8")
    env_file = tmp_path / ".env"
    env_file.write_text(text, encoding="utf-8")
    env_file.chmod(0o600)
    assert load_config(tmp_path, "paper", {}).broker.port == 7497
    assert read_dotenv(env_file)[1] == []
    named = set(re.findall(r"^#? ?([A-Z_]+)=", text, flags=re.MULTILINE))
    assert named == set(HISTORICAL) | SECRET_NAMES


@pytest.mark.parametrize("profile", ["demo", "paper"])
def test_the_shipped_configuration_is_sound(profile: str) -> None:
    assert load_config(ROOT, profile, {}).strategies


def test_the_live_block_of_the_shipped_configuration_is_complete(tmp_path: Path) -> None:
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    opened = re.sub(r"^# (\[profile\.live|[a-z_]+ = )", r"\1", text, flags=re.MULTILINE)
    (tmp_path / "config.toml").write_text(opened, encoding="utf-8")
    assert load_config(tmp_path, "live", {}).broker.account == "U1234567"


def test_the_stop_example_says_how_to_stop_and_how_to_go_on() -> None:
    text = (ROOT / "STOP.example").read_text(encoding="utf-8")
    assert "touch STOP" in text
    assert "tradetui resume" in text


def test_the_changelog_starts_with_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (\S+)", changelog, flags=re.MULTILINE)[0] in (__version__, "Unreleased")


def test_decisions_are_numbered_without_gaps_and_have_their_parts() -> None:
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for part in ("Context", "Decision", "Consequences", "What would change our mind"):
            assert f"## {part}" in text, f"{page.name}: {part}"


def test_the_lock_holds_every_dependency_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {name.lower() for name in re.findall(r"^([A-Za-z0-9_.-]+)==", lock, flags=re.MULTILINE)}
    wanted = {
        re.split(r"[<>=!~\[; ]", line)[0].lower().replace("_", "-")
        for line in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    }
    assert wanted <= {name.replace("_", "-") for name in locked}
    pins = re.findall(r"^\S+==", lock, flags=re.MULTILINE)
    hashed = re.findall(r"^\S+==.*\\\n    --hash=sha256:", lock, flags=re.MULTILINE)
    assert len(pins) == len(hashed)
    assert "://" not in lock


def test_every_key_of_the_configuration_has_an_effect() -> None:
    # By name only: a key that no module outside the configuration reads is a promise that nothing keeps.
    source = "\n".join(
        module.read_text(encoding="utf-8") for module in MODULES if module.parent != ROOT / "tradetui" / "config"
    )
    keys = {(section, key) for section in fields_at(()) for key in fields_at((section,))}
    keys |= {("strategies", key) for key in StrategyConfig.model_fields}
    keys |= {("market.instruments", key) for key in InstrumentConfig.model_fields}
    unread = {f"{section}.{key}" for section, key in keys if not re.search(rf"\.{key}\b", source)}
    assert unread == set()
