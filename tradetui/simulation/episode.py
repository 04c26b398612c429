"""One seeded episode: moves and faults, every invariant after every step, then the heal and its demands.

The seed chooses the setting, which faults exist in this world and how often, and the moves. A fault is likelier within
a few moves of the moments it aims at. The list of moves alone replays the episode: each move draws from a generator of
its own, so that a list with moves left out is an episode too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tradetui.domain.actions import Action, CancelOrder, PlaceOrder
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import IllegalTransition
from tradetui.domain.events import Event, FillSeen, JournalFailed, JournalRestored, OrderSeen, SnapshotTaken
from tradetui.risk.limits import BreakerAction
from tradetui.simulation.coverage import Coverage
from tradetui.simulation.faults import FAULTS, PROTECTION_FAULTS
from tradetui.simulation.faults_host import restart
from tradetui.simulation.heal import heal
from tradetui.simulation.invariants_books import check_books, check_moves
from tradetui.simulation.invariants_protection import check_protection, is_behind
from tradetui.simulation.invariants_sent import check_sent
from tradetui.simulation.moves import ORDINARY
from tradetui.simulation.scene import Scene, Violation
from tradetui.simulation.setting import STRATEGY, SYMBOLS, limits, settings
from tradetui.simulation.wire import Wire
from tradetui.simulation.world import CoreDied, World
from tradetui.trading.settings import CoreSettings, Execution, StrategySetting, Timing, UnfilledPolicy

#: Time limits short enough for dense episodes. The earliest verdict of absence, ack_timeout_s or grace_looks looks
#: after a break, comes after wire.LATE_S.
FAST = Timing(
    grace_looks=3, grace_interval_s=1.0, ack_timeout_s=2.0, position_quiet_s=1.0, cancel_retry_s=2.0, watch_every_s=3.0
)
MOVES = 150
#: Moves within which a fault counts as aimed at a moment, and how much likelier it is then.
AIM_MOVES = 3
AIM_WEIGHT = 5
FAULT_ON = 0.6


@dataclass(frozen=True, slots=True)
class Played:
    """One move of an episode: its name and the seed of its own choices."""

    name: str
    seed: int


class EpisodeFailed(Exception):
    """An invariant did not hold: `reason` says which, `moves` are those up to it."""

    def __init__(self, seed: int, reason: str, moves: Sequence[Played]) -> None:
        super().__init__(f"seed {seed}, after {len(moves)} moves: {reason}")
        self.seed = seed
        self.reason = reason
        self.moves = list(moves)


def setting_of(rng: Random) -> CoreSettings:
    """Return the settings of one episode: wide or narrow limits, one or two strategies, any policy."""
    names = (STRATEGY, "trend")[: rng.choice((1, 2))]
    narrow: dict[str, object] = {
        "max_order_qty": 250.0,
        "max_position_qty": 400.0,
        "max_position_notional": 40_000.0,
        "max_order_notional": 25_000.0,
        "max_gross_notional": 60_000.0,
        "orders_per_minute": 4,
        "orders_per_second": 2,
        "daily_loss_limit": 1_500.0,
    }
    changes = narrow if rng.random() < 0.6 else {}
    return settings(
        timing=FAST,
        limits=limits(**changes, breaker_action=rng.choice(list(BreakerAction))),
        strategies=tuple(StrategySetting(name=name, symbols=SYMBOLS, bar_size="1m") for name in names),
        execution=Execution(unfilled_policy=rng.choice(list(UnfilledPolicy)), unfilled_timeout_s=5.0),
    )


class Episode:
    """A scene with its observers, and the moves made so far."""

    def __init__(self, seed: int, *, protects: bool | None = None) -> None:
        """Build the world of a seed; `protects` (None: by the seed) lets strategies protect what they hold."""
        self.seed = seed
        self.rng = Random(seed)  # noqa: S311 (a simulation must be repeatable)
        world = World(setting_of(self.rng))
        self.scene = Scene(world, Wire(world))
        world.watcher = self._watch
        self.moves: list[Played] = []
        self._rates = {
            name: fault.rate * self.rng.choice((0.5, 1.0, 3.0))
            for name, fault in FAULTS.items()
            if self.rng.random() < FAULT_ON
        }
        for name in ("journal_back", "inactive_back"):  # what ends a fault exists wherever the fault does
            self._rates[name] = 3.0
        self._all = FAULTS
        # Drawn by themselves, so that a seed without protection stays what it was.
        by_seed = Random(f"protection {seed}").random() < 0.5  # noqa: S311
        if by_seed if protects is None else protects:
            self._protect(Random(f"protects {seed}"))  # noqa: S311

    def _protect(self, rng: Random) -> None:
        self._all = {**FAULTS, **PROTECTION_FAULTS}
        self.scene.protects = True
        self._rates |= {name: fault.rate * rng.choice((0.0, 1.0, 3.0)) for name, fault in PROTECTION_FAULTS.items()}
        broker = self.scene.world.broker
        broker.group_ends, broker.orphans_end = rng.random() < 0.5, rng.random() < 0.5

    @property
    def coverage(self) -> Coverage:
        """What this episode reached."""
        return self.scene.coverage

    @property
    def trace_hash(self) -> str:
        """Hash of every step with its time, event and actions."""
        return self.scene.trace.hexdigest()

    def run(self, moves: int = MOVES) -> None:
        """Make `moves` moves, checking after each step; then heal and demand agreement.

        Raises:
            EpisodeFailed: an invariant did not hold.
        """
        self._guard(self.scene.world.connect)
        for _ in range(moves):
            self.play(Played(self._choose(), self.rng.getrandbits(32)))
        self._end()

    def replay(self, moves: Sequence[Played]) -> None:
        """Make these moves and no others, then heal.

        Raises:
            EpisodeFailed: an invariant did not hold.
        """
        self._guard(self.scene.world.connect)
        for played in moves:
            self.play(played)
        self._end()

    def _choose(self) -> str:
        scene = self.scene
        names, weights = [], []
        for name, move in ORDINARY.items():
            if move.when(scene):
                names.append(name)
                weights.append(move.weight)
        recent = scene.moment if scene.moment_age <= AIM_MOVES else ""
        for name, rate in self._rates.items():
            names.append(name)
            weights.append(rate * AIM_WEIGHT if recent and recent in self._all[name].aims else rate)
        return self.rng.choices(names, weights)[0]

    def play(self, played: Played) -> None:
        """Make one move.

        Raises:
            EpisodeFailed: an invariant did not hold.
        """
        self.moves.append(played)
        self.scene.moment_age += 1
        self._guard(lambda: self._make(played))

    def _make(self, played: Played) -> None:
        scene, rng = self.scene, Random(played.seed)  # noqa: S311 (a simulation must be repeatable)
        try:
            if played.name in ORDINARY:
                ORDINARY[played.name].make(scene, rng)
                return
            session = scene.world.session
            met = self._all[played.name].inject(scene, rng)
            if met is not None:
                scene.coverage.sessions[played.name, session] += 1
                for state in met:
                    scene.coverage.faults[played.name, state] += 1
        except CoreDied:
            scene.coverage.sometimes["a crash in the middle of a step"] += 1
            restart(scene, rng)

    def _end(self) -> None:
        self._guard(lambda: heal(self.scene, Random(self.seed)))  # noqa: S311 (a simulation must be repeatable)

    def _guard(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (Violation, IllegalTransition) as error:
            raise EpisodeFailed(self.seed, str(error), self.moves) from error
        except (KeyError, ValueError, TypeError, ZeroDivisionError, AttributeError, IndexError) as error:
            raise EpisodeFailed(self.seed, f"{type(error).__name__}: {error}", self.moves) from error

    # --- after every step ------------------------------------------------------------------------------------------
    def _watch(self, event: Event, actions: Sequence[Action]) -> None:
        scene = self.scene
        if isinstance(event, JournalFailed | JournalRestored):
            scene.journal_known_bad = isinstance(event, JournalFailed)
        scene.read_replies(actions)
        check_moves(scene, actions)
        before = scene.sent_ids
        scene.evidence.watch(event, actions)
        check_sent(scene, event, actions)
        check_books(scene, actions, event)
        check_protection(scene, event, actions)
        for action in actions:
            if isinstance(action, PlaceOrder):
                before.add(action.intent.intent_id)
                if not is_behind(action.intent):
                    scene.sent_at.append(scene.world.mono_ns)
        scene.write_trace(event, actions)
        self._notice(event, actions)

    def _notice(self, event: Event, actions: Sequence[Action]) -> None:
        scene = self.scene
        state = scene.world.core.state
        scene.coverage.trading[f"{scene.world.session.value}/{state.trading_state.name}"] += 1
        scene.sent_at = [mono for mono in scene.sent_at if scene.world.mono_ns - mono < MINUTE_NS]
        if any(isinstance(action, CancelOrder) for action in actions):
            scene.happened("cancel")
        elif any(isinstance(action, PlaceOrder) for action in actions):
            scene.happened("send")
        elif isinstance(event, FillSeen):
            scene.happened("fill")
        elif isinstance(event, OrderSeen):
            scene.happened("ack")
        elif isinstance(event, SnapshotTaken):
            scene.happened("reconcile")
            run = state.flatten
            if run is not None and not run.outcome and any(scene.ours(held) for held in scene.world.broker.live()):
                scene.coverage.sometimes["a look of a flatten while an own order works"] += 1
