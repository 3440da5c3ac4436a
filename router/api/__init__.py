"""What clients see: bytes in, bytes out. The hot path is one raw ASGI callable, FastAPI serves the rest."""
