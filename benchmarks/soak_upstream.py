"""The upstream of a soak: answers whole, or as a stream of three seconds; its port is the first line that it prints."""

import asyncio
import contextlib
import json

PAUSE_SECONDS = 0.05
CHUNKS = 60


async def upstream() -> None:
    """Serve answers, whole and streamed, until the end of the process; print the port first."""
    piece = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    text = {**piece, "choices": [{"index": 0, "delta": {"content": "word "}, "finish_reason": None}]}
    usage = {"prompt_tokens": 9, "completion_tokens": CHUNKS, "total_tokens": 9 + CHUNKS}
    last = {**piece, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": usage}
    choice = {"index": 0, "message": {"role": "assistant", "content": "A word."}, "finish_reason": "stop"}
    whole = {**piece, "object": "chat.completion", "choices": [choice], "usage": usage}
    event = f"data: {json.dumps(text)}\n\n".encode()
    end = f"data: {json.dumps(last)}\n\ndata: [DONE]\n\n".encode()
    body = json.dumps(whole).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: "

    async def answer(writer: asyncio.StreamWriter, asked: bytes) -> None:
        if b'"stream": true' not in asked:
            writer.write(head + b"application/json\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
            return
        writer.write(head + b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(CHUNKS):
            if writer.is_closing():
                return
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await asyncio.sleep(PAUSE_SECONDS)
        writer.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(end), end))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
                size = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
                await answer(writer, await reader.readexactly(size))
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(upstream())
