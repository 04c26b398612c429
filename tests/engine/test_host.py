"""Strategies live in processes of their own: they may hang, raise, print and crash; the core goes on."""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tradetui.domain.actions import DeliverBar, StrategyPosition
from tradetui.domain.bar import Bar
from tradetui.domain.events import Event, SignalsProposed, StrategyStatus
from tradetui.domain.order import Side
from tradetui.engine.host import HostSpec, HostTiming, StrategyHost

TIMING = HostTiming(bar_s=0.6, restart_s=(0.01,), max_failures=3)
LIMIT_S = 15.0
STRATEGY = """
import os, sys, time
from tradetui.strategy.api import Strategy, register
from tradetui.strategy.indicators import SMA

@register("probe")
class Probe(Strategy):
    length: int = 2

    def setup(self):
        self.average = self.use(SMA(self.length))

    def on_bar(self, bar, ctx):
        BODY
"""


class World:
    """One host and what it reported."""

    def __init__(self, folder: Path, body: str, timing: HostTiming) -> None:
        folder.mkdir(mode=0o700)
        code = STRATEGY.replace("BODY", textwrap.indent(textwrap.dedent(body).strip(), " " * 8).strip())
        (folder / "probe.py").write_text(code)
        self.events: list[Event] = []
        spec = HostSpec(name="probe", strategy="probe", folder=folder, symbols=("SPY", "QQQ"), params={"length": 2})
        self.host = StrategyHost(spec, self.events.append, timing)
        self.running = asyncio.create_task(self.host.run())
        self.minute = 0

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.events if isinstance(event, StrategyStatus)]

    @property
    def decisions(self) -> list[SignalsProposed]:
        return [event for event in self.events if isinstance(event, SignalsProposed)]

    def bar(self, *, decide: bool = True, symbol: str = "SPY", position: float = 0.0) -> None:
        self.minute += 1
        bar = Bar(symbol, self.minute * 60, 1.0, 1.0, 1.0, float(self.minute), 1.0)
        told = StrategyPosition(position, 1.0, working=False)
        self.host.deliver(DeliverBar("probe", bar, decide, told, 1000.0))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while True:
                if condition():
                    return
                await asyncio.sleep(0.005)

    async def live(self) -> None:
        self.bar(decide=False)
        self.bar(decide=False)
        self.host.history_complete()
        await self.until(lambda: self.states[-1:] == ["running"])


Make = Callable[..., World]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[World] = []

    def build(body: str, timing: HostTiming = TIMING) -> World:
        made.append(World(tmp_path / f"strategies{len(made)}", body, timing))
        return made[-1]

    yield build
    for world in made:
        world.running.cancel()
        await asyncio.gather(world.running, return_exceptions=True)


async def test_a_strategy_loads_warms_up_and_answers_each_bar_once(make: Make) -> None:
    world = make("if bar.close > 3: ctx.buy(5, limit=bar.close, reason=f'{self.average.value:g} {ctx.position:g}')")
    await world.live()
    world.bar(position=2.0)
    world.bar(position=7.0)
    await world.until(lambda: len(world.decisions) == 2)
    assert world.states == ["loading", "warming", "running"]
    assert await world.host.warmup_bars == 2
    assert len(world.host.sha256) == 64
    first, second = world.decisions
    assert (first.symbol, first.bar_end_ns, first.signals) == ("SPY", 180, ())
    (signal,) = second.signals
    assert (signal.side, signal.qty, signal.limit_price, signal.reason) == (Side.BUY, 5.0, 4.0, "3.5 7")


async def test_no_strategy_goes_live_before_its_history_is_complete(make: Make) -> None:
    world = make("ctx.buy(1)")
    await world.until(lambda: world.states[-1:] == ["warming"])
    await asyncio.sleep(0.05)
    assert world.states[-1] == "warming"
    world.host.history_complete()
    await world.until(lambda: world.states[-1:] == ["running"])


async def test_a_strategy_that_raises_is_restarted_warm_and_goes_on(make: Make) -> None:
    world = make("if bar.close == 3: raise ValueError('bad luck')\nctx.buy(self.average.value)")
    await world.live()
    world.bar()
    await world.until(lambda: world.states.count("running") == 2)
    failed = next(event for event in world.events if isinstance(event, StrategyStatus) and event.state == "failed")
    assert failed.reason.startswith("ValueError: bad luck (probe.py:")
    world.bar()
    await world.until(lambda: len(world.decisions) == 1)
    # The average of the third and the fourth bar: the restarted host had seen the bar that failed.
    assert world.decisions[0].signals[0].qty == 3.5


async def test_a_strategy_that_fails_while_bars_stream_in_is_reported_for_its_failure_not_as_hung(make: Make) -> None:
    world = make("raise ValueError('bad luck')")
    await world.live()
    async with asyncio.timeout(LIMIT_S):
        while world.states[-1] == "running":
            world.bar()
            await asyncio.sleep(0)
    last = world.events[-1]
    assert isinstance(last, StrategyStatus)
    assert (last.state, last.reason.partition(" (")[0]) == ("failed", "ValueError: bad luck")


async def test_a_strategy_that_hangs_is_killed_within_its_time_limit_and_stopped_after_three_times(make: Make) -> None:
    world = make("while True: pass", HostTiming(bar_s=0.2, restart_s=(0.01,), max_failures=3))
    await world.live()
    for failures in range(1, 4):
        world.bar()
        await world.until(lambda: world.states.count("hung") == failures)  # noqa: B023
        if failures < 3:
            await world.until(lambda: world.states[-1] == "running")
    await world.until(lambda: world.states[-1] == "stopped")
    last = world.events[-1]
    assert isinstance(last, StrategyStatus)
    assert last.reason == "3 failures in a row; the last: no decision within 0.2 s"
    world.host.switch(run=True, reason="by the operator")
    await world.until(lambda: world.states[-1] == "running")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("ctx.buy(float('nan'))", "cannot be sent"),
        ("ctx.buy('ten')", "not understood"),
        ("ctx.signals.append(object())", "cannot be sent"),
        ("os._exit(7)", "exit code 7"),
        ("sys.exit()", "SystemExit"),
        ("os.kill(os.getpid(), 11)", "signal 11"),
    ],
)
async def test_whatever_a_strategy_does_its_bar_gives_no_order_and_the_reason_is_told(
    make: Make, body: str, reason: str
) -> None:
    world = make(body)
    await world.live()
    world.bar()
    await world.until(lambda: "failed" in world.states)
    failed = next(event for event in world.events if isinstance(event, StrategyStatus) and event.state == "failed")
    assert reason in failed.reason
    assert world.decisions == []


async def test_what_a_strategy_prints_goes_to_the_log_and_not_into_its_answers(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    world = make("print('{\"t\": 1}')\nprint('to stderr', file=sys.stderr)\nos.write(1, b'raw\\n')\nsys.stdout.flush()")
    await world.live()
    world.bar()
    await world.until(lambda: len(world.decisions) == 1)
    await world.until(lambda: {'{"t": 1}', "to stderr", "raw"} <= set(caplog.messages))


async def test_a_strategy_has_no_environment_no_open_files_and_no_terminal(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "canary")
    body = """
        names = set(os.environ) - {"PATH", "LANG", "PYTHONPATH", "PYTHONHASHSEED", "LC_CTYPE"}
        extra = [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 5]
        ctx.buy(1, reason=f"{sorted(names)} {len(extra)} {os.getsid(0) == os.getpid()}")
    """
    world = make(body)
    await world.live()
    world.bar()
    await world.until(lambda: len(world.decisions) == 1)
    assert world.decisions[0].signals[0].reason == "[] 0 True"


async def test_a_strategy_that_cannot_be_loaded_is_stopped_with_its_line(make: Make) -> None:
    world = make("this is no python")
    await world.until(lambda: world.states[-1:] == ["stopped"])
    assert world.states.count("failed") == 3
    last = world.events[-1]
    assert isinstance(last, StrategyStatus)
    assert "probe.py" in last.reason


async def test_stopping_a_strategy_ends_its_process(make: Make) -> None:
    world = make("pass")
    await world.live()
    process = world.host._process
    if process is None:
        raise AssertionError("no process")
    world.host.switch(run=False, reason="by the operator")
    await world.until(lambda: world.states[-1] == "stopped")
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
    world.bar(decide=False)
    world.host.switch(run=True, reason="")
    await world.until(lambda: world.states[-1] == "running")
