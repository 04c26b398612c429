"""Credentials: loaded by the alert worker only, from the environment or from files that nobody else can read.

Standard library only. The invariant: a secret is never printed, pickled, handed to a child process, or read from
config.toml.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tradetui.domain.errors import OperatorError

MASK = "********"

_TWILIO = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")

SECRET_NAMES = frozenset(_TWILIO) | {f"{name}_FILE" for name in _TWILIO}
"""Environment names that hold or point to a secret."""


class SecretError(OperatorError):
    """A credential is missing, unreadable or open to other users: alerts stay off and say so."""


class Secret:
    """Text that shows itself only to `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; call at the moment of use and keep no copy."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret does not leave its process")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioSecrets:
    """What Twilio asks for to send a message."""

    account_sid: Secret
    auth_token: Secret


def load_twilio_secrets(env_file: Path, environ: Mapping[str, str]) -> TwilioSecrets | None:
    """Return Twilio's credentials, or None when none are set.

    Each comes from NAME in `environ`, from the file that NAME_FILE names, or from NAME in `env_file`.

    Raises:
        SecretError: only one of the two is set, or a file cannot be read or is open to other users.
    """
    found = {name: _find(name, env_file, environ) for name in _TWILIO}
    missing = [name for name, secret in found.items() if secret is None]
    if len(missing) == len(_TWILIO):
        return None
    account_sid, auth_token = (found[name] for name in _TWILIO)
    if account_sid is None or auth_token is None:
        raise SecretError(f"{missing[0]} is not set: set it, or {missing[0]}_FILE, in the environment or .env")
    return TwilioSecrets(account_sid=account_sid, auth_token=auth_token)


def secret_origins(env_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return where each credential comes from, by name, without reading its value; "not set" where nowhere."""
    origins = {}
    for name in _TWILIO:
        places = (
            (f"environment {name}", bool(environ.get(name))),
            (f"environment {name}_FILE", bool(environ.get(f"{name}_FILE"))),
            (f".env {name}", name in _names_in(env_file)),
            (f".env {name}_FILE", f"{name}_FILE" in _names_in(env_file)),
        )
        origins[name] = next((place for place, there in places if there), "not set")
    return origins


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of the environment for a child process, without any credential."""
    return {name: value for name, value in environ.items() if name not in SECRET_NAMES}


def _find(name: str, env_file: Path, environ: Mapping[str, str]) -> Secret | None:
    pointer = f"{name}_FILE"
    if environ.get(name):
        return Secret(environ[name])
    if environ.get(pointer):
        return _from_file(Path(environ[pointer]), pointer)
    values = _dotenv(env_file)
    if not values.get(name) and not values.get(pointer):
        return None
    _refuse_open(env_file, ".env")
    if values.get(name):
        return Secret(values[name])
    return _from_file(env_file.parent / values[pointer], pointer)


def _from_file(path: Path, origin: str) -> Secret:
    _refuse_open(path, origin)
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SecretError(f"{origin}: {path} cannot be read as text") from None
    if not text:
        raise SecretError(f"{origin}: {path} is empty")
    return Secret(text)


def _refuse_open(path: Path, origin: str) -> None:
    try:
        found = path.stat()
    except OSError as error:
        raise SecretError(f"{origin}: {path}: {error.strerror}") from None
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(f"{origin}: {path} is not a file")
    if found.st_uid not in (os.getuid(), 0) or found.st_mode & 0o077:
        raise SecretError(f"{origin}: {path} holds a secret but is open to other users; run: chmod 600 {path}")


def _names_in(env_file: Path) -> frozenset[str]:
    return frozenset(name for name, value in _dotenv(env_file).items() if value)


def _dotenv(env_file: Path) -> dict[str, str]:
    # Imported here because the screen and the command line import this module for SECRET_NAMES alone.
    from dotenv import dotenv_values

    if not env_file.is_file():
        return {}
    return {name: value or "" for name, value in dotenv_values(env_file, interpolate=False).items()}
