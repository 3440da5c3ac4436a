"""The socket that clients connect to."""

import socket

import pytest

from router.errors import CannotListen
from router.serving.listener import listen


def test_a_client_is_accepted_from_the_start() -> None:
    """Port 0 is any free one; the connection waits in the queue until somebody serves."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=5) as client:
        assert client.getpeername() == listener.getsockname()


def test_a_taken_address_is_told_with_its_reason() -> None:
    """The operator reads which address, and why."""
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(CannotListen, match=rf"127\.0\.0\.1:{port}: Address already in use"):
            listen("127.0.0.1", port)
