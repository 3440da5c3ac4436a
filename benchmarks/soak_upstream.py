"""The upstream of a soak: answers whole, or as a stream of three seconds; its port is the first line that it prints.

All streams are written by one timer, a tenth of them at a time, so that thousands of events a second cost a part of a
core only.
"""

import asyncio
import contextlib
import itertools
import json

import uvloop

PAUSE_SECONDS = 0.05
CHUNKS = 60
_GROUPS = 10

_PIECE = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
_TEXT = {**_PIECE, "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}
_USAGE = {"prompt_tokens": 9, "completion_tokens": CHUNKS, "total_tokens": 9 + CHUNKS}
_LAST = {**_PIECE, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": _USAGE}
_CHOICE = {"index": 0, "message": {"role": "assistant", "content": "A word."}, "finish_reason": "stop"}
_BODY = json.dumps({**_PIECE, "object": "chat.completion", "choices": [_CHOICE], "usage": _USAGE}).encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "
WHOLE = _HEAD + b"application/json\r\ncontent-length: %d\r\n\r\n" % len(_BODY) + _BODY
BEGINNING = _HEAD + b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = _chunk(b"data: %b\n\n" % json.dumps(_TEXT).encode())
END = _chunk(b"data: %b\n\ndata: [DONE]\n\n" % json.dumps(_LAST).encode()) + b"0\r\n\r\n"


class Streams:
    """The streams that are open, in groups; each has so many events to come."""

    def __init__(self) -> None:
        """Begin with none."""
        self._groups: list[dict[asyncio.Transport, int]] = [{} for _ in range(_GROUPS)]
        self._next = itertools.cycle(self._groups)

    def begin(self, transport: asyncio.Transport) -> None:
        """Begin one; a group after the other gets it."""
        transport.write(BEGINNING)
        next(self._next)[transport] = CHUNKS

    async def run(self) -> None:
        """Write an event to one group after the other, for ever."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        for group in itertools.cycle(self._groups):
            for transport, left in tuple(group.items()):
                if transport.is_closing():
                    del group[transport]
                elif left:
                    transport.write(EVENT)
                    group[transport] = left - 1
                else:
                    transport.write(END)
                    del group[transport]
            due = max(due + PAUSE_SECONDS / _GROUPS, loop.time() - 1)
            await asyncio.sleep(max(due - loop.time(), 0))


class Answerer(asyncio.Protocol):
    """One connection: a request at a time, with a Content-Length."""

    def __init__(self, streams: Streams) -> None:
        """Wait for a request."""
        self._streams = streams
        self._heard = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # what it is given is one
        """Begin."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once the whole request is there."""
        self._heard += data
        head, separator, body = self._heard.partition(b"\r\n\r\n")
        if not separator:
            return
        size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        if len(body) < size:
            return
        self._heard = b""
        if b'"stream": true' in body:
            self._streams.begin(self._transport)
        else:
            self._transport.write(WHOLE)


async def upstream() -> None:
    """Serve answers, whole and streamed, until the end of the process; print the port first."""
    streams = Streams()
    server = await asyncio.get_running_loop().create_server(lambda: Answerer(streams), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with asyncio.TaskGroup() as group:
        group.create_task(streams.run())
        group.create_task(server.serve_forever())


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(upstream())
