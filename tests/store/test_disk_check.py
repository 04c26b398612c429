"""A disk that cannot hold a journal is refused in one line before anything trades."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradetui.domain.errors import StoreError
from tradetui.store.disk_check import check_disk


def test_a_local_writable_folder_passes_and_is_left_clean(tmp_path: Path) -> None:
    check_disk(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="missing: cannot be written"):
        check_disk(tmp_path / "missing")


def test_a_network_file_system_is_refused_by_its_name(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "21 1 254:1 / / rw - ext4 /dev/vda rw\n"
        f"22 21 0:40 / {tmp_path.resolve()} rw,relatime - nfs4 server:/export rw\n"
    )
    with pytest.raises(StoreError, match=r"network file system \(nfs4\)"):
        check_disk(tmp_path, mounts)


def test_a_local_disk_below_a_network_mount_passes(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    parent = tmp_path.resolve().parent
    mounts.write_text(
        f"22 21 0:40 / {parent} rw - nfs server:/export rw\n23 22 254:2 / {tmp_path.resolve()} rw - ext4 /dev/vdb rw\n"
    )
    check_disk(tmp_path, mounts)
