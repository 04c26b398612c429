"""Credentials come from closed places only, and show themselves to nobody."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from tradetui.config.secret import Secret, SecretError, load_twilio_secrets, secret_origins, without_secrets

CANARY = "canary-4711"
BOTH = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": CANARY}


def _closed(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_secret_shows_itself_only_when_asked() -> None:
    secret = Secret(CANARY)
    shown = f"{secret} {secret!r} {[secret]} {vars(Secret).keys()}"
    assert CANARY not in shown
    assert secret.reveal() == CANARY
    with pytest.raises(TypeError, match="does not leave its process"):
        pickle.dumps(secret)


def test_equal_secrets_are_equal_and_hash_alike() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1


def test_nothing_set_gives_no_credentials(tmp_path: Path) -> None:
    assert load_twilio_secrets(tmp_path / ".env", {}) is None
    _closed(tmp_path / ".env", "IB_PORT=7497\nTWILIO_AUTH_TOKEN=\nTWILIO_ACCOUNT_SID=\n")
    assert load_twilio_secrets(tmp_path / ".env", {}) is None


def test_credentials_come_from_the_environment(tmp_path: Path) -> None:
    found = load_twilio_secrets(tmp_path / ".env", BOTH)
    assert found is not None
    assert (found.account_sid.reveal(), found.auth_token.reveal()) == ("AC1", CANARY)
    assert CANARY not in repr(found)


def test_credentials_come_from_closed_files_named_in_the_environment_or_in_dotenv(tmp_path: Path) -> None:
    token = _closed(tmp_path / "token", f"{CANARY}\n")
    env_file = _closed(tmp_path / ".env", "TWILIO_ACCOUNT_SID=AC1\nTWILIO_AUTH_TOKEN_FILE=token\n")
    found = load_twilio_secrets(env_file, {})
    assert found is not None
    assert found.auth_token.reveal() == CANARY
    found = load_twilio_secrets(env_file, {"TWILIO_AUTH_TOKEN_FILE": str(token), "TWILIO_ACCOUNT_SID": "AC2"})
    assert found is not None
    assert (found.account_sid.reveal(), found.auth_token.reveal()) == ("AC2", CANARY)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_an_open_file_is_refused(tmp_path: Path, mode: int) -> None:
    token = _closed(tmp_path / "token", CANARY)
    token.chmod(mode)
    with pytest.raises(SecretError, match="open to other users; run: chmod 600") as caught:
        load_twilio_secrets(tmp_path / ".env", {"TWILIO_AUTH_TOKEN_FILE": str(token), "TWILIO_ACCOUNT_SID": "AC1"})
    assert CANARY not in str(caught.value)


def test_an_open_dotenv_with_credentials_is_refused(tmp_path: Path) -> None:
    env_file = _closed(tmp_path / ".env", f"TWILIO_AUTH_TOKEN={CANARY}\nTWILIO_ACCOUNT_SID=AC1\n")
    env_file.chmod(0o644)
    with pytest.raises(SecretError, match="open to other users"):
        load_twilio_secrets(env_file, {})


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"", "is empty"), (b"\xff\xfe", "cannot be read as text")]
)
def test_a_bad_secret_file_is_one_line(tmp_path: Path, content: bytes | None, reason: str) -> None:
    token = tmp_path / "token"
    if content is not None:
        token.write_bytes(content)
        token.chmod(0o600)
    with pytest.raises(SecretError, match=reason) as caught:
        load_twilio_secrets(tmp_path / ".env", {"TWILIO_AUTH_TOKEN_FILE": str(token), "TWILIO_ACCOUNT_SID": "AC1"})
    assert "\n" not in str(caught.value)


def test_a_directory_is_no_secret_file(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="is not a file"):
        load_twilio_secrets(tmp_path / ".env", {"TWILIO_AUTH_TOKEN_FILE": str(tmp_path), "TWILIO_ACCOUNT_SID": "A"})


def test_half_of_the_credentials_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="TWILIO_AUTH_TOKEN is not set"):
        load_twilio_secrets(tmp_path / ".env", {"TWILIO_ACCOUNT_SID": "AC1"})


def test_origins_are_told_without_values(tmp_path: Path) -> None:
    env_file = _closed(tmp_path / ".env", f"TWILIO_AUTH_TOKEN={CANARY}\n")
    origins = secret_origins(env_file, {"TWILIO_ACCOUNT_SID_FILE": "/x"})
    assert origins == {
        "TWILIO_ACCOUNT_SID": "environment TWILIO_ACCOUNT_SID_FILE",
        "TWILIO_AUTH_TOKEN": ".env TWILIO_AUTH_TOKEN",
    }
    assert secret_origins(tmp_path / "none", {"TWILIO_ACCOUNT_SID": ""}) == {
        "TWILIO_ACCOUNT_SID": "not set",
        "TWILIO_AUTH_TOKEN": "not set",
    }


def test_a_child_process_gets_no_credential() -> None:
    child = without_secrets({**BOTH, "TWILIO_AUTH_TOKEN_FILE": "/x", "PATH": "/bin"})
    assert child == {"PATH": "/bin"}


def test_importing_the_secret_module_costs_no_pydantic() -> None:
    code = "import sys, tradetui.config.secret; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
