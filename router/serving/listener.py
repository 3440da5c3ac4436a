"""The socket that clients connect to."""

import socket

from router.errors import CannotListen

BACKLOG = 2048
"""Connections that wait to be accepted."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; CannotListen where the address is taken or not ours."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)  # from the banner on, nobody is refused
    except OSError as error:
        if listener is not None:
            listener.close()
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror or error}") from None
    return listener
