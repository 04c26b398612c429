"""Deterministic simulation: the core against a misbehaving broker, invariants after every step, replay by seed."""
