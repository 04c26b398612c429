"""The process that runs one strategy: `python -m tradetui.engine.strategy_host`, started by the core only.

Invariant: user code runs here and nowhere else; it has no broker, no secrets and no terminal, what it prints goes to
the log, and it dies with the core even when it hangs.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import IO, Any

from tradetui.domain.errors import StrategyError, TradetuiError
from tradetui.engine.host_messages import (
    Decided,
    Failed,
    FromHost,
    Load,
    Loaded,
    NewBar,
    Warm,
    WarmUp,
    decode_to_host,
    encode,
)
from tradetui.strategy.api import Context, Strategy
from tradetui.strategy.failure import describe_failure
from tradetui.strategy.loader import LoadedStrategy, load_file, load_strategy

_PR_SET_PDEATHSIG = 1


class Host:
    """One strategy with an instance per symbol."""

    def __init__(self, load: Load) -> None:
        """Load the strategy and make its instances.

        Raises:
            OperatorError: it cannot be loaded.
        """
        loaded = _find(load)
        params: dict[str, Any] = json.loads(load.params)
        self._file = loaded.file
        self._instances: dict[str, Strategy] = {symbol: loaded.make(symbol, params) for symbol in load.symbols}
        warmup = max((one.warmup_bars for one in self._instances.values()), default=0)
        self.loaded = Loaded(warmup, loaded.sha256)

    def take(self, message: Load | WarmUp | NewBar) -> FromHost | None:
        """Return the answer to one message, None where none is due."""
        try:
            match message:
                case WarmUp(bars):
                    for bar in bars:
                        self._instances[bar.symbol].update(bar)
                    return Warm()
                case NewBar():
                    return self._bar(message)
                case Load():
                    return Failed("a host runs one strategy only")
        except BaseException as error:  # user code may raise SystemExit or anything else
            return Failed(describe_failure(error, self._file))

    def _bar(self, message: NewBar) -> FromHost | None:
        strategy = self._instances[message.bar.symbol]
        strategy.update(message.bar)
        if not message.decide:
            return None
        told = message.position
        context = Context(
            message.bar.symbol,
            position=told.qty,
            avg_cost=told.avg_cost,
            working=told.working,
            equity=message.equity,
        )
        if strategy.is_warm:
            strategy.on_bar(message.bar, context)
        return Decided(message.number, tuple(context.signals))


def _find(load: Load) -> LoadedStrategy:
    if not load.file:
        return load_strategy(load.strategy, Path(load.folder))
    for found in load_file(Path(load.folder) / load.file):
        if found.name == load.strategy:
            return found
    raise StrategyError(f"strategy file {load.file} does not register {load.strategy!r}")


def serve(lines: IO[bytes], answers: IO[bytes]) -> int:
    """Answer the messages in `lines` until they end or the strategy fails; return the exit code."""
    host: Host | None = None
    for line in lines:
        message = decode_to_host(line)
        if host is None:
            try:
                if not isinstance(message, Load):
                    raise StrategyError("the first message has to be the strategy to load")
                host = Host(message)
                answer: FromHost | None = host.loaded
            except TradetuiError as error:
                answer = Failed(str(error))
        else:
            answer = host.take(message)
        if answer is not None:
            answer = _sent(answers, answer)
        if isinstance(answer, Failed):
            return 1
    return 0


def _sent(answers: IO[bytes], answer: FromHost) -> FromHost:
    """Send `answer`, or why it cannot be sent; return what was sent."""
    try:
        line = encode(answer)
    except (ValueError, TypeError) as error:
        answer = Failed(f"a signal holds a value that cannot be sent: {error}")
        line = encode(answer)
    answers.write(line)
    answers.flush()
    return answer


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    """Run the host on this process's standard input and output."""
    os.umask(0o077)
    parent = os.getppid()
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.getppid() != parent:
        return 1
    # Whatever the strategy prints must not mix with our answers: its standard output is the log.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with answers, os.fdopen(os.dup(0), "rb") as lines:
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        return serve(lines, answers)


if __name__ == "__main__":
    sys.exit(main())
