"""Every client library that installs from the package index trades against a gateway process and has no complaint."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gateway.clients.cases import CASES
from tests.gateway.clients.environments import python_with
from tests.gateway.clients.play import CONDITIONS
from tests.gateway.clients.process import ROOT, gateway_process
from tradetui.gateway.venue.validation import KINDS

pytestmark = pytest.mark.slow

PLAY_LIMIT_S = 180
#: What has to be answered whatever the library.
QUESTIONS = (
    "account sync",
    "contract details",
    "historical bars",
    "bars kept up to date",
    "streaming",
    "tick by tick",
    "historical ticks",
    "histogram",
    "schedule",
    "options",
    "depth",
    "scanner",
    "news",
    "refusals",
    "executions",
    "profit and loss",
)
ACTS = (
    *(f"ask {name}" for name in QUESTIONS),
    *(f"order {name}" for name in KINDS),
    *(f"oca {number}" for number in (1, 2, 3)),
    *(f"condition {name}" for name in CONDITIONS),
    "bracket",
    "whatIf",
    "global cancel",
    "bulletins",
    "closing auction",
)
PROTOBUF = "protobuf>=5.29,<7"
#: Actor, what to install (nothing: the project's own environment), the highest version offered, the version agreed on.
CLIENTS: dict[str, tuple[str, tuple[str, ...], int, int]] = {
    "ib_insync 0.9.86": ("ib_actor", (), 178, 176),
    "ib_async 2.1.0": ("ib_actor", ("ib_async==2.1.0",), 178, 178),
    "ibapi 9.81.1": ("official_actor", ("ibapi==9.81.1.post1",), 178, 157),
    "official 10.30.1": ("official_actor", ("nautilus-ibapi==10.30.1",), 193, 187),
    "official 10.19.4": ("official_actor", ("nautilus-ibapi==10.19.4",), 178, 176),
    "official 10.37.2": ("official_actor", ("nautilus-ibapi==10.37.2", PROTOBUF), 178, 178),
    "official 10.46.1": ("official_actor", ("nautilus-ibapi==10.46.1", PROTOBUF), 193, 193),
}
#: The others are played on request: with these every decoder of a kind has been at it.
ALWAYS = ("ib_insync 0.9.86", "ib_async 2.1.0", "ibapi 9.81.1", "official 10.46.1")
on_request = pytest.mark.skipif(
    "TRADETUI_CLIENT_TESTS" not in os.environ, reason="played on request: set TRADETUI_CLIENT_TESTS=1"
)
#: An hour before the close: near enough to jump to the closing auction, too far to drift into it.
WORDS = ("--speed", "5", "--start", "2026-03-16T15:00-04:00")


@pytest.fixture
def cache() -> Path:
    """Where the clients' environments are kept between runs, outside the repository."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tradetui" / "client-venvs"
    home.mkdir(parents=True, exist_ok=True)
    return home


#: Versions from which on some layout differs.
VERSIONS = (157, 163, 164, 166, 169, 170, 174, 176, 177, 178, 183, 185, 187, 189, 192, 193)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a program from the repository's root."""
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PLAY_LIMIT_S, check=False)


def report(python: Path, module: str, max_version: int, argument: object) -> dict[str, Any]:
    """Run one module of the play against a fresh gateway; what it reports."""
    with gateway_process(*WORDS, "--max-version", str(max_version)) as gateway:
        ports = str(gateway.port), str(gateway.control_port)
        result = run(str(python), "-m", f"tests.gateway.clients.{module}", *ports, json.dumps(argument))
    assert result.returncode == 0, result.stderr
    outcome: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return outcome


def assert_content(outcome: dict[str, Any], version: int) -> None:
    """Every act succeeded at this version and the library had nothing to say about it."""
    assert outcome["failed"] == {}
    assert outcome["complaints"] == []
    assert outcome["surprises"] == []
    assert outcome["connected"]
    assert outcome["version"] == version


def test_every_order_type_of_the_venue_has_a_part_in_the_play() -> None:
    assert set(KINDS) <= set(CASES)


@pytest.mark.parametrize(
    "client", [name if name in ALWAYS else pytest.param(name, marks=on_request) for name in CLIENTS]
)
def test_a_client_library_trades_every_order_type_and_has_no_complaint(client: str, cache: Path) -> None:
    actor, requirements, max_version, agreed = CLIENTS[client]
    python = python_with(cache, *requirements) if requirements else Path(sys.executable)
    outcome = report(python, actor, max_version, list(KINDS))
    assert_content(outcome, agreed)
    assert set(outcome["done"]) >= set(ACTS)


def test_the_strictest_decoder_reads_every_layout_of_every_version(cache: Path) -> None:
    python = python_with(cache, *CLIENTS["official 10.46.1"][1])
    outcomes = report(python, "official_versions", max(VERSIONS), VERSIONS)
    assert [int(version) for version in outcomes] == list(VERSIONS)
    for version, outcome in outcomes.items():
        assert_content(outcome, int(version))


@pytest.mark.parametrize(
    ("example", "requirements"),
    [
        ("ib_library.py", ()),
        ("ib_library.py", ("ib_async==2.1.0",)),
        ("official_api.py", ("nautilus-ibapi==10.46.1", PROTOBUF)),
    ],
)
def test_an_example_of_the_documents_runs(example: str, requirements: tuple[str, ...], cache: Path) -> None:
    python = python_with(cache, *requirements) if requirements else Path(sys.executable)
    with gateway_process(*WORDS) as gateway:
        result = run(str(python), f"docs/clients/{example}", str(gateway.port))
    assert result.returncode == 0, result.stderr
    assert re.search(r" at \d+\.\d", result.stdout.splitlines()[-1])


@on_request
def test_the_javascript_client_gets_all_it_asks_for(cache: Path) -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    home = cache / "stoqey"
    home.mkdir(exist_ok=True)
    installed = run("npm", "install", "--no-audit", "--no-fund", "--prefix", str(home), "@stoqey/ib@1.6.10")
    if installed.returncode:
        pytest.skip("@stoqey/ib cannot be installed from the npm registry here")
    shutil.copy(ROOT / "docs" / "clients" / "stoqey_ib.js", home)
    with gateway_process(*WORDS, "--max-version", "193") as gateway:
        result = run("node", str(home / "stoqey_ib.js"), str(gateway.port))
    assert json.loads(result.stdout) == {"version": 193, "missing": [], "surprises": []}
    assert result.returncode == 0, result.stderr
