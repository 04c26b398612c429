"""The asyncio shell of the core: everything with a clock, a socket, a file or a process in it."""
