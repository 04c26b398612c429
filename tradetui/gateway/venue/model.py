"""The venue's vocabulary: contracts, orders, executions and account rows as immutable values.

Everything a client can be told is one of these values, so an event that was handed out can never change
afterwards. `None` means "not set / not known"; the wire layer alone knows IB's sentinels (1.79E308, 2147483647).
Prices and money are USD floats rounded to a millionth (the venue's own arithmetic is integer micro-dollars);
quantities are shares, contracts or coins; times are int64 UTC nanoseconds of market time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tradetui.gateway.venue.condition import Condition

#: Tag/value pairs that a client sent, that the venue does not interpret, and that openOrder must echo.
Echo = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """An instrument as clients name it. `con_id` is the key everywhere inside the gateway."""

    con_id: int
    symbol: str
    sec_type: str = "STK"
    last_trade_date: str = ""
    strike: float = 0.0
    right: str = ""
    multiplier: str = ""
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    local_symbol: str = ""
    trading_class: str = ""

    @classmethod
    def numbered(cls, con_id: int) -> Contract:
        """The question for the instrument with this number, whatever it is."""
        return cls(con_id=con_id, symbol="", sec_type="", exchange="", currency="")

    @classmethod
    def called(cls, local_symbol: str) -> Contract:
        """The question for the instrument with this local symbol, whatever it is."""
        return cls(con_id=0, symbol="", sec_type="", exchange="", currency="", local_symbol=local_symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetails:
    """What contractDetails (message 10) tells, and the tick, lot and multiplier rules the venue enforces.

    `price_increments` are (low edge, increment) where the increment depends on the price, else empty for `min_tick`.
    `expires_ns` is when the last trading session of a derivative ends and it is settled, UTC ns.
    """

    contract: Contract
    market_name: str
    long_name: str
    min_tick: float = 0.01
    order_types: str = (
        "ACTIVETIM,AD,ADJUST,AON,COND,CONDORDER,DAY,FOK,GAT,GTC,GTD,HID,IOC,LIT,LMT,LOC,MIDPX,MIT,MKT,MOC,OCA,OPG,REL,"
        "STP,STPLMT,TRAIL,TRAILLMT,WHATIF"
    )
    valid_exchanges: str = "SMART,ARCA,NASDAQ,NYSE,BATS,IEX"
    price_magnifier: int = 1
    under_con_id: int = 0
    contract_month: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    time_zone_id: str = "US/Eastern"
    trading_hours: str = ""
    liquid_hours: str = ""
    agg_group: int = 1
    sec_ids: tuple[tuple[str, str], ...] = ()
    market_rule_ids: str = "26,26,26,26,26,26"
    real_expiration_date: str = ""
    stock_type: str = ""
    min_size: float = 1.0
    size_increment: float = 1.0
    suggested_size_increment: float = 100.0
    price_increments: tuple[tuple[float, float], ...] = ()
    expires_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """A placeOrder as the client sent it, defaults filled in (tif 'DAY', account of the client).

    Strings keep IB's spelling (action BUY/SELL/SSHORT, order_type 'MKT', 'LMT', 'STP', 'STP LMT', ...) because an
    unknown one must be refused by the venue with IB's code, not by the parser. `good_till` and `good_after` are ns.
    """

    contract: Contract
    action: str
    quantity: float
    order_type: str
    limit_price: float | None = None
    aux_price: float | None = None
    tif: str = "DAY"
    account: str = ""
    order_ref: str = ""
    parent_id: int = 0
    transmit: bool = True
    oca_group: str = ""
    oca_type: int = 0
    outside_rth: bool = False
    good_till: int | None = None
    good_after: int | None = None
    good_till_text: str = ""
    good_after_text: str = ""
    what_if: bool = False
    hidden: bool = False
    all_or_none: bool = False
    min_quantity: int | None = None
    display_size: int | None = None
    trigger_method: int = 0
    open_close: str = "O"
    trail_stop_price: float | None = None
    trailing_percent: float | None = None
    limit_offset: float | None = None
    percent_offset: float | None = None
    conditions: tuple[Condition, ...] = ()
    conditions_ignore_rth: bool = False
    conditions_cancel: bool = False
    echo: Echo = ()


class OrderStatus(Enum):
    """IB's order states, spelled as on the wire."""

    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"

    @property
    def is_done(self) -> bool:
        """True when the order can never trade again."""
        return self in (OrderStatus.CANCELLED, OrderStatus.FILLED, OrderStatus.INACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginImpact:
    """What-if numbers of one order, USD: before, change, after; commission as the venue will charge it."""

    init_margin_before: float
    maint_margin_before: float
    equity_with_loan_before: float
    init_margin_change: float
    maint_margin_change: float
    equity_with_loan_change: float
    init_margin_after: float
    maint_margin_after: float
    equity_with_loan_after: float
    commission: float
    warning_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueOrder:
    """One order at one moment. (client_id, order_id) names it for its owner, perm_id for everybody.

    A manual order has client_id 0 and order_id 0 (or a negative bound id). `commission` is None until charged.
    `completed_ns`/`completed_text` are set once the order is done.
    """

    client_id: int
    order_id: int
    perm_id: int
    parent_perm_id: int
    request: OrderRequest
    status: OrderStatus
    filled: float
    remaining: float
    avg_fill_price: float
    last_fill_price: float
    why_held: str = ""
    commission: float | None = None
    commission_currency: str = "USD"
    warning_text: str = ""
    margin: MarginImpact | None = None
    placed_ns: int = 0
    completed_ns: int | None = None
    completed_text: str = ""


class Liquidity(Enum):
    """IB's last-liquidity flag of an execution."""

    ADDED = 1
    REMOVED = 2
    ROUTED_OUT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One fill. `exec_id` like 0000e0d5.69dd7411.01.01 (last part: revision); side is 'BOT' or 'SLD'."""

    exec_id: str
    time_ns: int
    account: str
    exchange: str
    side: str
    shares: float
    price: float
    perm_id: int
    client_id: int
    order_id: int
    cum_qty: float
    avg_price: float
    order_ref: str
    liquidity: Liquidity
    contract: Contract
    liquidation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionReport:
    """The charge for one execution. `realized_pnl` is None for a fill that closes nothing."""

    exec_id: str
    commission: float
    currency: str
    realized_pnl: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """One holding, for position (61), portfolioValue (7) and pnlSingle (95). Signed; avg_cost is per
    unit times multiplier and includes commissions. Money is None while no price was ever seen."""

    account: str
    contract: Contract
    quantity: float
    avg_cost: float
    market_price: float | None
    market_value: float | None
    unrealized_pnl: float | None
    realized_pnl: float
    daily_pnl: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyLedger:
    """What an account has in one currency, in that currency; `rate` is its price in the base currency.

    `cash` is without `futures_pnl`, the futures' profit of the day that is not settled yet.
    """

    currency: str
    rate: float
    cash: float
    stock_value: float = 0.0
    option_value: float = 0.0
    crypto_value: float = 0.0
    futures_pnl: float = 0.0
    accrued_dividend: float = 0.0
    realized_pnl: float = 0.0
    unrealized_pnl: float = 0.0

    @property
    def net_liquidation(self) -> float:
        """Everything of it together."""
        held = self.stock_value + self.option_value + self.crypto_value
        return self.cash + self.futures_pnl + held + self.accrued_dividend


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountValues:
    """The numbers of one account in its base currency (USD); every ratio and IB tag derives from these.

    `cash` is all currencies' cash with the futures' unsettled profit; `stock_market_value` counts stocks only.
    `ledgers` has one row per currency, the base currency first.
    """

    account: str
    currency: str
    cash: float
    stock_market_value: float
    gross_position_value: float
    net_liquidation: float
    equity_with_loan: float
    init_margin: float
    maint_margin: float
    available_funds: float
    excess_liquidity: float
    buying_power: float
    realized_pnl: float
    unrealized_pnl: float
    daily_pnl: float
    accrued_dividend: float
    ledgers: tuple[CurrencyLedger, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One IB account value line: updateAccountValue (6) or accountSummary (63)."""

    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionFilter:
    """reqExecutions filter; None or '' matches everything. `since_ns` is inclusive; side is 'BUY' or 'SELL'."""

    client_id: int | None = None
    account: str = ""
    since_ns: int | None = None
    symbol: str = ""
    sec_type: str = ""
    exchange: str = ""
    side: str = ""
