"""From a frame's fields to the handler of its request.

Invariant: nothing a client sends raises out of here: unreadable requests are answered with 320, unknown ids are logged.
"""

import logging
from typing import Final

from tradetui.gateway.session import (
    accounts,
    codes,
    depth,
    history,
    news,
    options,
    orders,
    past_ticks,
    prints,
    reference,
    refusals,
    scanner,
    summaries,
    ticks,
)
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.handlers import HandlerTable
from tradetui.gateway.session.pacing import MAX_BREACHES
from tradetui.gateway.wire.errors import FieldError
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.requests import REQUESTS

log = logging.getLogger("tradetui.gateway")

HANDLERS: Final[HandlerTable] = {
    **refusals.HANDLERS,
    **orders.HANDLERS,
    **accounts.HANDLERS,
    **reference.HANDLERS,
    **ticks.HANDLERS,
    **prints.HANDLERS,
    **history.HANDLERS,
    **past_ticks.HANDLERS,
    **summaries.HANDLERS,
    **depth.HANDLERS,
    **scanner.HANDLERS,
    **news.HANDLERS,
    **options.HANDLERS,
}


def dispatch(client: ClientSession, fields: list[str]) -> None:
    """Do one request of a client that is past startApi."""
    client.received += 1
    if not client.pace.admits(client.hub.settings.max_messages):
        _too_fast(client)
        return
    message = _known(fields)
    if message is None:
        log.warning("%s: unknown message id %r ignored", client.name, fields[0][:20] if fields else "")
        return
    try:
        request = message.decode(client.version, fields)
    except FieldError as error:
        log.warning("%s: %s", client.name, error)
        client.error(_named_id(message, fields), codes.READING, codes.unreadable(error.field, error.reason))
        return
    if client.hub.faults.requests and client.hub.faults.swallows(client, message, request):
        return
    perform(client, message, request)


def perform(client: ClientSession, message: Message, request: Record) -> None:
    """Let a request act, past every fault."""
    try:
        # A request means the market as it is now, not as it was at the last event.
        client.hub.catch_up()
        HANDLERS[message](client, request)
    except Exception:
        # A bug of the gateway must cost one request, not the session of every client.
        log.exception("%s: %s failed", client.name, message.name)
        identity = request.integer("reqId" if "reqId" in request else "orderId")
        client.error(identity, codes.PROCESSING, f"Error processing request: {message.name}")


def _too_fast(client: ClientSession) -> None:
    """A request beyond the limit is lost; a client that breaks it again and again is dropped."""
    client.error(None, codes.MAX_RATE, codes.MAX_RATE_TEXT)
    if client.pace.breaches > MAX_BREACHES:
        log.warning("%s: more than %d messages a second again; closing", client.name, client.hub.settings.max_messages)
        client.outbox.break_off(b"")


def _known(fields: list[str]) -> Message | None:
    try:
        return REQUESTS.get(int(fields[0]))
    except (IndexError, ValueError):
        return None


def _named_id(message: Message, fields: list[str]) -> int:
    """The request or order id of a request that could not be read, as far as it can be told; else -1."""
    for at, node in enumerate(message.nodes[:2], start=1):
        if getattr(node, "name", "") in ("reqId", "orderId") and at < len(fields):
            text = fields[at]
            return int(text) if text.lstrip("-").isdecimal() and len(text) < 11 else -1
    return -1
