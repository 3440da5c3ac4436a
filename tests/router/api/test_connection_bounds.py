"""What a client may do to a connection is bounded: in time, in bytes and in number."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from uvicorn.config import Config

from router.api.connection import MOST_HEAD_BYTES, Connection, Connections
from tests.fakes.raw_http import said

CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


class Hasty(Connection):
    """A connection with little patience."""

    head_seconds = 0.2


async def at_once(_scope, _receive, send) -> None:
    """Answer without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def patient(_scope, receive, send) -> None:
    """Answer once the body is there."""
    while (message := await receive())["type"] == "http.request" and message["more_body"]:
        pass
    if message["type"] == "http.request":
        await at_once(_scope, receive, send)


@pytest.fixture
async def serve() -> AsyncIterator:
    """Return what serves an app over hasty connections and gives the port."""
    loop, servers = asyncio.get_running_loop(), []

    async def serving(app, most: int = 100) -> int:
        config = Config(app, http=Hasty)
        config.load()
        state = Connections()
        state.most = most
        servers.append(await loop.create_server(lambda: Hasty(config, state, {}), "127.0.0.1", 0))
        return servers[-1].sockets[0].getsockname()[1]

    yield serving
    for server in servers:
        server.close()
        await server.wait_closed()


async def test_a_head_that_does_not_come_to_its_end_is_408(serve) -> None:
    """Byte after byte buys no time; the answer is in OpenAI's shape and the last."""
    port = await serve(patient)

    heard = await said(port, *(bytes([letter]) for letter in GET[:15]), quiet=3, pause=0.03)

    assert (heard.statuses, heard.closed) == ([408], True)
    assert json.loads(heard.data.split(b"\r\n\r\n")[1])["error"]["code"] == "request_timeout"


async def test_a_connection_on_which_nothing_is_said_is_closed(serve) -> None:
    """Nobody asked, so nobody is answered."""
    heard = await said(await serve(patient), quiet=3)

    assert (heard.data, heard.closed) == (b"", True)


@pytest.mark.parametrize(
    "begun",
    [b"GET / HTTP/1.1\r\nx: ", CHUNKED + b"1;x=", CHUNKED + b"1\r\na\r\n0\r\nx: "],
    ids=["head", "chunk extension", "trailer"],
)
async def test_what_does_not_end_is_cut_off(serve, begun: bytes) -> None:
    """Neither a head, nor what stands around the parts of a body, is read without end."""
    heard = await said(await serve(patient), begun, *[b"a" * 65_536] * (MOST_HEAD_BYTES // 65_536 + 8), pause=0.001)

    assert (heard.statuses, heard.closed) in (([413], True), ([400], True))


async def test_who_is_answered_early_cannot_go_on_for_ever(serve) -> None:
    """A body that nobody reads has the time of a head; then the connection is closed."""
    port = await serve(at_once)

    heard = await said(port, CHUNKED, *[b"1\r\na\r\n"] * 200, quiet=3, pause=0.01)

    assert (heard.statuses, heard.closed) == ([200], True)


async def test_who_sends_the_rest_of_its_body_can_ask_again(serve) -> None:
    """A connection whose early answer was followed by the whole body is as good as before."""
    port = await serve(at_once)

    heard = await said(port, CHUNKED, b"1\r\na\r\n0\r\n\r\n", GET, quiet=0.4, pause=0.05)

    assert (heard.statuses, heard.closed) == ([200, 200], False)


async def test_one_connection_too_many_is_told_so(serve) -> None:
    """503 with a Retry-After, at once; those that are there are served."""
    port = await serve(at_once, most=1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asyncio.sleep(0.02)

    refused = await said(port, quiet=3)

    assert (refused.statuses, refused.closed) == ([503], True)
    assert b"retry-after: 1\r\n" in refused.data
    writer.write(GET)
    assert (await reader.readline()) == b"HTTP/1.1 200 OK\r\n"
    writer.close()
    await writer.wait_closed()


async def test_junk_behind_a_request_does_not_stop_its_answer(serve) -> None:
    """What was asked properly is answered; the connection ends with it."""
    heard = await said(await serve(at_once), GET + b"junk\r\n\r\n" + GET, quiet=3)

    assert (heard.statuses, heard.closed) == ([200], True)
