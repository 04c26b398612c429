"""The way to the broker: `port` is what the rest of the program sees, `ib` the one connector behind it."""
