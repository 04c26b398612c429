"""The local socket between the core and everything a person uses: messages, codec, client. Standard library only."""
