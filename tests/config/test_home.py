"""Where the operator's files lie, and that nobody else can get at them."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradetui.home import HomeError, Paths, choose_profile, command_for, find_home, resolve_paths


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").touch()
    return tmp_path


@pytest.fixture
def short_tmp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory with a short path, used for every temporary file of the test."""
    with tempfile.TemporaryDirectory(prefix="tt-", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def deep(home: Path, short_tmp: Path) -> Paths:
    """Paths whose socket would be too long for the operating system."""
    folder = home / ("x" * 100)
    folder.mkdir()
    (folder / "config.toml").touch()
    paths = Paths(folder, "paper")
    paths.prepare()
    return paths


def test_the_option_beats_the_environment_which_beats_the_working_directory(tmp_path: Path) -> None:
    option, environment, cwd = (tmp_path / name for name in "abc")
    for folder in (option, environment, cwd):
        folder.mkdir()
        (folder / "config.toml").touch()
    environ = {"TRADETUI_HOME": str(environment)}
    assert find_home(str(option), environ, cwd) == option
    assert find_home(None, environ, cwd) == environment
    assert find_home(None, {}, cwd) == cwd


def test_the_home_is_found_upwards(home: Path) -> None:
    below = home / "strategies" / "mine"
    below.mkdir(parents=True)
    assert find_home(None, {}, below) == home


def test_a_relative_home_is_relative_to_the_working_directory(home: Path) -> None:
    assert find_home(".", {}, home) == home


def test_a_named_home_without_config_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"^--home .*: there is no config.toml in it$"):
        find_home(str(tmp_path), {}, tmp_path)
    with pytest.raises(HomeError, match=r"^TRADETUI_HOME .*: there is no config.toml in it$"):
        find_home(None, {"TRADETUI_HOME": str(tmp_path)}, tmp_path)


def test_no_home_at_all_says_what_to_do() -> None:
    with pytest.raises(HomeError, match=r"^no config.toml in / or above it: change to .* or give --home"):
        find_home(None, {}, Path("/"))


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a file that belongs to somebody else")
def test_a_config_of_another_user_does_not_steer_us(home: Path) -> None:
    os.chown(home / "config.toml", 12345, 12345)
    with pytest.raises(HomeError, match="belongs to user id 12345, not to you"):
        find_home(None, {}, home)


def test_the_profile_is_chosen_by_option_environment_file_then_paper(home: Path) -> None:
    (home / "config.toml").write_text('default_profile = "live"\n', encoding="utf-8")
    environ = {"TRADETUI_PROFILE": "demo"}
    assert choose_profile("paper", environ, home) == "paper"
    assert choose_profile(None, environ, home) == "demo"
    assert choose_profile(None, {}, home) == "live"
    (home / "config.toml").write_text("[risk]\ndefault_profile = 'live'\n", encoding="utf-8")
    assert choose_profile(None, {}, home) == "paper"
    assert choose_profile(None, {}, home / "nowhere") == "paper"


def test_the_profile_is_found_even_in_a_broken_file(home: Path) -> None:
    (home / "config.toml").write_text('default_profile = "live"\n[risk\n= = "', encoding="utf-8")
    assert choose_profile(None, {}, home) == "live"


@pytest.mark.parametrize(
    ("option", "environ", "text", "origin"),
    [
        ("lvie", {}, "", "--profile"),
        (None, {"TRADETUI_PROFILE": "lvie"}, "", "TRADETUI_PROFILE"),
        (None, {}, "default_profile = 'lvie'", "config.toml: default_profile"),
    ],
)
def test_an_unknown_profile_names_its_origin(
    home: Path, option: str | None, environ: dict[str, str], text: str, origin: str
) -> None:
    (home / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(HomeError, match=f"^{origin}: 'lvie' is no profile; use one of demo, paper, live$"):
        choose_profile(option, environ, home)


def test_each_profile_has_its_own_private_state(home: Path) -> None:
    paths = resolve_paths(None, "demo", {}, home)
    paths.prepare()
    for folder in (paths.state, paths.logs, paths.cache):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert paths.state == home / "data" / "demo"
    assert paths.stop_file == home / "STOP"
    assert paths.strategies == home / "strategies"
    assert paths.config_file.parent == paths.env_file.parent == home
    assert {paths.lock.parent, paths.journal.parent, paths.heartbeat.parent} == {paths.state}


def test_state_that_was_open_to_others_is_closed(home: Path) -> None:
    paths = Paths(home, "paper")
    paths.state.mkdir(parents=True)
    paths.state.chmod(0o755)
    paths.prepare()
    assert stat.S_IMODE(paths.state.stat().st_mode) == 0o700


def test_state_that_cannot_be_made_is_one_line(home: Path) -> None:
    (home / "data").touch()
    with pytest.raises(HomeError, match="cannot make a private state directory"):
        Paths(home, "paper").prepare()


def test_the_socket_lies_in_the_state_directory_when_its_path_is_short() -> None:
    paths = Paths(Path("/home/me/trade"), "paper")
    assert paths.socket_for_core() == paths.socket_for_clients() == paths.state / "core.sock"


def test_a_long_home_gets_a_short_private_socket_that_clients_find(deep: Paths) -> None:
    assert deep.socket_for_clients() is None
    path = deep.socket_for_core()
    assert len(os.fsencode(path)) < 104
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
    assert deep.socket_for_clients() == path
    assert deep.socket_for_core() == path


def test_a_recorded_socket_directory_that_others_can_enter_is_not_trusted(deep: Paths) -> None:
    folder = deep.socket_for_core().parent
    folder.chmod(0o755)
    assert deep.socket_for_clients() is None
    assert deep.socket_for_core().parent != folder


def test_a_recorded_socket_directory_that_is_gone_or_a_link_is_not_trusted(deep: Paths, tmp_path: Path) -> None:
    folder = deep.socket_for_core().parent
    folder.rmdir()
    assert deep.socket_for_clients() is None
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    folder.symlink_to(private)
    assert deep.socket_for_clients() is None


def test_a_temporary_directory_that_is_long_or_unusable_is_passed_over(
    deep: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(deep.state))
    path = deep.socket_for_core()
    path.parent.rmdir()
    assert path.parent.parent == Path("/tmp")


def test_no_place_for_a_socket_is_one_line(deep: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(HomeError, match="the path is too long for a socket; use a home with a shorter path"):
        deep.socket_for_core()


def test_the_command_told_to_the_operator_names_the_home_only_where_it_would_not_be_found(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    inside, elsewhere = home / "notes", tmp_path_factory.mktemp("else where")
    inside.mkdir()
    paths = Paths(home, "live")
    assert command_for(paths, {}, inside) == "tradetui --profile live"
    assert command_for(paths, {"TRADETUI_HOME": str(home)}, elsewhere) == "tradetui --profile live"
    assert command_for(paths, {}, elsewhere) == f"tradetui --home {home} --profile live"
    (elsewhere / "config.toml").touch()
    assert command_for(paths, {}, elsewhere) == f"tradetui --home {home} --profile live"
    assert f"--home '{elsewhere}'" in command_for(Paths(elsewhere, "live"), {}, home)
