"""Nouns and rules of the trade, pure: no I/O, no clock, no randomness, standard library only."""
