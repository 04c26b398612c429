"""Strategies that drills run."""
