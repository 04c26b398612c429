"""IB's error codes and the texts that go with them, as the gateway sends them.

Invariant: clients match on code and text, so both live here and nowhere else.
"""

from typing import Final

MAX_TICKERS: Final = 101
NO_SCAN_ITEMS: Final = 165
QUERY_FAILED: Final = 162
CANNOT_CANCEL: Final = 161
NO_DEFINITION: Final = 200
NO_TICKER: Final = 300
DUPLICATE_TICKER: Final = 322
READING: Final = 320
MAX_RATE: Final = 100
VALIDATING: Final = 321
MAX_DEPTH: Final = 309
NO_DEPTH: Final = 310
PROCESSING: Final = 322
IN_USE: Final = 326
NO_SUBSCRIPTION: Final = 354
NO_HISTORY_QUERY: Final = 366
BAD_TIME: Final = 391
NO_FUNDAMENTALS: Final = 430
DELAYED_SHOWN: Final = 10167
NO_DATA_AT_ALL: Final = 10168
NO_ARTICLE: Final = 10172
NO_HISTORICAL_TICKS: Final = 10187
TICK_BY_TICK_LIMIT: Final = 10190
NO_WSH: Final = 10276

NO_DEFINITION_TEXT: Final = "No security definition has been found for the request"
NO_SUBSCRIPTION_TEXT: Final = (
    "Requested market data is not subscribed. Check API status by selecting the Account menu then under Management"
    " choose Market Data Subscription Manager and/or availability of delayed data. Delayed market data is available."
)
DELAYED_SHOWN_TEXT: Final = "Requested market data is not subscribed. Displaying delayed market data."
NO_DATA_AT_ALL_TEXT: Final = "Requested market data is not subscribed. Delayed market data is not enabled."
IN_USE_TEXT: Final = "Unable to connect as the client id is already in use. Retry with a unique client id."
MAX_RATE_TEXT: Final = "Max rate of messages per second has been exceeded"
READ_ONLY_CAUSE: Final = "The API interface is currently in Read-Only mode."
PACING_TEXT: Final = "Historical Market Data Service error message:Historical data request pacing violation"
OPEN_HISTORY_CAUSE: Final = "Only 50 simultaneous API historical data requests allowed."
DUPLICATE_TEXT: Final = "Duplicate ticker id"
MAX_TICKERS_TEXT: Final = "Max number of tickers has been reached"
BAD_TIME_TEXT: Final = "The time or time-zone entered is invalid. The correct format is hh:mm:ss xxx"
NO_SCAN_ITEMS_TEXT: Final = "Historical Market Data Service query message:no items retrieved"
HISTORY_PREFIX: Final = "Historical Market Data Service error message:"

FARMS: Final = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


def ambiguous(symbol: str) -> str:
    """Text of error 200 when several instruments match."""
    return f"The contract description specified for {symbol} is ambiguous."


def invalid(cause: str) -> str:
    """Text of error 321."""
    return f"Error validating request.-'bF' : cause - {cause}"


def unreadable(field: str, reason: str) -> str:
    """Text of error 320."""
    return f"Error reading request. Unable to parse field: '{field}' {reason}"


def no_data(symbol: str, exchange: str, what: str) -> str:
    """Text of error 162 when a historical query finds nothing."""
    return f"{HISTORY_PREFIX}HMDS query returned no data: {symbol}@{exchange} {what.capitalize()}"


def processing(cause: str) -> str:
    """Text of error 322."""
    return f"Error processing request.-'bS' : cause - {cause}"
