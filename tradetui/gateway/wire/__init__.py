"""The TWS wire protocol: framing, version gates, and one declarative table per message. Pure: bytes in, records out."""
