"""The watch over the terminal: it wakes for a hang-up, not for keys."""

from __future__ import annotations

import os
import pty
import queue
import signal
from collections.abc import Iterator

import pytest

from tradetui.tui.term.lost import HUNG_UP, exit_when_terminal_is_lost


@pytest.fixture
def hang_up_handler() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hang_up_handler")
def test_a_closed_terminal_ends_the_process_and_typing_does_not() -> None:
    ends: queue.Queue[int] = queue.Queue()
    master, slave = pty.openpty()
    thread = exit_when_terminal_is_lost(slave, ends.put)
    os.write(master, b"keys\n")
    with pytest.raises(queue.Empty):
        ends.get(timeout=0.05)
    os.close(master)
    assert ends.get(timeout=5) == HUNG_UP
    thread.join(5)
    os.close(slave)


@pytest.mark.usefixtures("hang_up_handler")
def test_a_hang_up_signal_ignored_by_the_parent_counts_again() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    master, slave = pty.openpty()
    thread = exit_when_terminal_is_lost(slave, lambda _: None)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    os.close(master)
    thread.join(5)
    os.close(slave)
