"""Drills: what an operator must be able to rely on, done for real on a paper gateway of its own, with evidence."""
