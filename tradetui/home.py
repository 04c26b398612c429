"""Where everything lies: the operator's home (the folder with config.toml) and the private state of one profile.

Standard library only, because `tradetui status` and `tradetui kill` must answer at once and even when config.toml is
broken. The invariant: state and sockets live only in directories that belong to this user and are closed to others.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tradetui.domain.errors import OperatorError

CONFIG_NAME = "config.toml"
DEFAULT_PROFILE = "paper"
PROFILES = ("demo", "paper", "live")

# A Unix socket address holds 104 bytes on macOS and 108 on Linux, the closing zero included.
SOCKET_PATH_BYTES = 104

_DEFAULT_PROFILE_KEY = re.compile(r"""^\s*default_profile\s*=\s*["']([^"']*)["']""")


class HomeError(OperatorError):
    """No usable home, profile or state directory: nothing was read or written."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Every path the program uses for one home and profile. Making this object touches no file."""

    home: Path
    profile: str

    @property
    def config_file(self) -> Path:
        """The operator's configuration."""
        return self.home / CONFIG_NAME

    @property
    def env_file(self) -> Path:
        """The operator's optional `.env`."""
        return self.home / ".env"

    @property
    def stop_file(self) -> Path:
        """The file whose presence stops trading."""
        return self.home / "STOP"

    @property
    def strategies(self) -> Path:
        """Folder of the operator's strategy files."""
        return self.home / "strategies"

    @property
    def state(self) -> Path:
        """Private directory of this profile (0700)."""
        return self.home / "data" / self.profile

    @property
    def lock(self) -> Path:
        """File the core holds an exclusive lock on while it runs."""
        return self.state / "core.lock"

    @property
    def journal(self) -> Path:
        """SQLite journal and ledger."""
        return self.state / "journal.db"

    @property
    def heartbeat(self) -> Path:
        """File the core rewrites while it is alive; the watcher reads it."""
        return self.state / "heartbeat"

    @property
    def logs(self) -> Path:
        """Directory of log files and crash reports."""
        return self.state / "logs"

    @property
    def cache(self) -> Path:
        """Directory of data that can be fetched again."""
        return self.state / "cache"

    def prepare(self) -> None:
        """Create the state directories, closed to other users.

        Raises:
            HomeError: a directory cannot be made or belongs to another user.
        """
        for folder in (self.state, self.logs, self.cache):
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            except OSError as error:
                raise HomeError(f"{folder}: cannot make a private state directory: {error.strerror}") from None

    def socket_for_core(self) -> Path:
        """Return the path the core binds its control socket to, making a short private directory when needed.

        Call after `prepare`, while holding the lock.

        Raises:
            HomeError: no private directory with a short enough path can be made.
        """
        if _fits(self._plain_socket):
            return self._plain_socket
        recorded = self._recorded_socket()
        if recorded is not None:
            return recorded
        return self._make_short_socket()

    def socket_for_clients(self) -> Path | None:
        """Return the control socket's path, or None when no core of this profile ever made one."""
        if _fits(self._plain_socket):
            return self._plain_socket
        return self._recorded_socket()

    @property
    def _plain_socket(self) -> Path:
        return self.state / "core.sock"

    @property
    def _socket_record(self) -> Path:
        return self.state / "core.sock.path"

    def _recorded_socket(self) -> Path | None:
        try:
            socket = Path(self._socket_record.read_text(encoding="utf-8").strip())
        except OSError:
            return None
        # A cleared temporary directory could have been made again by somebody else: never talk to that one.
        return socket if _is_private_directory(socket.parent) else None

    def _make_short_socket(self) -> Path:
        # /tmp as the second try: TMPDIR itself may be as long as the home. Not XDG_RUNTIME_DIR: logout removes it.
        for parent in (tempfile.gettempdir(), "/tmp"):  # noqa: S108 (mkdtemp makes an unguessable 0700 directory)
            socket = Path(parent) / "tradetui-xxxxxxxx" / "core.sock"
            if not _fits(socket):
                continue
            try:
                socket = Path(tempfile.mkdtemp(prefix="tradetui-", dir=parent)) / "core.sock"
                record = self._socket_record.with_suffix(".new")
                record.write_text(f"{socket}\n", encoding="utf-8")
                record.replace(self._socket_record)
            except OSError:
                continue
            return socket
        raise HomeError(f"{self.state}: the path is too long for a socket; use a home with a shorter path")


def find_home(explicit: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Return the operator's home: `--home`, else TRADETUI_HOME, else the nearest folder upwards with config.toml.

    Raises:
        HomeError: there is none, or its config.toml belongs to another user.
    """
    named, origin = (explicit, "--home") if explicit else (environ.get("TRADETUI_HOME"), "TRADETUI_HOME")
    if named:
        home = (cwd / Path(named).expanduser()).resolve()
        if not (home / CONFIG_NAME).is_file():
            raise HomeError(f"{origin} {home}: there is no {CONFIG_NAME} in it")
        return _owned(home)
    for folder in (cwd, *cwd.parents):
        if (folder / CONFIG_NAME).is_file():
            return _owned(folder.resolve())
    raise HomeError(
        f"no {CONFIG_NAME} in {cwd} or above it: change to the folder that holds it, or give --home or TRADETUI_HOME"
    )


def command_for(paths: Paths, environ: Mapping[str, str], cwd: Path) -> str:
    """Return the words before a verb that reach `paths` from `cwd`; `--home` only where it is needed.

    What the operator is told to type has to work where it is read, most of all `kill`.
    """
    try:
        found = find_home(None, environ, cwd)
    except HomeError:
        found = None
    home = "" if found == paths.home.resolve() else f" --home {shlex.quote(str(paths.home))}"
    return f"tradetui{home} --profile {paths.profile}"


def choose_profile(explicit: str | None, environ: Mapping[str, str], home: Path) -> str:
    """Return the profile: `--profile`, else TRADETUI_PROFILE, else config.toml's `default_profile`, else paper.

    Raises:
        HomeError: the name is no profile.
    """
    choices = (
        ("--profile", explicit),
        ("TRADETUI_PROFILE", environ.get("TRADETUI_PROFILE")),
        (f"{CONFIG_NAME}: default_profile", _configured_profile(home / CONFIG_NAME)),
    )
    for origin, name in choices:
        if name:
            if name not in PROFILES:
                raise HomeError(f"{origin}: {name!r} is no profile; use one of {', '.join(PROFILES)}")
            return name
    return DEFAULT_PROFILE


def resolve_paths(home: str | None, profile: str | None, environ: Mapping[str, str], cwd: Path) -> Paths:
    """Return the paths for the options `--home` and `--profile` (None when not given).

    Raises:
        HomeError: as `find_home` and `choose_profile`.
    """
    folder = find_home(home, environ, cwd)
    return Paths(folder, choose_profile(profile, environ, folder))


def _configured_profile(config_file: Path) -> str | None:
    # Read by line instead of by TOML parser: `tradetui kill` must find its core while config.toml is being edited.
    try:
        lines = config_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.lstrip().startswith("["):
            return None
        if found := _DEFAULT_PROFILE_KEY.match(line):
            return found.group(1)
    return None


def _owned(home: Path) -> Path:
    # A config.toml planted above the working directory by another user must not steer our orders.
    owner = (home / CONFIG_NAME).stat().st_uid
    if owner not in (os.getuid(), 0):
        raise HomeError(f"{home / CONFIG_NAME}: belongs to user id {owner}, not to you; use a home of your own")
    return home


def _fits(socket: Path) -> bool:
    return len(os.fsencode(socket)) < SOCKET_PATH_BYTES


def _is_private_directory(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077
