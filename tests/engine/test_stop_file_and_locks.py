"""Anything but a clean "not found" is STOP; one core per profile, whatever kills the other."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tradetui.engine.locks import AlreadyRunning, Lock, account_lock_path
from tradetui.engine.stop_file import stop_reason, watch_stop_file


def test_no_file_in_a_readable_home_is_the_only_way_to_trade(tmp_path: Path) -> None:
    assert stop_reason(tmp_path / "STOP") == ""


@pytest.mark.parametrize("kind", ["file", "empty folder", "dangling link"])
def test_whatever_is_called_stop_stops(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "STOP"
    if kind == "file":
        path.touch()
    elif kind == "empty folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    assert "exists" in stop_reason(path)


def test_a_home_that_is_gone_or_is_no_folder_stops(tmp_path: Path) -> None:
    assert "cannot look" in stop_reason(tmp_path / "gone" / "STOP")
    (tmp_path / "plain").write_text("")
    assert "cannot look" in stop_reason(tmp_path / "plain" / "STOP")


@pytest.mark.skipif(os.getuid() == 0, reason="root may look everywhere")
def test_a_home_that_may_not_be_looked_into_stops(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    assert "cannot look" in stop_reason(closed / "STOP")
    closed.chmod(0o700)


async def test_the_watch_reports_each_appearance_once(tmp_path: Path) -> None:
    path, reported = tmp_path / "STOP", asyncio.Queue[str]()
    watching = asyncio.create_task(watch_stop_file(path, reported.put_nowait, every_s=0.005))
    for _ in range(2):
        path.touch()
        assert "exists" in await asyncio.wait_for(reported.get(), 2)
        path.unlink()
        await asyncio.sleep(0.02)
    assert reported.empty()
    watching.cancel()


def test_a_second_lock_is_refused_with_the_owner_and_free_after_release(tmp_path: Path) -> None:
    path = tmp_path / "core.lock"
    first = Lock.take(path, "profile paper of /home/x")
    assert path.read_text().split()[0] == str(os.getpid())
    with pytest.raises(AlreadyRunning, match=rf"profile paper of /home/x runs already \(process {os.getpid()}\)"):
        Lock.take(path, "profile paper of /home/x")
    first.release()
    Lock.take(path, "again").release()


HOLD = "import sys,time; from pathlib import Path; from tradetui.engine.locks import Lock; "
HOLD += "lock = Lock.take(Path(sys.argv[1]), 'x'); print('held', flush=True); time.sleep(60)"


def test_kill_9_frees_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "core.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder:
        if holder.stdout is None:
            raise AssertionError("no pipe")
        holder.stdout.readline()
        with pytest.raises(AlreadyRunning):
            Lock.take(path, "x")
        holder.kill()
        holder.wait(5)
    Lock.take(path, "x").release()


def test_account_locks_of_all_homes_lie_in_one_private_folder(tmp_path: Path) -> None:
    path = account_lock_path("DU1/../x", {"XDG_STATE_HOME": str(tmp_path)})
    assert path == tmp_path / "tradetui" / "accounts" / "DU1_.._x.lock"
    assert path.parent.stat().st_mode & 0o777 == 0o700
