"""From the core's state to formatted strings and tones. No Textual here: what the screen says is tested without one."""
