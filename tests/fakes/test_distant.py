"""The upstream in a process of its own answers whatever the size."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.fakes.distant import distant


@pytest.mark.parametrize("size", [2, 5_000_000])
async def test_it_answers_whatever_the_size(size: int) -> None:
    """One request after the other on one connection, each with a whole completion."""
    async with distant() as base_url:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(base_url).port)
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n" % size + b"x" * size)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.rsplit(b": ", 1)[1])
            answer = json.loads(await reader.readexactly(length))
            assert answer["choices"][0]["message"]["content"] == "Hi"
        writer.close()
