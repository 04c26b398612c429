"""The one error tree. A class says whose fault it is, its docstring what the system does next.

TradetuiError
├── OperatorError       bad input or a refused command; the operator mends it
├── StrategyError       user code failed; the strategy is stopped, trading goes on
├── BrokerError         the other side of the socket
│   ├── NotConnected    nothing was written to the socket
│   ├── BrokerTimeout   no complete answer in time: the result is unknown, never "empty"
│   └── BrokerRefused   the broker answered with an error code
├── StoreError          the journal cannot be written or read; no entry is sent
└── InternalError       a bug of ours; halt and alert
    ├── IllegalTransition
    └── InvariantBreach
"""


class TradetuiError(Exception):
    """Base of every error this program raises on purpose."""


class OperatorError(TradetuiError):
    """Bad input or a refused command: shown as one line, nothing is changed."""


class StrategyError(TradetuiError):
    """A strategy failed or broke its contract: its bar gives no order; three in a row stop it."""


class BrokerError(TradetuiError):
    """The broker or the way to it failed: entries are blocked until the next full sync."""


class NotConnected(BrokerError):
    """There is no session, so nothing was written: the order is safe to give up."""


class BrokerTimeout(BrokerError):
    """The end marker of an answer did not come in time: treat the answer as unknown."""


class BrokerRefused(BrokerError):
    """The broker answered a request with an error code; `code` is IB's number."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


class StoreError(TradetuiError):
    """The journal could not be read or written: no new exposure until it can, exits still go."""


class InternalError(TradetuiError):
    """A bug: the core halts new exposure and alerts."""


class IllegalTransition(InternalError):
    """An order was asked to move in a way the table does not hold; nothing was changed."""


class InvariantBreach(InternalError):
    """A promise that must always hold does not: halt and alert."""
