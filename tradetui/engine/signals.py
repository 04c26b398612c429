"""What this process does on Unix signals. Set up once, by the engine, before anything else runs.

TERM, INT   graceful stop; a second one waits for no broker   USR1   kill switch
HUP, PIPE   ignored: the core has no terminal                 USR2   dump state and stacks to the log folder
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable


def install_signals(
    loop: asyncio.AbstractEventLoop,
    *,
    stop: Callable[[str], None],
    kill: Callable[[], None],
    dump: Callable[[], None],
) -> None:
    """Install the handlers; they run on `loop`."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    loop.add_signal_handler(signal.SIGTERM, stop, "SIGTERM")
    loop.add_signal_handler(signal.SIGINT, stop, "SIGINT")
    loop.add_signal_handler(signal.SIGUSR1, kill)
    loop.add_signal_handler(signal.SIGUSR2, dump)


def early_signals() -> None:
    """Until the loop runs: a terminal that closes must not end the start, a kill signal must not end the process."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # Python delivers what arrives now to the handler installed next only if it is blocked meanwhile.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})


def unblock_signals() -> None:
    """Let signals through that came while the handlers were not there yet."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1, signal.SIGUSR2})
