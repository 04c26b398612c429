"""The frame log: every frame of every connection on disk, readable, and playable to a gateway or to a client."""
