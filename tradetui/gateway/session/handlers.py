"""The type of a request handler and of a table of handlers."""

from collections.abc import Callable

from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record

Handler = Callable[[ClientSession, Record], None]
"""Does one request. Errors of the request go to the client as messages; exceptions are bugs of the gateway."""
HandlerTable = dict[Message, Handler]


def request_id(request: Record) -> int:
    """The request's id; -1 when the client left it empty."""
    identity = request.integer("reqId")
    return -1 if identity is None else identity
