"""Widgets that paint lines of toned text. None holds the core's state, and none talks to the core."""
