"""Stories that cost money at real brokers, each a file that a gateway plays to whoever trades on it."""
