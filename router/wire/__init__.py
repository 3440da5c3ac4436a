"""Formats, sans-I/O: bytes in, values out, and back. Nothing here opens a socket or reads a clock."""
