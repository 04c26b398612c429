"""Throws random and mutated frames at real client sessions of a real gateway, in one process and without sockets."""
