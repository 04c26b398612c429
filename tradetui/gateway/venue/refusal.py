"""IB's error codes and texts for orders, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.gateway.venue.events import ErrorEvent


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not carried out: IB's code and text."""

    code: int
    text: str

    def event(self, client_id: int, order_id: int) -> ErrorEvent:
        """The error message to the client that asked."""
        return ErrorEvent(client_id, order_id, self.code, self.text)


DUPLICATE_ID = Refusal(103, "Duplicate order id")
MODIFY_FILLED = Refusal(104, "Can't modify a filled order.")
MODIFY_MISMATCH = Refusal(105, "Order being modified does not match original order.")
PRICE_VARIATION = Refusal(110, "The price does not conform to the minimum price variation for this contract.")
TIF_INCOMPATIBLE = Refusal(111, "The TIF (Tif type) and the order type are incompatible.")
NO_DEFINITION = Refusal(200, "No security definition has been found for the request")
CANCELED = Refusal(202, "Order Canceled - reason:")
EXPIRED = Refusal(202, "Order Canceled - reason:The contract has expired.")
CORPORATE_ACTION = Refusal(202, "Order Canceled - reason:Corporate action")
MARGIN_CANCELLED = Refusal(202, "Order Canceled - reason:Insufficient margin; the account is being liquidated.")
LOCATING = Refusal(
    404,
    "Shares for this order are not immediately available for short sale. The order will be held while we attempt to "
    "locate the shares.",
)
NO_TRADING = Refusal(201, "Order rejected - reason:This instrument cannot be traded.")
NO_SHORT = Refusal(201, "Order rejected - reason:This instrument cannot be sold short.")
GTD_INVALID = Refusal(334, "Invalid Good Till Date order")
TYPE_UNSUPPORTED = Refusal(387, "Unsupported order type for this exchange and security type.")
ZERO_SIZE = Refusal(434, "The order size cannot be zero.")
NO_ACCOUNT = Refusal(435, "You must specify an account.")
FRACTIONAL = Refusal(
    10243, "Fractional-sized order cannot be placed via API. Please use desktop version of TWS to place this order."
)
OCA_REVISION = Refusal(10326, "OCA group revision is not allowed.")
OUTSIDE_RTH_IGNORED = Refusal(
    2109,
    "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and "
    "destination. PlaceOrder is now being processed.",
)


def invalid_request(cause: str) -> Refusal:
    """321: the server side refused to parse the request."""
    return Refusal(321, f"Error validating request.-'bO' : cause - {cause}")


def processing(cause: str) -> Refusal:
    """322: the request was understood and cannot be done."""
    return Refusal(322, f"Error processing request.-'bS' : cause - {cause}")


def rejected(reason: str) -> Refusal:
    """201 with IB's prefix."""
    return Refusal(201, f"Order rejected - reason:{reason}")


PAST_CUTOFF = rejected("The time is past the cut-off of the closing auction.")


def margin_rejected(equity: float, needed: float, currency: str) -> Refusal:
    """201: the account cannot carry the position."""
    return rejected(
        "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE "
        f"[{equity:.2f} {currency}] MUST EXCEED THE INITIAL MARGIN [{needed:.2f} {currency}]"
    )


def unknown_parent(order_id: int) -> Refusal:
    """135: the parent was never seen or is gone."""
    return Refusal(135, f"Can't find order with ID ={order_id}")


def invalid_tif(tif: str) -> Refusal:
    """10052: a time in force IB does not know."""
    return Refusal(10052, f"Invalid time in force:{tif}")


def cancel_unknown(order_id: int) -> Refusal:
    """10147: nothing to cancel under this id."""
    return Refusal(10147, f"OrderId {order_id} that needs to be cancelled is not found.")


def cancel_done(order_id: int, state: str) -> Refusal:
    """10148: too late to cancel."""
    return Refusal(10148, f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {state}.")


def held_until_open(line: str, opens: str) -> Refusal:
    """399: a notice; the order lives and waits for the exchange to open."""
    return Refusal(
        399, f"Order Message:\n{line}\nWarning: your order will not be placed at the exchange until {opens} US/Eastern"
    )
