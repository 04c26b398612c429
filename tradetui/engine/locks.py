"""One core per profile, one core per account: locks the kernel frees even after `kill -9`.

Invariant: a lock file holds the process id of its owner and what it is locked for while the lock is held.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tradetui.domain.errors import OperatorError


class AlreadyRunning(OperatorError):
    """Another core holds the lock: this one ends without having touched anything."""


class Lock:
    """A held lock. Keep it until the process ends; `release` is for tests and orderly stops."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, path: Path, what: str) -> Self:
        """Take the lock at `path` for `what`, such as "profile paper of /home/me/trading".

        Raises:
            AlreadyRunning: another process holds it.
            OperatorError: the file cannot be made.
        """
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OperatorError(f"{path}: cannot be opened for locking: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid, theirs = _owner(descriptor)
            os.close(descriptor)
            # The owner's own words: the same account may be traded from another home than ours.
            raise AlreadyRunning(
                f"a core for {theirs or what} runs already{pid}; attach to it or stop it first"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()} {what}\n".encode(), 0)
        return cls(descriptor)

    def release(self) -> None:
        """Let go; idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def account_lock_path(account: str, environ: Mapping[str, str]) -> Path:
    """Return the lock file of an account, the same for every home of this user, its folder made private.

    Raises:
        OperatorError: the folder cannot be made.
    """
    base = environ.get("XDG_STATE_HOME") or f"{environ.get('HOME', '')}/.local/state"
    folder = Path(base) / "tradetui" / "accounts"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"{folder}: cannot make the folder of account locks: {error.strerror}") from None
    return folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', account)}.lock"


def _owner(descriptor: int) -> tuple[str, str]:
    # Process and purpose as the owner wrote them; empty while it has not written them yet.
    pid, _, what = os.pread(descriptor, 4096, 0).decode(errors="replace").rstrip("\n").partition(" ")
    return (f" (process {pid})", what) if pid.isdigit() else ("", "")
