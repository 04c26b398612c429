"""The runbook: its commands exist, and systemd understands its unit."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tradetui.cli.main import VERBS
from tradetui.engine.stopping import STOP_LIMIT_S

PAGE = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")


def unit() -> str:
    (text,) = re.findall(r"^```ini\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    return str(text)


def test_every_command_exists() -> None:
    used = set(re.findall(r"(?:^|`)tradetui (?:--profile \w+ )?([a-z-]+)", PAGE, flags=re.MULTILINE))
    assert {"doctor", "kill", "flatten", "resume"} <= used <= set(VERBS)


def test_the_unit_gives_the_core_time_for_its_own_stop_and_waits_for_its_word() -> None:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(unit().replace("%h", "/home/me"))
    service = parser["Service"]
    assert service["Type"] == "notify"
    assert service["ExecStart"].endswith(" run")
    assert float(service["TimeoutStopSec"]) > STOP_LIMIT_S
    assert float(service["WatchdogSec"]) >= 10


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed here")
    command = tmp_path / "tradetui" / ".venv" / "bin" / "tradetui"
    command.parent.mkdir(parents=True)
    command.touch(mode=0o755)
    file = tmp_path / "tradetui.service"
    file.write_text(unit().replace("%h", str(tmp_path)), encoding="utf-8")
    done = subprocess.run([analyze, "verify", "--man=no", str(file)], capture_output=True, text=True, check=False)
    assert "tradetui.service" not in done.stderr, done.stderr
