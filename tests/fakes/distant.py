"""An upstream in a process of its own, and clients in threads: what large bodies cost them is not counted here.

async with distant() as base_url:
    ... serve a proxy in front of base_url ...
    answer = await asyncio.to_thread(post, port, "chat/completions", body)
"""

import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator

from tests.fakes.completion import completion, usage

LARGE = b"TEN MEGABYTES"
"""What a prompt says that wants an answer of this size."""

_PROGRAM = f"""
import asyncio
ANSWER = {json.dumps(completion("Hi", tokens=usage(1, 1)))!r}.encode()
LARGE = ANSWER.replace(b"Hi", b"The quick brown fox. " * 500_000)
HEAD = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n"

async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            size = next(int(line[15:]) for line in head.lower().split(b"\\r\\n") if line.startswith(b"content-length:"))
            answer = ANSWER
            while size:
                part = await reader.read(size)
                size -= len(part)
                answer = LARGE if {LARGE!r} in part else answer
            writer.write(HEAD % len(answer) + answer)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""


@contextlib.asynccontextmanager
async def distant() -> AsyncIterator[str]:
    """Serve chat completions, small or LARGE, from another process until the block ends; yield the base URL."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", _PROGRAM, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(await process.stdout.readline())}/v1"
    finally:
        process.kill()
        await process.wait()


def post(port: int, path: str, body: bytes) -> bytes:
    """Send one request to a path below /v1 over a blocking socket, and return the whole answer, head and all."""
    head = b"POST /v1/%b HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(head % (path.encode(), len(body)) + body)
        answer = b""
        while data := connection.recv(65_536):
            answer += data
    return answer
