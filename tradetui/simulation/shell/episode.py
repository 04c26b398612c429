"""One episode of the whole shell: a schedule of strikes, invariants all the while, then the heal and its demands.

The seed gives the world and the schedule; the schedule alone replays the episode, because each strike draws from a
generator of its own and waits for a moment of its own. Time is virtual: the same seed gives the same trace.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from random import Random

from tradetui.domain.actions import Action, CancelOrder, Commit, DeliverBar, PlaceOrder, Reply
from tradetui.domain.events import Event, FillSeen, OrderSeen, QuoteChanged, SessionChanged, SessionState, SnapshotTaken
from tradetui.domain.records import OrderSaved
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.simulation.coverage import Coverage
from tradetui.simulation.shell import kinds
from tradetui.simulation.shell.heal import heal
from tradetui.simulation.shell.judge import Judge
from tradetui.simulation.shell.kinds import KINDS, TIME
from tradetui.simulation.shell.loop import Deadlock, VirtualLoop
from tradetui.simulation.shell.network import End
from tradetui.simulation.shell.process import CoreProcess
from tradetui.simulation.shell.stage import Stage

#: Real seconds of the part with strikes; at the episode's speed that is half an hour to an hour of market.
FAULTY_S = 120.0
STRIKES = 14
KIND_ON = 0.6
#: A strike falls so long after its moment, seconds: at once, or around what happens in the milliseconds after it.
DELAYS_S = (0.0, 0.0, 0.0002, 0.0005, 0.001, 0.003, 0.05)
#: The n-th moment of its kind at which a strike falls.
NTH = 12


@dataclass(frozen=True, slots=True)
class Planned:
    """One strike: its kind, after the `nth` moment of one sort by `delay_s` (sort `time`: at that second), its seed."""

    kind: str
    moment: str
    nth: int
    delay_s: float
    seed: int

    def __str__(self) -> str:
        at = f"at {self.delay_s:g} s" if self.moment == TIME else f"{self.delay_s:g} s after {self.moment} {self.nth}"
        return f"{self.kind} {at}, seed {self.seed}"


class ShellFailed(Exception):
    """An invariant did not hold: `reason` says which, `plan` is the schedule that shows it."""

    def __init__(self, seed: int, reason: str, plan: Sequence[Planned], at_s: float) -> None:
        super().__init__(f"seed {seed}, at {at_s:.3f} s: {reason}")
        self.seed = seed
        self.reason = reason
        self.plan = list(plan)


def plan_of(seed: int) -> list[Planned]:
    """Return the schedule of a seed: each kind exists in this world or not, and strikes at moments it aims at."""
    rng = Random(f"{seed}/plan")  # noqa: S311 (repeatable)
    weights = {
        name: kind.weight * rng.choice((0.5, 1.0, 3.0)) for name, kind in KINDS.items() if rng.random() < KIND_ON
    }
    chosen = rng.choices(list(weights), list(weights.values()), k=rng.randint(STRIKES // 2, STRIKES * 2))
    plan: list[Planned] = []
    for name in chosen:
        moment = rng.choice(KINDS[name].moments)
        delay_s = rng.uniform(2.0, FAULTY_S) if moment == TIME else rng.choice(DELAYS_S)
        plan.append(Planned(name, moment, rng.randint(1, NTH), delay_s, rng.getrandbits(32)))
    return plan


class ShellEpisode:
    """Plays one seed. `coverage`, `strikes` and the trace are there afterwards, also when it failed."""

    def __init__(self, seed: int, plan: Sequence[Planned] | None = None) -> None:
        self.seed = seed
        self.plan = list(plan_of(seed) if plan is None else plan)
        self.coverage = Coverage()
        self.strikes: Counter[str] = Counter()
        self.market_s = 0.0
        self.orders = 0
        self._counts: Counter[str] = Counter()
        self._trace = blake2b(digest_size=12)
        self._faulty = True

    @property
    def trace_hash(self) -> str:
        """Hash of every step with its time, event and actions."""
        return self._trace.hexdigest()

    def run(self) -> None:
        """Play the schedule, heal, and demand agreement.

        Raises:
            ShellFailed: an invariant did not hold.
        """
        with tempfile.TemporaryDirectory(prefix="shell-") as folder, _quiet_logs():
            loop = VirtualLoop()
            asyncio.set_event_loop(loop)  # the IB library takes the thread's loop, not the running one
            try:
                reason = loop.run_until_complete(self._play(loop, Path(folder)))
            except Deadlock as deadlock:
                reason = f"I36: {deadlock}"
            finally:
                asyncio.set_event_loop(None)
                loop.close()
            if reason:
                raise ShellFailed(self.seed, reason, self.plan, loop.time())

    async def _play(self, loop: VirtualLoop, folder: Path) -> str:
        stage = self._stage = Stage(loop, folder, self.seed, self._watch, self._replied)
        loop.network = stage.network
        judge = self._judge = Judge(stage, self.coverage)
        stage.network.tap = self._wrote
        stage.disk.committed = lambda: self._moment(kinds.COMMIT)
        await stage.open()
        for planned in self.plan:
            if planned.moment == TIME:
                loop.call_at(planned.delay_s, self._strike, planned)
        try:
            await self._pass_time(FAULTY_S)
            self._faulty = False
            if not stage.problem:
                await heal(stage, judge)
            self.market_s = loop.time() * stage.speed
            self.orders = judge.orders
            self.coverage.sometimes.update(stage.sometimes)
            return stage.problem
        finally:
            judge.close()
            await stage.close()

    async def _pass_time(self, seconds: float) -> None:
        end = self._stage.loop.time() + seconds
        while self._stage.loop.time() < end and not self._stage.problem:
            await asyncio.sleep(0.5)
            process = self._stage.process
            if process is not None and process.failure is not None:
                self._stage.broken(f"I36: the core ended: {process.failure!r}")

    # --- moments and strikes -----------------------------------------------------------------------------------
    def _moment(self, moment: str) -> None:
        if not self._faulty:
            return
        self._counts[moment] += 1
        count = self._counts[moment]
        for planned in self.plan:
            if planned.moment == moment and planned.nth == count:
                self._stage.loop.call_later(planned.delay_s, self._strike, planned, context=self._stage.context)

    def _strike(self, planned: Planned) -> None:
        if not self._faulty:
            return
        stage = self._stage
        met, session = stage.live_states(), stage.session
        if not KINDS[planned.kind].strike(stage, Random(planned.seed)):  # noqa: S311 (repeatable)
            return
        self.strikes[planned.kind] += 1
        self._line(f"strike {planned.kind}")
        self.coverage.sessions[planned.kind, session] += 1
        for state in met:
            self.coverage.faults[planned.kind, state] += 1

    # --- observers ---------------------------------------------------------------------------------------------
    def _watch(self, process: CoreProcess, event: Event, actions: Sequence[Action]) -> None:
        self._judge.step(process, event, actions)
        if not isinstance(event, QuoteChanged) or actions:
            self._line(f"{type(event).__name__} {' '.join(map(_word, actions))}")
        if any(isinstance(action, PlaceOrder) for action in actions):
            self._moment(kinds.SEND)
        if any(isinstance(action, CancelOrder) for action in actions):
            self._moment(kinds.CANCEL)
        if isinstance(event, OrderSeen):
            self._moment(kinds.ACK)
        elif isinstance(event, FillSeen):
            self._moment(kinds.FILL)
        elif isinstance(event, SnapshotTaken):
            self._moment(kinds.RECONCILE)
        elif isinstance(event, SessionChanged) and event.state is SessionState.READY:
            self._moment(kinds.READY)

    def _replied(self, process: CoreProcess, reply: Reply) -> None:
        self._judge.replied(process, reply)
        self._line(f"reply {reply.status} {reply.text}")

    def _wrote(self, end: End, data: bytes) -> None:
        self._judge.wrote(end, data)
        if not end.is_server and data[4:6] == b"%d\0" % PLACE_ORDER.id:
            self._moment(kinds.ARRIVE)

    def _line(self, text: str) -> None:
        self._trace.update(f"{self._stage.loop.time():.9f} {text}\n".encode())


def _word(action: Action) -> str:
    match action:
        case PlaceOrder(intent):
            return f"place {intent.intent_id} {intent.side} {intent.qty:g} {intent.symbol}"
        case CancelOrder():
            return f"cancel {action.intent_id} {action.order_id}"
        case Commit(records):
            orders = [
                f"{item.order.intent.intent_id}:{item.order.state}" for item in records if isinstance(item, OrderSaved)
            ]
            return f"commit {len(records)} {' '.join(orders)}"
        case DeliverBar():
            return f"bar {action.bar.symbol} {action.bar.end_ns} {action.decide}"
        case _:
            return type(action).__name__


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """Keep the engine's and the gateway's log lines away: in an episode failures are the rule."""
    logger = logging.getLogger("tradetui")
    before = (logger.level, logger.propagate)
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before[0])
        logger.propagate = before[1]
