"""The demo's processes: paper gateway and core, both detached, found again by locks and not by process ids alone.

The invariants: a gateway counts as ours only while it holds the lock it inherited from us, so no other process is ever
signalled; starting twice starts nothing twice; after a stop no process of the demo is left.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tradetui.control.emergency import is_locked
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

READY_S = 20.0
END_S = 10.0
_POLL_S = 0.05
_READY = "gateway listening on "


@dataclass(frozen=True, slots=True)
class DemoGateway:
    """Where the demo keeps its gateway's lock, address and output."""

    paths: Paths

    @property
    def lock(self) -> Path:
        """File the running gateway holds a lock on."""
        return self.paths.state / "gateway.lock"

    @property
    def log(self) -> Path:
        """What the gateway says."""
        return self.paths.logs / "gateway.out"

    @property
    def account_file(self) -> Path:
        """The gateway's memory of the account between runs."""
        return self.paths.state / "gateway-account.json"

    @property
    def port(self) -> int | None:
        """Port of the latest gateway, None when there never was one."""
        return self._recorded("port")

    @property
    def is_running(self) -> bool:
        """Whether a gateway of this demo runs."""
        return is_locked(self.lock)

    def start(self, options: Sequence[str], port: int, environ: Mapping[str, str]) -> int:
        """Start a gateway on `port` (0: any free one) in `environ` and return the port it listens on.

        Raises:
            OperatorError: it ended or did not listen in time; its last words are in the text.
        """
        lock = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process = self._spawn([*options, "--port", str(port)], lock, environ)
        except BlockingIOError:
            raise OperatorError("another start of the demo is under way; try again in a moment") from None
        finally:
            os.close(lock)
        listening = self._wait_until_listening(process)
        record = self._record.with_suffix(".new")
        record.write_text(json.dumps({"pid": process.pid, "port": listening}), encoding="utf-8")
        record.replace(self._record)
        return listening

    def stop(self) -> bool:
        """End the gateway; return whether there was one.

        Raises:
            OperatorError: it cannot be ended.
        """
        if not self.is_running:
            return False
        pid = self._recorded("pid")
        if pid is None:
            raise OperatorError(f"{self._record}: does not tell the gateway's process; end it by hand")
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.kill(pid, number)
            if until(lambda: not self.is_running, END_S):
                return True
        raise OperatorError(f"the gateway (process {pid}) does not end")

    @property
    def _record(self) -> Path:
        return self.paths.state / "gateway.json"

    def _recorded(self, name: str) -> int | None:
        try:
            value = json.loads(self._record.read_text(encoding="utf-8"))[name]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return value if isinstance(value, int) else None

    def _spawn(self, options: Sequence[str], lock: int, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tradetui", "gateway", *options, "--state", str(self.account_file)]
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            return subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                command,
                env=environ,
                cwd=self.paths.home,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                # The lock lives as long as the last process that has it open: the gateway.
                pass_fds=(lock,),
            )
        finally:
            os.close(output)

    def _wait_until_listening(self, process: subprocess.Popen[bytes]) -> int:
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
            for line in lines:
                if line.startswith(_READY):
                    return int(line.rpartition(":")[2])
            if ended:
                raise OperatorError(f"the paper gateway ended at its start: {lines[-1] if lines else 'without a word'}")
            time.sleep(_POLL_S)
        process.kill()
        raise OperatorError(f"the paper gateway did not listen within {READY_S:g} s; its output is {self.log}")


def until(condition: Callable[[], bool], limit_s: float) -> bool:
    """Return whether `condition` came true within `limit_s`."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
