"""The test of the state directory at start: a journal on a disk that cannot write, sync or lock is worse than none."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from tradetui.domain.errors import StoreError

#: File systems whose locks and shared memory SQLite's documentation warns about.
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "fuse.sshfs", "ceph", "glusterfs", "ncpfs"})
#: Below this much free space the next trading day may not fit.
MIN_FREE_BYTES = 64 << 20


def check_disk(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """Write, sync and lock a file in `folder`.

    Raises:
        StoreError: the folder is read-only, full, on a network file system, or its locks do not hold.
    """
    kind = _file_system(folder, mounts)
    if kind in _NETWORK:
        raise StoreError(f"{folder}: lies on a network file system ({kind}), which loses locks; use a local disk")
    probe = folder / f".disk-check-{os.getpid()}"
    try:
        _probe(probe)
        free = os.statvfs(folder)
    except OSError as error:
        raise StoreError(f"{folder}: {_what(error)}") from error
    finally:
        probe.unlink(missing_ok=True)
    if free.f_bavail * free.f_frsize < MIN_FREE_BYTES:
        raise StoreError(f"{folder}: less than {MIN_FREE_BYTES >> 20} MB free; make room before trading")


def _probe(probe: Path) -> None:
    first = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    second = -1
    try:
        os.write(first, b"tradetui")
        os.fsync(first)
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        second = os.open(probe, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        raise OSError(errno.ENOLCK, "a second lock on the same file was granted")
    finally:
        os.close(first)
        if second >= 0:
            os.close(second)


def _what(error: OSError) -> str:
    match error.errno:
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return "cannot be written (read-only?); trading needs a writable local disk"
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full; make room before trading"
        case errno.ENOLCK | errno.EOPNOTSUPP:
            return "file locks do not work here; use a local disk"
        case _:
            return f"cannot be written, synced and locked: {error.strerror}"


def _file_system(folder: Path, mounts: Path) -> str:
    """Return the type of the file system `folder` lies on, empty where the system does not tell."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    target = str(folder.resolve())
    best, kind = "", ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split(" ")[4].replace("\\040", " ")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, right.split(" ")[0]
    return kind
