"""The core's memory: one object, changed only inside a step. Every list in it is bounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tradetui.domain.account import AccountValues
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.bar import Bar
from tradetui.domain.clock import Now
from tradetui.domain.events import SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import Latch, TradingState
from tradetui.domain.ledger import Ledger
from tradetui.domain.order import BrokerOrder, Signal
from tradetui.domain.records import AlertQueued, ArmedSaved, DayStarted, Note, RefusalSaved
from tradetui.domain.tick import Quote
from tradetui.risk.scopes import ScopedLimits
from tradetui.trading.book import OrderBook
from tradetui.trading.conduct import Conduct
from tradetui.trading.limit_book import LimitBook
from tradetui.trading.out import Out
from tradetui.trading.reach import Reach
from tradetui.trading.round_trips import RoundTrips
from tradetui.trading.sent import SentLog
from tradetui.trading.settings import CoreSettings, UnfilledPolicy

#: A strategy's name and a symbol.
Pair = tuple[str, str]


@dataclass(slots=True)
class StrategyFacts:
    """What is known of one strategy."""

    state: str = "loading"
    reason: str = ""
    last_bar_ns: int | None = None
    decisions: int = 0
    signals: int = 0
    refusals: int = 0
    errors: int = 0
    stopped_by: str = ""


@dataclass(slots=True)
class Mismatch:
    """A position that differs from the broker's. `confirmed` after a second look."""

    ours: float
    broker: float
    since_mono_ns: int
    confirmed: bool = False


@dataclass(slots=True)
class FlattenRun:
    """A flatten in progress: preview was shown, proof is two flat readings of the broker's own position list.

    `joined` are the commands that asked for it again: each is answered with the proof, and grants the passes of one.
    """

    command_id: str
    who: str
    symbols: tuple[str, ...]
    started: Now
    evidence_after_mono_ns: int
    passes: dict[str, int] = field(default_factory=dict)
    closed_mono_ns: dict[str, int] = field(default_factory=dict)
    flat_seen: dict[str, int] = field(default_factory=dict)
    phase: str = "cancelling"
    outcome: str = ""
    alarmed: bool = False
    joined: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wish:
    """A strategy's signal with the bar it was decided on. `opens` is the part of it that closes nothing."""

    strategy: str
    bar_end_ns: int
    signal: Signal
    opens: float | None = None


@dataclass(frozen=True, slots=True)
class SentPart:
    """The reducing part of a decision that is sent just before its opening part.

    `like_age_s` is how old the latest order like the opening part was before it, None when there was none.
    """

    intent_id: str
    like_age_s: float | None


@dataclass(slots=True)
class Lapse:
    """A position that is not protected as it was meant to be: since when, and what was done about it."""

    since_mono_ns: int
    tries: int = 0
    alerted: bool = False


@dataclass(slots=True)
class Closing:
    """Where the end of the session stands. `ended_mono_ns` is set from the close until the day is settled."""

    date: str = ""
    looked: str = ""
    ended_mono_ns: int | None = None


@dataclass(slots=True)
class PendingKill:
    """A kill that is not confirmed yet, with every command that asked for it."""

    command_ids: list[str]
    since_mono_ns: int


@dataclass(slots=True)
class CoreState:
    """All that the core knows. `broker_positions` None means not known since the last disconnect.

    `protected` names the stop-losses of each position that is to have one, newest last: the newest that has come to
    life, and those whose entries still work. `held_back` are wishes that wait until the protection in their way is
    cancelled. `instruments` are as the broker named them last. `earlier_marks` are the marks before the latest,
    `day_totals` the profit of each strategy and symbol that the day began with, `reaches` what `trading.exposure` has
    worked out for an owner (empty: the account) and symbol, `flatten_serves` the latches that the running flatten
    works for.
    """

    settings: CoreSettings
    instruments: dict[str, Instrument] = field(init=False)
    limit_book: LimitBook = field(init=False)
    round_trips: RoundTrips = field(init=False)
    conduct: Conduct = field(default_factory=Conduct)
    book: OrderBook = field(default_factory=OrderBook)
    ledger: Ledger = field(default_factory=Ledger)
    latches: dict[str, Latch] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    earlier_marks: dict[str, float] = field(default_factory=dict)
    mark_since_mono_ns: dict[str, int] = field(default_factory=dict)
    last_bars: dict[str, Bar] = field(default_factory=dict)
    closes: dict[str, deque[float]] = field(default_factory=dict)
    chart_nanos: dict[str, int] = field(default_factory=dict)
    bar_counts: dict[str, int] = field(default_factory=dict)
    session: SessionState = SessionState.DISCONNECTED
    session_reason: str = "not connected yet"
    account: str = ""
    session_since_mono_ns: int = 0
    link_alerted: bool = False
    account_values: AccountValues | None = None
    broker_positions: dict[str, float] | None = None
    broker_costs: dict[str, float] = field(default_factory=dict)
    externals: dict[int, BrokerOrder] = field(default_factory=dict)
    executions: dict[str, dict[str, str]] = field(default_factory=dict)
    reported_filled: dict[str, float] = field(default_factory=dict)
    absent_mono_ns: dict[str, int] = field(default_factory=dict)
    mismatches: dict[str, Mismatch] = field(default_factory=dict)
    last_trade_mono_ns: dict[str, int] = field(default_factory=dict)
    consumed: dict[tuple[str, str], int] = field(default_factory=dict)
    pending: dict[tuple[str, str], int] = field(default_factory=dict)
    strategies: dict[str, StrategyFacts] = field(default_factory=dict)
    sent: SentLog = field(default_factory=SentLog)
    day: DayStarted | None = None
    peak_equity: float | None = None
    day_high: float | None = None
    day_totals: dict[tuple[str, str], float] = field(default_factory=dict)
    rearmed_ns: dict[str, int] = field(default_factory=dict)
    last_equity_ns: int = 0
    cash_difference: float | None = None
    health: dict[str, str] = field(default_factory=dict)
    journal_ok: bool = True
    started_mono_ns: int | None = None
    restored: bool = False
    live_at_restart: tuple[str, ...] = ()
    armed: ArmedSaved | None = None
    armed_for: str = ""
    snapshot_asked_mono_ns: int | None = None
    last_look_mono_ns: int = 0
    last_reconcile_ns: int | None = None
    flatten: FlattenRun | None = None
    reaches: dict[tuple[str, str], tuple[float, int, Reach]] = field(default_factory=dict)
    flatten_serves: set[str] = field(default_factory=set)
    unfilled: dict[str, UnfilledPolicy] = field(default_factory=dict)
    protected: dict[Pair, tuple[str, ...]] = field(default_factory=dict)
    lapses: dict[Pair, Lapse] = field(default_factory=dict)
    held_back: dict[Pair, Wish] = field(default_factory=dict)
    kill: PendingKill | None = None
    rate_exceeded_mono_ns: int = -1
    closing: Closing = field(default_factory=Closing)
    commands: dict[str, tuple[str, str]] = field(default_factory=dict)
    stale_alerted: set[str] = field(default_factory=set)
    refusals: deque[RefusalSaved] = field(default_factory=lambda: deque(maxlen=500))
    notes: deque[tuple[int, Note]] = field(default_factory=lambda: deque(maxlen=500))
    alerts: deque[Alert] = field(default_factory=lambda: deque(maxlen=200))
    note_number: int = 0
    alert_number: int = 1
    acknowledged: int = 0
    acknowledged_by: str = ""
    counts_bars: int = 0
    counts_signals: int = 0
    counts_orders: int = 0
    counts_refusals: int = 0

    def __post_init__(self) -> None:
        self.instruments = dict(self.settings.instruments)
        calendar = self.settings.calendar
        self.limit_book = LimitBook(self.settings.limits)
        self.round_trips = RoundTrips(lambda ns: calendar.session_date(ns).isoformat())

    @property
    def limits(self) -> ScopedLimits:
        """The limits that hold now."""
        return self.limit_book.now

    def see_quote(self, quote: Quote, now: Now) -> None:
        """Take a quote; the mark before it is kept, because one price alone trips no breaker."""
        old = self.quotes.get(quote.symbol)
        before = old.mark if old is not None else None
        if before is not None:
            self.earlier_marks[quote.symbol] = before
        if before is None or before != quote.mark:
            self.mark_since_mono_ns[quote.symbol] = now.mono_ns
        self.quotes[quote.symbol] = quote

    def is_account_word(self, typed: str) -> bool:
        """Return whether `typed` is the last four characters of the account; never while the account is not known."""
        account = self.account or self.settings.account
        return bool(account) and typed == account[-4:]

    @property
    def trading_state(self) -> TradingState:
        """The most severe latch on the whole account."""
        return max((latch.state for latch in self.latches.values() if latch.is_general), default=TradingState.RUN)

    @property
    def trading_why(self) -> str:
        """Why the account is in its trading state, empty when running."""
        worst = self.trading_state
        why = [item.why for item in self.latches.values() if item.is_general and item.state is worst]
        return "; ".join(why)

    def note(self, out: Out, now: Now, level: str, topic: str, text: str, symbol: str = "") -> None:
        """Write a line to the event log (journal and screen)."""
        line = Note(ts_ns=now.market_ns, level=level, topic=topic, text=text, symbol=symbol)
        self.note_number += 1
        self.notes.append((self.note_number, line))
        out.record(line)

    def alert(
        self,
        out: Out,
        now: Now,
        severity: Severity,
        cause: str,
        text: str,
        *,
        symbol: str | None = None,
        detail: str = "",
        closes: bool = False,
    ) -> None:
        """Queue an alert and log it. `detail` may hold figures; `closes` ends the incident `cause`."""
        alert = Alert(
            number=self.alert_number,
            severity=severity,
            cause=cause,
            text=text,
            market_ns=now.market_ns,
            symbol=symbol,
            detail=detail,
            closes=closes,
        )
        self.alert_number += 1
        self.alerts.append(alert)
        out.record(AlertQueued(alert), durable=severity is Severity.CRITICAL)
        level = {Severity.INFO: "INFO", Severity.WARNING: "WARNING", Severity.CRITICAL: "ERROR"}[severity]
        self.note(out, now, level, cause, f"{text} ({detail})" if detail else text, symbol or "")

    def ask_snapshot(self, out: Out, now: Now, reason: str) -> None:
        """Ask for a look at the broker unless one is under way."""
        if self.snapshot_asked_mono_ns is None and self.session in (SessionState.READY, SessionState.SYNCING):
            self.snapshot_asked_mono_ns = now.mono_ns
            out.ask_snapshot(reason)

    def equity(self) -> float | None:
        """Cash plus positions at their marks; None while cash or a needed mark is not known."""
        cash = self.ledger.cash
        if cash is None:
            return None
        total = cash
        for position in self.ledger.positions():
            if position.qty == 0:
                continue
            mark = self.mark(position.symbol)
            if mark is None:
                return None
            total += position.qty * mark * self.multiplier(position.symbol)
        return total

    def unrealized(self) -> float | None:
        """Open profit of all positions at their marks; None while a needed mark is not known."""
        total = 0.0
        for position in self.ledger.positions():
            if position.qty == 0:
                continue
            mark = self.mark(position.symbol)
            if mark is None:
                return None
            total += position.unrealized(mark, self.multiplier(position.symbol))
        return total

    def mark(self, symbol: str) -> float | None:
        """Price that values `symbol` now: the quote's mark, else the last bar's close."""
        quote = self.quotes.get(symbol)
        if quote is not None and quote.mark is not None:
            return quote.mark
        bar = self.last_bars.get(symbol)
        return bar.close if bar is not None else None

    def multiplier(self, symbol: str) -> float:
        """Money per point and unit of `symbol`."""
        instrument = self.instruments.get(symbol)
        return instrument.multiplier if instrument is not None else 1.0

    def day_pnl(self) -> float | None:
        """Equity now less equity at the start of the trading day."""
        equity = self.equity()
        return None if equity is None or self.day is None else equity - self.day.equity

    def drawdown_pct(self) -> float | None:
        """Percent that equity is below its peak."""
        equity = self.equity()
        if equity is None or self.peak_equity is None or self.peak_equity <= 0:
            return None
        return max(0.0, (1 - equity / self.peak_equity) * 100)
