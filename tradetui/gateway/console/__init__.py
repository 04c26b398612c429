"""The gateway's live console on a terminal: what it shows, what its keys do."""
