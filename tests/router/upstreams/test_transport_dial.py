"""Addresses out of URLs, names looked up once, connections by name."""

import asyncio
import socket
import ssl

import pytest

from router.upstreams.transport_dial import Address, Dialler, address_of


@pytest.mark.parametrize(
    ("url", "address", "host", "path"),
    [
        ("http://a.example/v1/x", Address("a.example", 80, False), b"a.example", b"/v1/x"),
        ("https://A.example:443/v1?k=1", Address("a.example", 443, True), b"a.example", b"/v1?k=1"),
        ("https://a.example:8443", Address("a.example", 8443, True), b"a.example:8443", b"/"),
        ("http://[::1]:9/x", Address("::1", 9, False), b"[::1]:9", b"/x"),
        ("http://bücher.example/x", Address("xn--bcher-kva.example", 80, False), b"xn--bcher-kva.example", b"/x"),
    ],
)
def test_reads_an_address(url, address, host, path):
    """Host, port, TLS, what the Host header says and what is asked for."""
    assert address_of(url) == (address, host, path)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "http://user:pass@a.example/",
        "http:///x",
        "http://a b/x",
        "http://a.example/a b",
        "http://a.example/ä",
        "http://a.example:99999/",
    ],
)
def test_refuses_an_address(url):
    """What cannot be written into a request is not sent."""
    with pytest.raises(ValueError, match=r"host|http|port|Port"):
        address_of(url)


class Peer(asyncio.Protocol):
    """A protocol that only connects."""

    def connection_made(self, transport) -> None:
        self.transport = transport


async def test_connects_by_name_and_by_literal():
    """A name is looked up, a literal is not."""
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        dialler = Dialler(None)
        for host in ("localhost", "127.0.0.1"):
            peer = await dialler.dial(Address(host, port, False), Peer)
            assert peer.transport.get_extra_info("peername")[:2] == ("127.0.0.1", port)
            peer.transport.abort()
        dialler.close()


async def test_a_name_without_an_address_is_told_so():
    """It is the resolver's own error."""
    dialler = Dialler(None)
    with pytest.raises(socket.gaierror):
        await dialler.dial(Address("gone.invalid", 80, False), Peer)
    dialler.close()


async def test_a_caller_that_leaves_does_not_end_a_look_up():
    """Two wait for one look-up; the first leaves, the second is connected."""
    async with await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0) as server:
        address = Address("localhost", server.sockets[0].getsockname()[1], False)
        dialler = Dialler(None)
        first, second = (asyncio.create_task(dialler.dial(address, Peer)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        peer = await second
        peer.transport.abort()
        with pytest.raises(asyncio.CancelledError):
            await first
        dialler.close()


async def test_tls_that_is_none_leaves_no_socket_behind():
    """A plain server behind an https address is an error of TLS (pytest turns a forgotten socket into a failure)."""

    async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello, this is no TLS\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        dialler = Dialler(ssl.create_default_context())
        with pytest.raises(ssl.SSLError):
            await dialler.dial(Address("localhost", server.sockets[0].getsockname()[1], True), Peer)
        dialler.close()
