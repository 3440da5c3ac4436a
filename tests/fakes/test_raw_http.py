"""The client of raw bytes tells what came and whether that was the end."""

import asyncio

import pytest

from tests.fakes.raw_http import said


@pytest.mark.parametrize("closes", [True, False])
async def test_it_tells_what_came_and_whether_the_connection_was_closed(closes: bool) -> None:
    """Responses are counted by their status lines."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(4) == b"onto"
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.0 404 Not Found\r\n\r\n")
        if not closes:
            await reader.read()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        heard = await said(server.sockets[0].getsockname()[1], b"on", b"to", quiet=0.2)

    assert (heard.statuses, heard.closed) == ([200, 404], closes)
