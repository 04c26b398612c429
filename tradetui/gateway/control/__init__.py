"""The gateway's control channel: JSON lines on a loopback port, off unless asked for."""
