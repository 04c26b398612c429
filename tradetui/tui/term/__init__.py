"""What goes to the terminal: only cells that changed, never more than it can take, and nothing once it is gone."""
