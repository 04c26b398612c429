"""Ends the process when its terminal is gone. The invariant: a screen without a terminal uses no CPU and holds nothing.

A hang-up signal usually ends it, but a process in a session of its own gets none: Textual would then spin on end of
file. The kernel reports the hang-up to a poll at once, also while the event loop is stuck: one sleeping thread waits.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable

#: What a shell reports for a process ended by SIGHUP: 128 + 1.
HUNG_UP = 129
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


def exit_when_terminal_is_lost(fd: int, exit_now: Callable[[int], object] = os._exit) -> threading.Thread:
    """Let SIGHUP end the process, and watch terminal `fd` for the hang-ups that come without a signal.

    Call from the main thread. Returns the watching thread (a daemon).
    """
    # A parent such as nohup may have left the signal ignored.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    thread = threading.Thread(target=_watch, args=(fd, exit_now), name="terminal-watch", daemon=True)
    thread.start()
    return thread


def _watch(fd: int, exit_now: Callable[[int], object]) -> None:
    poll = select.poll()
    # No event is asked for: hang-up and error are always reported, and typed keys do not wake the thread.
    poll.register(fd, 0)
    while True:
        for _, event in poll.poll():
            if event & _GONE:
                exit_now(HUNG_UP)
                return
