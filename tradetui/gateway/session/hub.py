"""What all sessions share: the venue, the market, the clock, the connected clients, and the routing between them.

Invariant: an event goes to its addressee in the order the venue told it; a client that is not there misses nothing it
cannot ask for after it comes back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol, assert_never

from tradetui.gateway.market.market import Market
from tradetui.gateway.session import order_out
from tradetui.gateway.session.account_feed import AccountFeed
from tradetui.gateway.session.agenda import Agenda
from tradetui.gateway.session.bar_board import BarBoard
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.depth_board import DepthBoard
from tradetui.gateway.session.faults import Faults
from tradetui.gateway.session.news_desk import Bulletins
from tradetui.gateway.session.print_board import PrintBoard
from tradetui.gateway.session.scanner import ScannerBoard
from tradetui.gateway.session.tick_board import TickBoard
from tradetui.gateway.venue.events import (
    AccountEvent,
    CommissionEvent,
    ErrorEvent,
    ExecutionEvent,
    OpenOrderEvent,
    OrderStatusEvent,
    PositionEvent,
    VenueEvent,
)
from tradetui.gateway.venue.venue import Venue
from tradetui.gateway.wire.replies_account import COMMISSION, EXECUTION, ORDER_STATUS
from tradetui.gateway.wire.reported_orders import OPEN_ORDER
from tradetui.gateway.wire.versions import DEFAULT_CAP

if TYPE_CHECKING:
    from tradetui.gateway.session.connection import Connection


class FrameSink(Protocol):
    """What wants to see every frame. A connection is named by the number that `opened` gave it."""

    def opened(self, connection: Connection) -> int:
        """A client connected; the sink watches its outbox from here on."""

    def came(self, link: int, connection: Connection, body: bytes) -> None:
        """A frame of a client has acted."""

    def closed(self, link: int, connection: Connection) -> None:
        """The connection is gone."""

    def commanded(self, line: bytes) -> None:
        """A command of the control channel is about to act."""

    def close(self) -> None:
        """Nothing more will come."""


class MarketClock(Protocol):
    """What the gateway needs of a clock."""

    def now_ns(self) -> int:
        """Market time, UTC nanoseconds; never goes backwards."""

    def delay_until(self, market_ns: int) -> float:
        """Wall seconds until market time reaches `market_ns`; 0 if it has."""

    @property
    def speed(self) -> float:
        """Market seconds per wall second."""

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on. Raises OperatorError for one that cannot be."""

    def jump_to(self, market_ns: int) -> None:
        """Go forward at once."""


class DataPermission(Enum):
    """What market data the account may see."""

    LIVE = "live"
    DELAYED = "delayed"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the gateway presents itself, and IB's limits; a limit of 0 is none.

    `max_messages` are requests per wall second and client. `history_pacing` enforces IB's rules for historical
    requests of small bars.
    """

    max_version: int = DEFAULT_CAP
    max_lines: int = 100
    max_tick_by_tick: int = 5
    max_summaries: int = 2
    max_depth: int = 3
    max_messages: int = 0
    history_pacing: bool = False
    read_only: bool = False
    data: DataPermission = DataPermission.LIVE
    white_branding: str = ""


@dataclass(slots=True, kw_only=True)
class Hub:
    """The shared side of the gateway. `reached_ns` is the market time up to which everything has been processed."""

    venue: Venue
    market: Market
    clock: MarketClock
    settings: Settings = field(default_factory=Settings)
    faults: Faults = field(default_factory=Faults)
    agenda: Agenda = field(default_factory=Agenda)
    clients: dict[int, ClientSession] = field(default_factory=dict)
    taken_ids: set[int] = field(default_factory=set)
    """Client ids that nobody uses and nobody may use: sessions that the gateway has not let go of."""
    frame_log: FrameSink | None = None
    skew_ns: int = 0
    """How far the time told to clients is from the market's."""
    reached_ns: int = 0
    catch_up: Callable[[], bool] = bool
    """Brings `reached_ns` to the clock's time; the pump installs it."""
    _untold: deque[VenueEvent] = field(default_factory=deque)
    _telling: bool = False
    ticks: TickBoard = field(init=False)
    prints: PrintBoard = field(init=False)
    bars: BarBoard = field(init=False)
    depth: DepthBoard = field(init=False)
    scanner: ScannerBoard = field(init=False)
    bulletins: Bulletins = field(default_factory=Bulletins)
    accounts: AccountFeed = field(init=False)

    def __post_init__(self) -> None:
        self.ticks = TickBoard(self.market)
        self.prints = PrintBoard()
        self.bars = BarBoard(self.market)
        self.depth = DepthBoard(self.venue)
        self.scanner = ScannerBoard(self.market)
        self.accounts = AccountFeed(self.venue, self.clients)
        self.reached_ns = max(self.reached_ns, self.market.start_ns)

    def now_ns(self) -> int:
        """Market time of everything processed so far: what venue and clients agree on."""
        return self.reached_ns

    @property
    def account(self) -> str:
        """The account meant by clients that name none."""
        return self.venue.accounts[0]

    @property
    def order_account(self) -> str:
        """The account of orders that name none; empty with several, where IB wants it named."""
        return self.account if len(self.venue.accounts) == 1 else ""

    def join(self, client: ClientSession, client_id: int) -> bool:
        """Register a client; False if its id is taken."""
        if client_id in self.clients or client_id in self.taken_ids:
            return False
        client.client_id = client_id
        self.clients[client_id] = client
        return True

    def con_id_of(self, client: ClientSession, request_id: int) -> int | None:
        """The instrument that a market data subscription of a client is about."""
        for board in (self.ticks, self.prints, self.bars, self.depth):
            con_id = board.con_id(client, request_id)
            if con_id is not None:
                return con_id
        return None

    def leave(self, client: ClientSession) -> None:
        """Forget a client and all its subscriptions; its orders stay at the venue."""
        if client.client_id is not None and self.clients.get(client.client_id) is client:
            del self.clients[client.client_id]
            if self.faults.departures:
                self.faults.left(client.client_id)
        self.ticks.drop(client)
        self.prints.drop(client)
        self.bars.drop(client)
        self.depth.drop(client)
        self.scanner.drop(client)
        self.bulletins.drop(client)

    def deliver(self, events: Sequence[VenueEvent]) -> None:
        """Route the venue's events to the clients they concern."""
        if self.faults.events:
            events = self.faults.told(events)
        self.tell(events)

    def tell(self, events: Sequence[VenueEvent]) -> None:
        """Route events past every fault; what that causes in turn is told after them."""
        self._untold.extend(events)
        if self._telling:
            return
        self._telling = True
        try:
            while self._untold:
                self._route(self._untold.popleft())
        finally:
            self._telling = False

    def _route(self, event: VenueEvent) -> None:
        if isinstance(event, PositionEvent):
            self.accounts.position_changed(event.row)
        elif isinstance(event, AccountEvent):
            self.accounts.account_changed(event.account)
        else:
            client = self.clients.get(event.client_id)
            if client is not None:
                _tell(client, event)
            if isinstance(event, ExecutionEvent):
                self.depth.refresh(event.execution.contract.con_id)


def _tell(
    client: ClientSession,
    event: OpenOrderEvent | OrderStatusEvent | ExecutionEvent | CommissionEvent | ErrorEvent,
) -> None:
    match event:
        case OpenOrderEvent():
            client.send(OPEN_ORDER, **order_out.open_order_values(event.order))
        case OrderStatusEvent():
            client.send(ORDER_STATUS, **order_out.order_status_values(event.order))
        case ExecutionEvent():
            client.send(EXECUTION, **order_out.execution_values(event.execution, -1, client.version))
        case CommissionEvent():
            client.send(COMMISSION, **order_out.commission_values(event.report))
        case ErrorEvent():
            client.error(event.order_id, event.code, event.text, event.reject_json)
        case _:
            assert_never(event)
