"""The real program on a real terminal: how much it sends, and what it does when the terminal stalls or goes."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.control.small_core import SmallCore
from tests.tui.scenes import NOW_NS, NS, core_row, demo_state, symbol_row
from tests.tui.terminal import Terminal, on_terminal
from tests.tui.waiting import until
from tradetui.control.codec import Message
from tradetui.control.messages import Changes, Row
from tradetui.home import Paths

pytestmark = pytest.mark.slow


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    (tmp_path / "config.toml").write_text('default_profile = "demo"\n')
    paths = Paths(tmp_path, "demo")
    paths.prepare()
    return paths


@pytest.fixture
async def core(paths: Paths) -> AsyncIterator[SmallCore]:
    async with SmallCore(demo_state(20)).serving(paths.socket_for_core()) as core:
        yield core


def attach(paths: Paths) -> list[str]:
    return ["-m", "tradetui", "--home", str(paths.home)]


def clock(second: int) -> Row:
    return core_row(market_ns=NOW_NS + second * NS, speed=1.0)


def time_shown(second: int) -> str:
    return f"10:31:{5 + second:02d}"


async def paint_seconds(core: SmallCore, terminal: Terminal, seconds: range, more: Callable[[int], Changes]) -> int:
    """Push one change per second of market time, each after the one before was painted; return the bytes per change."""
    await core.push({"core": {"core": clock(seconds.start)}})
    await terminal.wait_for(time_shown(seconds.start))
    before = terminal.bytes_read
    for second in seconds[1:]:
        await core.push({"core": {"core": clock(second)}, **more(second)})
        await terminal.wait_for(time_shown(second))
    return (terminal.bytes_read - before) // (len(seconds) - 1)


def three_cells_of_eight_quotes_move(second: int) -> Changes:
    names = list(demo_state(20)["symbols"])
    rows: dict[str, Row | None] = {}
    for number, name in enumerate(names):
        if (number + second) % 5 in (0, 2):
            last = 100.0 + 137.0 * (number % 5) + number + second * 0.01
            rows[name] = symbol_row(number, last=last, bid=last - 0.01, change_pct=0.4 + 0.01 * second)
    return {"symbols": rows}


@pytest.mark.parametrize(("colours", "most"), [({}, 1250), ({"NO_COLOR": "1"}, 750)])
async def test_a_busy_screen_of_20_symbols_stays_within_its_bytes(
    core: SmallCore, paths: Paths, colours: dict[str, str], most: int
) -> None:
    # 24 of 160 cells change, 15 %. Two changes a second, the most there are, make 2.5 kB/s, without colours 1.5 kB/s.
    async with on_terminal(attach(paths), size=(120, 40), environ=colours) as terminal:
        await terminal.wait_for("SYM14")
        assert await paint_seconds(core, terminal, range(1, 11), three_cells_of_eight_quotes_move) <= most


async def test_an_idle_screen_sends_little_more_than_its_clock(core: SmallCore, paths: Paths) -> None:
    async with on_terminal(attach(paths), size=(120, 40)) as terminal:
        await terminal.wait_for("SYM14")
        assert await paint_seconds(core, terminal, range(1, 8), lambda _: {}) <= 300


async def test_opening_a_dialog_fits_into_12_kilobytes(core: SmallCore, paths: Paths) -> None:
    async with on_terminal(attach(paths), size=(120, 40)) as terminal:
        await terminal.wait_for("SYM14")
        before = terminal.bytes_read
        terminal.type("\x06")
        await terminal.wait_for("type the word flatten")
        assert terminal.bytes_read - before <= 12_000


async def test_q_says_that_trading_goes_on_and_leaves_the_terminal_as_it_was(core: SmallCore, paths: Paths) -> None:
    async with on_terminal(attach(paths)) as terminal:
        await terminal.wait_for(" RUN ")
        terminal.type("q")
        assert await terminal.wait_for_exit() == 0
        await terminal.wait_for("Detached. Trading goes on (PAPER, 2 positions, 1 live orders)")
        whole = terminal.glass.text.replace("\n", "")
        assert "come back     tradetui" in whole
        assert "--profile demo stop" in whole
        assert "QUOTES" not in terminal.glass.text
    assert [message["t"] for message in core.received].count("command") == 0


async def test_the_kill_chord_reaches_the_core_and_shows_its_answer(core: SmallCore, paths: Paths) -> None:
    def answer(command: Message) -> list[Message]:
        return [{"t": "result", "id": command["id"], "status": "accepted", "text": "KILLED; cancelling 1 orders"}]

    core.answer = answer
    async with on_terminal(attach(paths)) as terminal:
        await terminal.wait_for(" RUN ")
        terminal.type("\x18")
        await core.wait_for_command("kill")
        await terminal.wait_for("KILL accepted  KILLED; cancelling 1 orders")
        await core.push({"core": {"core": core_row(state="KILLED")}})
        await terminal.wait_for(" KILLED ")


async def test_a_core_that_hangs_is_killed_around_its_socket(core: SmallCore, paths: Paths) -> None:
    async with on_terminal(attach(paths)) as terminal:
        await terminal.wait_for(" RUN ")
        core.silent = True
        terminal.type("\x18")
        await terminal.wait_for("KILL NOT CONFIRMED  the core did not answer: STOP file written")
        assert paths.stop_file.exists()


async def test_leaving_at_once_after_the_kill_does_not_lose_it(core: SmallCore, paths: Paths) -> None:
    async with on_terminal(attach(paths)) as terminal:
        await terminal.wait_for(" RUN ")
        core.silent = True
        terminal.type("\x18q")
        await terminal.wait_for_exit()
        assert paths.stop_file.exists()
        await terminal.wait_for("KILL: STOP file written")


async def test_the_core_s_death_is_shown_and_the_next_core_is_attached_to(core: SmallCore, paths: Paths) -> None:
    async with on_terminal(attach(paths)) as terminal:
        await terminal.wait_for(" RUN ")
        await core.drop_clients()
        await until(lambda: [message["t"] for message in core.received].count("subscribe") == 2)
        await terminal.wait_for(" RUN ")


async def test_a_terminal_that_reads_nothing_never_holds_up_the_screen_s_loop(
    core: SmallCore, paths: Paths, tmp_path: Path
) -> None:
    # 200 frames of change while nothing is read: the kernel's and Textual's buffers hold far fewer. A loop that waits
    # for the terminal beats no more after that, which the time limit of each beat would tell.
    beats = tmp_path / "beats"
    script = str(Path(__file__).parent / "beating_app.py")
    async with on_terminal([script, str(paths.home), str(beats)], size=(120, 40)) as terminal:
        await terminal.wait_for("SYM14")
        terminal.read(reading=False)
        for second in range(200):
            beat = len(read_beats(beats))
            await core.push({"core": {"core": clock(second % 50)}, **everything_moves(second)})
            await until(lambda: len(read_beats(beats)) > beat + 1)  # noqa: B023 (awaited at once)
        terminal.read(reading=True)
        await terminal.wait_for(time_shown(199 % 50))
    assert read_beats(beats)[-1][1] > 50


def everything_moves(second: int) -> Changes:
    rows: dict[str, Row | None] = {
        name: symbol_row(number, last=100.0 + second + number, change_pct=second / 10)
        for number, name in enumerate(demo_state(20)["symbols"])
    }
    return {"symbols": rows}


def read_beats(file: Path) -> list[tuple[int, int]]:
    lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    return [(int(line[0]), int(line[1])) for line in lines if len(line) == 2]


class TestGone:
    async def test_a_closed_terminal_ends_the_screen_at_once_and_nothing_else(
        self, core: SmallCore, paths: Paths
    ) -> None:
        async with on_terminal(attach(paths)) as terminal:
            await terminal.wait_for(" RUN ")
            terminal.hang_up()
            assert await terminal.wait_for_exit(3) == -signal.SIGHUP
        assert [message["t"] for message in core.received].count("command") == 0

    @pytest.mark.parametrize("inherited", ["nohup", "setsid"])
    async def test_a_hang_up_without_a_signal_ends_it_too(self, core: SmallCore, paths: Paths, inherited: str) -> None:
        prefix = (
            "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
            if inherited == "nohup"
            else "import os, sys; os.fork() and os.wait() and os._exit(0); os.setsid(); "
        )
        code = prefix + f"os.execv(sys.executable, [sys.executable, *{attach(paths)!r}])"
        async with on_terminal(["-c", code]) as terminal:
            await terminal.wait_for(" RUN ")
            screens = [pid for pid in children_of(terminal.pid) if b"tradetui" in command_of(pid)] or [terminal.pid]
            terminal.hang_up()
            await until(lambda: not any(is_running(pid) for pid in screens), 3)

    async def test_sigterm_leaves_the_terminal_as_it_was(self, core: SmallCore, paths: Paths) -> None:
        async with on_terminal(attach(paths)) as terminal:
            await terminal.wait_for(" RUN ")
            os.kill(terminal.pid, signal.SIGTERM)
            assert await terminal.wait_for_exit() == 128 + signal.SIGTERM
            await terminal.wait_for("Detached.")


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def command_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def is_running(pid: int) -> bool:
    try:
        return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")
    except FileNotFoundError:
        return False


async def test_any_sequence_of_sizes_leaves_it_alive_and_whole(core: SmallCore, paths: Paths) -> None:
    sizes = [(1, 1), (300, 100), (2, 50), (59, 15), (60, 16), (80, 2), (10, 10), (120, 40), (1, 40), (81, 24), (80, 24)]
    async with on_terminal(attach(paths)) as terminal:
        await terminal.wait_for(" RUN ")
        for size in sizes * 2:
            terminal.resize(*size)
            await asyncio.sleep(0)
        await terminal.wait_for(lambda text: "6 LOG" in text and "^X KILL" in text)
        terminal.type("q")
        assert await terminal.wait_for_exit() == 0
