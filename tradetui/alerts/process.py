"""Start the watcher process and hold its pipes.

Invariant: the watcher outlives this process if it must. It has a session of its own, and nothing here kills it when an
object is collected or an event loop ends (asyncio's own subprocess transports would).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tradetui.alerts.pipes import LineReader, LineWriter
from tradetui.alerts.wire import MAX_LINE
from tradetui.config.secret import SECRET_NAMES

BACKLOG = 1 << 20
_MAX_ERROR_BYTES = 1_000_000
_POLL_S = 0.02
# What a process needs to start and to reach the network; nothing else of the core's environment is handed on.
_PLAIN_NAMES = frozenset(
    {
        "PATH",
        "HOME",
        "LANG",
        "LC_ALL",
        "TZ",
        "TMPDIR",
        "PYTHONPATH",
        "VIRTUAL_ENV",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
    }
)


def watcher_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of `environ` that the watcher gets: what a process needs, and Twilio's credentials."""
    return {name: value for name, value in environ.items() if name in _PLAIN_NAMES | SECRET_NAMES}


@dataclass(frozen=True, slots=True, kw_only=True)
class WatcherLaunch:
    """How to start a watcher. Its environment holds credentials and is kept out of `repr`."""

    state_dir: Path
    heartbeat: Path
    env_file: Path
    environ: Mapping[str, str] = field(repr=False)
    look_every_s: float = 0.5

    def argv(self) -> list[str]:
        """Return the command line; no credential and no telephone number is on it.

        `-P` keeps the working directory off the module path: a file there must not get at the credentials.
        """
        return [
            sys.executable,
            "-P",
            "-m",
            "tradetui.alerts.watcher",
            f"--state-dir={self.state_dir}",
            f"--heartbeat={self.heartbeat}",
            f"--env-file={self.env_file}",
            f"--look-every={self.look_every_s}",
        ]


class WatcherProcess:
    """A running watcher."""

    def __init__(self, process: subprocess.Popen[bytes], reader: LineReader, writer: LineWriter) -> None:
        self._process = process
        self.reader = reader
        self.writer = writer

    @classmethod
    async def start(cls, launch: WatcherLaunch) -> WatcherProcess:
        """Return a watcher that was just started.

        Raises:
            OSError: the process or its error file cannot be made.
        """
        process = await asyncio.to_thread(_spawn, launch)
        if process.stdin is None or process.stdout is None:
            raise OSError("the watcher has no pipes")
        writer = await LineWriter.connect(process.stdin, limit=BACKLOG)
        reader = await LineReader.connect(process.stdout, limit=MAX_LINE)
        return cls(process, reader, writer)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def exit_code(self, limit_s: float) -> int | None:
        """Return the exit code, None when the process still runs after `limit_s`."""
        for _ in range(max(1, round(limit_s / _POLL_S))):
            if self._process.poll() is not None:
                break
            await asyncio.sleep(_POLL_S)
        return self._process.returncode

    def kill(self) -> None:
        """End a watcher that does not answer."""
        self._process.kill()

    def let_go(self) -> None:
        """Close the pipes; the process may go on, and is reaped when it ends."""
        self.writer.abort()
        self.reader.close()
        if self._process.poll() is None:
            threading.Thread(target=self._process.wait, daemon=True, name="alert-watcher-end").start()


def _spawn(launch: WatcherLaunch) -> subprocess.Popen[bytes]:
    with _error_file(launch.state_dir / "alerts.err") as errors:
        return subprocess.Popen(  # noqa: S603  # our own interpreter and module, no text from outside
            launch.argv(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=watcher_environ(launch.environ),
            bufsize=0,
            start_new_session=True,
        )


@contextlib.contextmanager
def _error_file(path: Path) -> Iterator[int]:
    """Open the file that takes a watcher's traceback: private, and started anew when it grew large."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(handle).st_size > _MAX_ERROR_BYTES:
            os.ftruncate(handle, 0)
        yield handle
    finally:
        os.close(handle)
