"""The strategy contract.

    from tradetui.strategy.api import Context, Strategy, register
    from tradetui.strategy.indicators import SMA

    @register("my_cross")
    class MyCross(Strategy):
        fast: int = 20
        slow: int = 50
        qty: float = 100

        def setup(self) -> None:
            self.fast_sma = self.use(SMA(self.fast))
            self.slow_sma = self.use(SMA(self.slow))

        def on_bar(self, bar: Bar, ctx: Context) -> None:
            ...ctx.buy(self.qty, reason="...")

One instance serves one symbol. It sees closed bars only, in time order, each once. It never holds the truth about its
position: it asks the context, which is told by the ledger. Fields annotated on the class are its parameters.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import ClassVar, TypeVar, get_type_hints

from tradetui.domain.bar import Bar
from tradetui.domain.errors import OperatorError
from tradetui.domain.order import OrderType, Side, Signal, TimeInForce
from tradetui.strategy.indicator import Indicator

ParamValue = int | float | str | bool
IndicatorT = TypeVar("IndicatorT", bound=Indicator)


@dataclass(slots=True)
class Context:
    """What a strategy may know and want at one closed bar.

    `position` is its own signed quantity from fills, `working` tells that an order of its is not finished, `equity` is
    the account's (None when unknown). The order methods only note a wish; the risk gate decides.
    """

    symbol: str
    position: float = 0.0
    avg_cost: float = 0.0
    working: bool = False
    equity: float | None = None
    signals: list[Signal] = field(default_factory=list)

    def buy(
        self,
        qty: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        leg: str = "main",
        reason: str = "",
        stop_loss: float | None = None,
        take_profit: float | None = None,
    ) -> None:
        """Want to buy `qty` units: at market, or with a limit and/or stop price.

        What an entry fills is protected at the broker by a stop order at `stop_loss` and a limit order at
        `take_profit`, of which one ends the other.
        """
        self._want(Side.BUY, qty, limit, stop, tif, leg, reason, stop_loss, take_profit)

    def sell(
        self,
        qty: float,
        *,
        limit: float | None = None,
        stop: float | None = None,
        tif: TimeInForce = TimeInForce.DAY,
        leg: str = "main",
        reason: str = "",
        stop_loss: float | None = None,
        take_profit: float | None = None,
    ) -> None:
        """Want to sell `qty` units: at market, or with a limit and/or stop price; protection as for `buy`."""
        self._want(Side.SELL, qty, limit, stop, tif, leg, reason, stop_loss, take_profit)

    def close(self, *, limit: float | None = None, reason: str = "") -> None:
        """Want the whole position closed; nothing when flat."""
        if self.position:
            side = Side.SELL if self.position > 0 else Side.BUY
            self._want(side, abs(self.position), limit, None, TimeInForce.DAY, "main", reason)

    def protect(self, stop: float, *, target: float | None = None, reason: str = "") -> None:
        """Want the position protected by a stop order at `stop`, in place of the protection it has; nothing when flat.

        The orders it has are cancelled, and the new ones sent when the broker has confirmed that, so that two stops
        never both close. Asking for what is there already does nothing.
        """
        if self.position:
            side = Side.SELL if self.position > 0 else Side.BUY
            self._want(
                side, abs(self.position), None, stop, TimeInForce.GTC, "protect", reason, None, target, protects=True
            )

    def _want(
        self,
        side: Side,
        qty: float,
        limit: float | None,
        stop: float | None,
        tif: TimeInForce,
        leg: str,
        reason: str,
        stop_loss: float | None = None,
        take_profit: float | None = None,
        *,
        protects: bool = False,
    ) -> None:
        self.signals.append(
            Signal(
                symbol=self.symbol,
                side=side,
                qty=qty,
                order_type=_type_of(limit, stop),
                limit_price=limit,
                stop_price=stop,
                tif=tif,
                leg=leg,
                reason=reason,
                stop_loss=stop_loss,
                take_profit=take_profit,
                protects=protects,
            )
        )


def _type_of(limit: float | None, stop: float | None) -> OrderType:
    if stop is None:
        return OrderType.MARKET if limit is None else OrderType.LIMIT
    return OrderType.STOP if limit is None else OrderType.STOP_LIMIT


class Strategy(ABC):
    """Base of every strategy; one instance per symbol. Subclasses annotate their parameters with defaults."""

    #: Registered name, set by `register`.
    name: ClassVar[str] = ""

    def __init__(self, symbol: str, params: Mapping[str, ParamValue] | None = None) -> None:
        self.symbol = symbol
        self._indicators: list[Indicator] = []
        for key, value in checked_params(type(self), params or {}).items():
            setattr(self, key, value)
        self.setup()

    def setup(self) -> None:  # noqa: B027 - an empty default is the contract: indicators are optional
        """Declare indicators with `use`; parameters are set already."""

    def use(self, indicator: IndicatorT) -> IndicatorT:
        """Register an indicator: it is updated with every bar before `on_bar` sees the bar."""
        self._indicators.append(indicator)
        return indicator

    @property
    def indicators(self) -> tuple[Indicator, ...]:
        """Registered indicators in order."""
        return tuple(self._indicators)

    @property
    def warmup_bars(self) -> int:
        """Number of bars needed before a decision makes sense."""
        return max((indicator.warmup for indicator in self._indicators), default=0)

    @property
    def is_warm(self) -> bool:
        """Whether every indicator has a value."""
        return all(indicator.value is not None for indicator in self._indicators)

    def update(self, bar: Bar) -> None:
        """Feed the indicators; called by the runner once per bar, before `on_bar`."""
        for indicator in self._indicators:
            indicator.update(bar)

    @abstractmethod
    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Decide at a closed bar; called only when warm. Orders are wished for through `ctx`."""


StrategyT = TypeVar("StrategyT", bound=type[Strategy])
_REGISTRY: dict[str, type[Strategy]] = {}


def register(name: str) -> Callable[[StrategyT], StrategyT]:
    """Class decorator that makes a strategy known as `name`.

    Raises:
        OperatorError: another class of another file has the name already.
    """

    def decorate(cls: StrategyT) -> StrategyT:
        known = _REGISTRY.get(name)
        if known is not None and inspect.getsourcefile(known) != inspect.getsourcefile(cls):
            raise OperatorError(f"strategy name {name!r} is used by {known.__module__}; choose another name")
        cls.name = name
        _REGISTRY[name] = cls
        return cls

    return decorate


def registered() -> dict[str, type[Strategy]]:
    """Return the registered strategies by name, sorted."""
    return dict(sorted(_REGISTRY.items()))


def parameters(cls: type[Strategy]) -> dict[str, ParamValue]:
    """Return the parameters of a strategy class with their defaults, of the type they are annotated with."""
    found: dict[str, ParamValue] = {}
    for name, hint in get_type_hints(cls).items():
        default = getattr(cls, name, None)
        if name.startswith("_") or name in ("name", "symbol") or not isinstance(default, int | float | str | bool):
            continue
        # `qty: float = 10` is a float, whatever its default is written like.
        found[name] = float(default) if hint is float and not isinstance(default, bool | str) else default
    return found


def parse_param(cls: type[Strategy], name: str, text: str) -> ParamValue:
    """Return the value that `text` means for parameter `name`, by the type of its default.

    Raises:
        OperatorError: there is no such parameter, or the text does not fit.
    """
    default = checked_params(cls, {}).get(name)
    if default is None:
        checked_params(cls, {name: text})
    words = {"true": True, "false": False}
    try:
        if isinstance(default, bool):
            return words[text.lower()]
        return int(text) if isinstance(default, int) else float(text) if isinstance(default, float) else text
    except (ValueError, KeyError):
        wanted = "true or false" if isinstance(default, bool) else f"of type {type(default).__name__}"
        label = cls.name or cls.__name__
        raise OperatorError(f"strategy {label}: parameter {name} is {text!r}, it must be {wanted}") from None


def checked_params(cls: type[Strategy], given: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    """Return all parameters with the given ones in place of defaults.

    Raises:
        OperatorError: a name is unknown (the nearest one is named) or a value has the wrong type.
    """
    known = parameters(cls)
    label = cls.name or cls.__name__
    for key, value in given.items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {', '.join(known) or 'none'}"
            raise OperatorError(f"strategy {label}: no parameter {key!r}{hint}")
        wanted = type(known[key])
        fits = isinstance(value, wanted) and isinstance(value, bool) == (wanted is bool)
        if not fits and not (wanted is float and isinstance(value, int) and not isinstance(value, bool)):
            raise OperatorError(f"strategy {label}: parameter {key} is {value!r}, it must be of type {wanted.__name__}")
        known[key] = float(value) if wanted is float else value
    return known
