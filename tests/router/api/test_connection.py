"""A connection: bodies whichever way they are written, back-pressure, requests in a row, and its end."""

import asyncio
import functools
import types

import httpx2
import pytest
from uvicorn.config import Config

from router.api.client import direct_of
from router.api.connection import Connection, Connections, LingeringTransport
from tests.fakes.proxy import serving


class Transport:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def close(self) -> None:
        self.told.append("closed")

    def abort(self) -> None:
        self.told.append("aborted")

    def is_closing(self) -> bool:
        return "closed" in self.told

    def get_extra_info(self, name: str) -> str:
        return f"{name} of the transport"


async def test_a_closed_connection_lingers_for_a_while_only() -> None:
    """Who does not read what was written is cut off, unless the connection ended before."""
    gone, kept = Transport(), Transport()
    loop = asyncio.get_running_loop()
    loop_of = types.SimpleNamespace(call_later=lambda _delay, then: loop.call_soon(then))
    LingeringTransport(gone, loop_of).close()
    ended = LingeringTransport(kept, loop_of)
    ended.close()
    ended.lost()
    await asyncio.sleep(0)

    assert gone.told == ["closed", "aborted"]
    assert kept.told == ["closed"]


async def test_everything_else_is_the_transports() -> None:
    """What is not the end goes straight through."""
    lingering = LingeringTransport(Transport(), asyncio.get_running_loop())

    assert lingering.get_extra_info("peername") == "peername of the transport"
    assert not lingering.is_closing()


def alive(serve):
    """Return an ASGI app that answers the server's lifespan and leaves each request to `serve`."""

    @functools.wraps(serve)
    async def app(scope, receive, send) -> None:
        if scope["type"] == "http":
            await serve(scope, receive, send)
            return
        for word in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{word}.complete"})

    return app


async def test_parts_are_pushed_past_the_messages_of_asgi() -> None:
    """A streamed body whose parts went either way arrives whole; nothing is pushed before its head or after its end."""
    told: list[bool] = []

    @alive
    async def app(scope, _receive, send) -> None:
        push = direct_of(scope).push
        told.append(push(b"too early"))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        told.append(push(b"one "))
        await send({"type": "http.response.body", "body": b"two ", "more_body": True})
        told.append(push(b"three"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        told.append(push(b"too late"))

    async with serving(app) as port, httpx2.AsyncClient() as client:
        answers = [(await client.get(f"http://127.0.0.1:{port}/")).text for _ in range(2)]

    assert answers == ["one two three"] * 2
    assert told == [False, True, True, False] * 2


async def test_nothing_is_pushed_into_a_body_of_known_length() -> None:
    """Only a chunked body has room for one part more."""
    told: list[bool] = []

    @alive
    async def app(scope, _receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        told.append(direct_of(scope).push(b"no"))
        await send({"type": "http.response.body", "body": b"ok", "more_body": False})

    async with serving(app) as port, httpx2.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).text == "ok"
    assert told == [False]


async def test_a_client_that_does_not_read_is_not_pushed_to() -> None:
    """Once what was written waits, a push is refused, so that whoever streams waits as well."""
    refused = asyncio.Event()

    @alive
    async def app(scope, _receive, send) -> None:
        push = direct_of(scope).push
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(1000):
            if not push(b"x" * 65_536):
                refused.set()
                return
            await asyncio.sleep(0)

    async with serving(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        async with asyncio.timeout(5):
            await refused.wait()
        writer.close()


async def spoken(port: int, data: bytes) -> bytes:
    """Return everything that a connection answers to `data` until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(10):
        told = await reader.read()
    writer.close()
    return told


def asked(path: str, *headers: str, version: str = "1.1") -> bytes:
    """Return a request's bytes."""
    return "\r\n".join([f"GET {path} HTTP/{version}", "host: a", *headers, "", ""]).encode()


@alive
async def echo(scope, _receive, send) -> None:
    """Answer with the path, the slower the earlier it is asked."""
    await asyncio.sleep(0.03 if scope["path"] == "/1" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": scope["path"].encode(), "more_body": False})


async def test_requests_in_a_row_are_answered_in_a_row() -> None:
    """Requests that do not wait for the answer before, more than may be queued at once."""
    row = [asked(f"/{number}") for number in range(1, 7)] + [asked("/last", "connection: close")]
    async with serving(echo) as port:
        told = await spoken(port, b"".join(row))

    answers = [line for line in told.decode().split("\r\n") if line.startswith("/")]
    assert answers == ["/1", "/2", "/3", "/4", "/5", "/6", "/last"]


async def test_a_client_of_http_1_0_gets_no_chunks() -> None:
    """It knows of none: the body ends with the connection."""
    async with serving(echo) as port:
        told = await spoken(port, asked("/plain", version="1.0"))

    head, body = told.split(b"\r\n\r\n")
    assert b"transfer-encoding" not in head
    assert b"connection: close" in head
    assert body == b"/plain"


@pytest.mark.parametrize("behind", [0, 1])
async def test_the_app_is_told_at_once_when_the_client_leaves(behind: int) -> None:
    """Also with a request queued behind the one that is served."""
    told, begun = asyncio.Event(), asyncio.Event()

    @alive
    async def app(scope, _receive, _send) -> None:
        direct = direct_of(scope)
        assert direct.body() == b""
        direct.on_leave = told.set
        begun.set()
        await told.wait()

    async with serving(app) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asked("/") * (1 + behind))
        async with asyncio.timeout(5):
            await begun.wait()
            writer.close()
            await told.wait()


@pytest.mark.parametrize("asks", [asked("/a"), asked("/a") + asked("/b")])
async def test_an_idle_connection_is_closed(asks: bytes) -> None:
    """Once its time without a request is over."""
    config = Config(echo, http=Connection, timeout_keep_alive=0)
    config.load()
    loop, state = asyncio.get_running_loop(), Connections()
    server = await loop.create_server(lambda: Connection(config, state, {}), "127.0.0.1", 0)
    async with server:
        told = await spoken(server.sockets[0].getsockname()[1], asks)
    assert told.count(b"HTTP/1.1 200 OK") == asks.count(b"GET")


async def test_what_an_app_does_not_handle_is_logged(caplog) -> None:
    """The client gets a bare 500, the operator the reason."""

    @alive
    async def app(_scope, _receive, _send) -> None:
        raise LookupError("the reason")

    async with serving(app) as port:
        told = await spoken(port, asked("/"))

    assert told.startswith(b"HTTP/1.1 500")
    assert b"reason" not in told
    assert "LookupError" in caplog.text
