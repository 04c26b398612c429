"""What can be wrong with bytes on the wire, split by what the receiver must do about it.

A `FrameError` ends the connection (the stream can no longer be cut into messages); a `FieldError` spoils one message.
"""


class WireError(Exception):
    """Any violation of the wire protocol."""


class FrameError(WireError):
    """The byte stream cannot be cut into frames any more: the connection must close."""


class FieldError(WireError):
    """One field of one message cannot be read or written; the connection may go on."""

    def __init__(self, message: str, field: str, reason: str) -> None:
        super().__init__(f"{message}: field {field!r} {reason}")
        self.message = message
        self.field = field
        self.reason = reason
