"""`tradetui config check|show` as an operator and a script use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tradetui.cli.main import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.toml").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("TRADETUI_HOME", "TRADETUI_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_sound_configuration_is_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--profile", "demo"]) == 0
    assert capsys.readouterr().out == f"{home / 'config.toml'}: profile demo is sound\n"


def test_each_problem_is_one_line_on_standard_error(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "config.toml").write_text("[risk]\nmax_leverag = 1\nmax_positions = 0\n", encoding="utf-8")
    assert main(["config", "check"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "tradetui: config.toml:2: risk.max_leverag: unknown key; did you mean 'max_leverage'?",
        "config.toml:3: risk.max_positions: must be greater than 0, got 0",
    ]


def test_scripts_get_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "check", "--json"]) == 0
    sound = json.loads(capsys.readouterr().out)
    assert (sound["ok"], sound["profile"], sound["problems"]) == (True, "paper", [])
    assert main(["config", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hash"] == sound["hash"]
    (home / "config.toml").write_text("x = 1\n", encoding="utf-8")
    assert main(["config", "check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"ok": False, "problems": ["config.toml:1: x: unknown key"]}
    assert main(["config", "show", "--json"]) == 1
    assert capsys.readouterr().out == ""


def test_show_prints_origins_and_no_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary-4711")
    monkeypatch.setenv("IB_CLIENT_ID", "77")
    env_file = home / ".env"
    env_file.write_text("TWILIO_ACCOUNT_SID=canary-4712\n", encoding="utf-8")
    env_file.chmod(0o600)
    assert main(["config", "show"]) == 0
    shown = capsys.readouterr().out
    assert "canary" not in shown
    lines = {line.split(" = ")[0]: line for line in shown.splitlines()}
    assert lines["broker.client_id"].endswith("# environment IB_CLIENT_ID")
    assert lines["TWILIO_AUTH_TOKEN"].endswith("# environment TWILIO_AUTH_TOKEN")
    assert lines["TWILIO_ACCOUNT_SID"].endswith("# .env TWILIO_ACCOUNT_SID")
