"""Smaller parts of the shell: clock watch, heart, routing, warming up, alert reports, log masking, the host's end."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from loguru import logger

from tradetui.alerts.configured import settings_of
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.process import WatcherLaunch
from tradetui.alerts.wire import Report, Status
from tradetui.config import load_config
from tradetui.domain.actions import StrategyPosition
from tradetui.domain.alert import Severity
from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.errors import BrokerRefused, NotConnected, StoreError
from tradetui.domain.events import BrokerMessage, Event, HealthChanged, InstrumentKnown, StrategyStatus
from tradetui.domain.instrument import Instrument
from tradetui.domain.records import DeliverySaved, Record
from tradetui.engine.alerting import Alerting
from tradetui.engine.clock import BrokerClock, SystemClock
from tradetui.engine.clock_sync import ClockSync
from tradetui.engine.health import Heart
from tradetui.engine.host import HostSpec, StrategyHost
from tradetui.engine.host_messages import Load, NewBar, WarmUp, decode_from_host, encode
from tradetui.engine.log_setup import masked, set_up_logging
from tradetui.engine.state_rows import mode_of
from tradetui.engine.strategy_host import serve
from tradetui.engine.warming import Warming
from tradetui.store.disk_check import check_disk
from tradetui.trading.settings import StrategySetting

T0 = 1_748_871_000 * SECOND_NS


class Times:
    """A broker's clock and ours, moved by hand."""

    def __init__(self) -> None:
        self.mono = 0
        self.wall = T0
        self.server: int | None = T0
        self.reports: list[HealthChanged] = []
        self.timed = 0

    async def server_time_ns(self) -> int:
        if self.server is None:
            raise NotConnected("no session")
        return self.server // SECOND_NS * SECOND_NS

    def note_timed(self) -> None:
        self.timed += 1


async def test_a_machine_whose_clock_is_off_blocks_entries_after_several_readings_until_it_is_right() -> None:
    times = Times()
    sync = ClockSync(times, SystemClock(lambda: times.mono, lambda: times.wall), times.reports.append, times.note_timed)
    times.server = T0 + 30 * SECOND_NS
    for _ in range(2):
        assert await sync.read_once()
    assert times.reports == []
    await sync.read_once()
    (report,) = times.reports
    assert (report.key, report.healthy) == ("clock", False)
    assert "off by +30.0 s" in report.detail
    assert sync.skew_s == pytest.approx(30.0)
    times.server = T0
    await sync.read_once()
    assert times.reports[-1] == HealthChanged("clock", healthy=True)
    times.server = None
    assert not await sync.read_once()


async def test_a_demo_market_from_before_the_journal_is_told_with_the_remedy() -> None:
    times = Times()
    clock = BrokerClock(60, T0 + 3600 * SECOND_NS, lambda: times.mono)
    sync = ClockSync(times, clock, times.reports.append, times.note_timed)
    for _ in range(3):
        await sync.read_once()
    assert "another market" in times.reports[0].detail
    assert times.timed == 3


async def test_a_process_that_stood_still_blocks_entries_until_it_has_run_well_again(tmp_path: Path) -> None:
    mono = [0]
    reports: list[HealthChanged] = []
    heart = Heart(tmp_path / "heartbeat", reports.append, mono_ns=lambda: mono[0])
    assert heart.lag_p99_ms is None
    heart.beat(0.001)
    heart.beat(3.5)
    assert [(report.key, report.healthy) for report in reports] == [("pause", False)]
    assert "stood still for 3.5 s" in reports[0].detail
    heart.beat(0.001)
    assert len(reports) == 1
    mono[0] = 6 * SECOND_NS
    heart.beat(0.001)
    assert reports[-1] == HealthChanged("pause", healthy=True)
    assert (tmp_path / "heartbeat").stat().st_mode & 0o777 == 0o600
    assert heart.lag_p99_ms == pytest.approx(3500)


async def test_a_heart_on_a_full_disk_beats_on(tmp_path: Path) -> None:
    heart = Heart(tmp_path / "gone" / "heartbeat", lambda _: None)
    heart.beat(0.0)
    beating = asyncio.create_task(heart.run())
    await asyncio.sleep(0.15)
    assert not beating.done()
    beating.cancel()


class Qualifier:
    """A broker that knows SPY, refuses NOPE and is away once."""

    def __init__(self) -> None:
        self.away = True

    async def qualify(self, instrument: Instrument) -> Instrument:
        if self.away:
            self.away = False
            raise NotConnected("no session")
        if instrument.symbol == "NOPE":
            raise BrokerRefused(200, "no such contract")
        return Instrument(symbol=instrument.symbol, con_id=756733, min_tick=0.05)


class Lanes:
    """What is asked of the bar feed."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def warm_up(self, symbol: str, size: BarSize, count: int) -> None:
        self.asked.append((symbol, count))


async def test_contracts_are_qualified_and_one_that_is_refused_is_told_without_holding_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tradetui.engine.warming._RETRY_S", 0.001)
    monkeypatch.setattr("tradetui.engine.warming.LOAD_PATIENCE_S", 0.01)
    reports: list[Event] = []
    instruments = {symbol: Instrument(symbol=symbol) for symbol in ("NOPE", "SPY")}
    settings = {"m": StrategySetting(name="m", symbols=("SPY",), bar_size="1m")}
    host = StrategyHost(HostSpec(name="m", strategy="m", folder=tmp_path, symbols=("SPY",), params={}), reports.append)
    warming, lanes = Warming(Qualifier(), instruments, {"m": host}, settings, reports.append), Lanes()
    keys = {("SPY", BarSize.M1), ("NOPE", BarSize.M1)}
    await warming.run(lanes, keys)  # type: ignore[arg-type]
    assert (instruments["SPY"].con_id, instruments["SPY"].min_tick) == (756733, 0.05)
    assert reports == [
        BrokerMessage(200, "NOPE cannot be traded: no such contract", symbol="NOPE"),
        InstrumentKnown(instruments["SPY"]),
    ]
    assert lanes.asked == [("NOPE", 20), ("SPY", 20)]
    warming.lane_has_trouble("SPY", BarSize.M1, "pacing")
    warming.lane_has_trouble("NOPE", BarSize.M1, "pacing")
    assert reports[2:] == [
        StrategyStatus("m", "warming", "no history of SPY 1m: pacing"),
        BrokerMessage(0, "no history of NOPE 1m: pacing", symbol="NOPE"),
    ]


async def test_what_became_of_an_alert_is_journaled_and_shown(tmp_path: Path) -> None:
    saved: list[Record] = []

    def save(records: Sequence[Record]) -> None:
        saved.extend(records)

    (tmp_path / "config.toml").touch()
    launch = WatcherLaunch(state_dir=tmp_path, heartbeat=tmp_path / "h", env_file=tmp_path / ".env", environ={})
    deliveries: dict[str, tuple[str, str]] = {}
    alerting = Alerting(settings_of(load_config(tmp_path, "demo", {})), launch, save, deliveries)
    report = Report(
        key="7",
        number=7,
        severity=Severity.CRITICAL,
        state=DeliveryState.UNDELIVERED,
        wall_ns=1,
        code=63016,
        reason="no",
    )
    alerting._on_report(report)
    alerting._on_report(Report(key="w", number=None, severity=Severity.INFO, state=DeliveryState.SENT, wall_ns=1))
    alerting._on_status(Status("ping", "WARNING", "slow"))
    for number in range(500):
        alerting._on_report(
            Report(key=str(number), number=number, severity=Severity.INFO, state=DeliveryState.SENT, wall_ns=1)
        )
    assert saved[0] == DeliverySaved(number=7, state="UNDELIVERED", code=63016, reason="no")
    assert deliveries["499"] == ("sent", "")
    assert len(deliveries) == 400
    await alerting.close()


def test_accounts_are_masked_and_the_log_file_is_private_and_takes_every_library(tmp_path: Path) -> None:
    assert masked("DU1234567 and U7654321 traded, DUST did not") == "DU12***567 and U76***321 traded, DUST did not"
    root = logging.getLogger()
    before, level = root.handlers, root.level
    set_up_logging(tmp_path, to_terminal=False)
    try:
        logging.getLogger("tradetui.engine.test").warning("account DU1234567 is %s", "here")
        logging.getLogger("ib_insync.wrapper").info("a position")
    finally:
        logger.remove()
        root.handlers, root.level = before, level
    text = (tmp_path / "core.log").read_text()
    assert "engine.test: account DU12***567 is here" in text
    assert "position" not in text


@pytest.mark.parametrize(("account", "mode"), [("", "UNKNOWN"), ("DU1", "PAPER"), ("U1", "LIVE")])
def test_the_mode_comes_from_the_accounts_own_id(account: str, mode: str) -> None:
    assert mode_of(account) == mode


HOLDS = """
from tradetui.strategy.api import Strategy, register

@register("holds")
class Holds(Strategy):
    qty: float = 1.0

    def on_bar(self, bar, ctx):
        ctx.buy(self.qty if bar.close < 5 else float("inf"))
"""


def load(folder: Path, file: str = "", strategy: str = "holds") -> Load:
    return Load(
        name="h", strategy=strategy, file=file, folder=str(folder), symbols=("SPY",), params=json.dumps({"qty": 2.0})
    )


def answers_to(messages: Sequence[Load | WarmUp | NewBar]) -> tuple[int, list[str]]:
    out = io.BytesIO()
    code = serve(io.BytesIO(b"".join(encode(message) for message in messages)), out)
    return code, [str(decode_from_host(line)) for line in out.getvalue().splitlines()]


def new_bar(close: float, *, decide: bool = True) -> NewBar:
    bar = Bar("SPY", int(close) * 60, close, close, close, close, 1.0)
    return NewBar(number=int(close), bar=bar, decide=decide, position=StrategyPosition(0, 0, False), equity=None)


def test_a_host_answers_load_warm_up_and_bars_and_ends_at_a_signal_that_is_no_number(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir(mode=0o700)
    (folder / "holds.py").write_text(HOLDS)
    past = WarmUp((new_bar(1.0).bar,))
    code, said = answers_to([load(folder), past, new_bar(2.0, decide=False), new_bar(3.0), new_bar(6.0), new_bar(7.0)])
    assert code == 1
    assert [line.split("(")[0] for line in said] == ["Loaded", "Warm", "Decided", "Failed"]
    assert "qty=2.0" in said[2]
    assert "cannot be sent" in said[3]


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (lambda folder: [WarmUp(())], "has to be the strategy to load"),
        (lambda folder: [load(folder, strategy="nothing")], "unknown strategy 'nothing'"),
        (lambda folder: [load(folder, file="holds.py", strategy="other")], "does not register 'other'"),
        (lambda folder: [load(folder, file="holds.py"), load(folder)], "one strategy only"),
    ],
)
def test_a_host_refuses_what_it_cannot_run_in_one_line(tmp_path: Path, messages: object, reason: str) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir(mode=0o700)
    (folder / "holds.py").write_text(HOLDS)
    code, said = answers_to(messages(folder))  # type: ignore[operator]
    assert code == 1
    assert reason in said[-1]


def test_a_disk_that_is_nearly_full_or_gives_a_lock_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradetui.store.disk_check.MIN_FREE_BYTES", 1 << 62)
    with pytest.raises(StoreError, match="make room"):
        check_disk(tmp_path)
    monkeypatch.setattr("tradetui.store.disk_check.fcntl.flock", lambda *_: None)
    with pytest.raises(StoreError, match="locks do not work"):
        check_disk(tmp_path)


def test_now_is_both_times() -> None:
    clock = SystemClock(lambda: 5, lambda: 7)
    assert (clock.now(), clock.is_anchored) == (Now(7, 5), True)
