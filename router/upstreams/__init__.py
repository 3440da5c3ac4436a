"""The way out: the transport, its credentials."""
