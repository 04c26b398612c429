"""Planted bugs: one-line mutants of the core, each of which the simulation must find."""
