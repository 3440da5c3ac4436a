"""What one turn of the loop writes leaves in one piece, in order, and nothing is lost at the end."""

import asyncio
import functools

import httpx2

from router.api.client import push_of
from router.api.corked import CorkedTransport
from tests.fakes.proxy import serving


class Transport:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")

    def abort(self) -> None:
        self.told.append("aborted")

    def is_closing(self) -> bool:
        return "closed" in self.told

    def get_extra_info(self, name: str) -> str:
        return f"{name} of the transport"


async def test_one_turn_is_one_write() -> None:
    """Head and body of one turn leave together; the next turn writes anew."""
    transport = Transport()
    corked = CorkedTransport(transport, asyncio.get_running_loop())

    corked.write(b"head ")
    corked.write(b"body")
    assert transport.told == []
    await asyncio.sleep(0)
    corked.write(b"more")
    await asyncio.sleep(0)

    assert transport.told == [b"head body", b"more"]


async def test_what_follows_a_head_is_not_held_back_until_the_next_response() -> None:
    """The pieces of a stream leave at once; the head of the next response waits for its body again."""
    transport = Transport()
    corked = CorkedTransport(transport, asyncio.get_running_loop())

    corked.write(b"head")
    await asyncio.sleep(0)
    corked.write(b"piece")
    assert transport.told == [b"head", b"piece"]
    corked.hold()
    corked.write(b"head ")
    corked.write(b"body")
    assert transport.told == [b"head", b"piece"]
    await asyncio.sleep(0)

    assert transport.told == [b"head", b"piece", b"head body"]


async def test_closing_writes_first() -> None:
    """What was written before the close is sent before it; nothing follows."""
    transport = Transport()
    corked = CorkedTransport(transport, asyncio.get_running_loop())

    corked.write(b"last words")
    corked.close()
    await asyncio.sleep(0)

    assert transport.told == [b"last words", "closed"]
    assert corked.is_closing()


async def test_everything_else_is_the_transports() -> None:
    """What is not written goes straight through."""
    corked = CorkedTransport(Transport(), asyncio.get_running_loop())

    assert corked.get_extra_info("peername") == "peername of the transport"


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
        push = push_of(scope)
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
        told.append(push_of(scope)(b"no"))
        await send({"type": "http.response.body", "body": b"ok", "more_body": False})

    async with serving(app) as port, httpx2.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).text == "ok"
    assert told == [False]


async def test_a_client_that_does_not_read_is_not_pushed_to() -> None:
    """Once what was written waits, a push is refused, so that whoever streams waits as well."""
    refused = asyncio.Event()

    @alive
    async def app(scope, _receive, send) -> None:
        push = push_of(scope)
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


async def test_what_is_held_for_one_write_has_an_end() -> None:
    """A fast stream may not pile up behind a head that has not left yet."""
    told: list[bool] = []

    @alive
    async def app(scope, _receive, send) -> None:
        push = push_of(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        told.extend(push(b"x" * 40_000) for _ in range(4))  # in one turn of the loop: nothing has left
        await asyncio.sleep(0)
        told.append(push(b"y"))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async with serving(app) as port, httpx2.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/")).text == "x" * 80_000 + "y"
    assert told == [True, True, False, False, True]
