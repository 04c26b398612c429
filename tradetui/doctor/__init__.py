"""Checks of a machine, an installation and the way to the broker, before money depends on them; `tradetui doctor`."""
