"""Ways to reach the operator: a channel puts one question to a carrier and returns its answer as an event."""
