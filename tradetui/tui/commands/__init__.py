"""What the operator can do: one class per command. Keys, footer, palette and help are made from these classes alone."""

from tradetui.tui.commands.base import Command, Desk
from tradetui.tui.commands.registry import COMMANDS, command_named

__all__ = ["COMMANDS", "Command", "Desk", "command_named"]
