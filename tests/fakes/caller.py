"""A client that keeps every byte it saw: one request over a plain socket, whole or streamed.

    answer = await ask(port, "tier/easy", stream=True)
    assert answer.complete and answer.done

`complete` means complete as HTTP says it; a connection that broke off leaves what came until then.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

DONE = b"data: [DONE]"


@dataclass(slots=True)
class Answer:
    """What came back so far. `raw` is every byte of the connection, `body` the decoded body."""

    number: int = 0
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytearray = field(default_factory=bytearray)
    body: bytes = b""
    complete: bool = False
    broke: str | None = None
    """Why the connection was of no more use before the answer was complete."""

    @property
    def done(self) -> bool:
        """Whether a stream said that it is over."""
        return DONE in self.body

    @property
    def error(self) -> dict[str, Any] | None:
        """The error of a refusal, or of the event that ended a stream."""
        if self.body.startswith(b"{"):
            found = json.loads(self.body) if self.complete else {}
            return found.get("error")
        events = [line[6:] for line in self.body.split(b"\n") if line.startswith(b'data: {"error"')]
        return json.loads(events[-1])["error"] if events else None

    @property
    def decision(self) -> str | None:
        """The id under which the ledger knows it."""
        return self.headers.get("x-router-decision-id")


async def ask(
    port: int, model: str = "tier/easy", *, stream: bool = False, number: int = 0, headers: dict[str, str] | None = None
) -> Answer:
    """Send one chat completion and return what came of it, however the connection ended."""
    answer = Answer(number)
    writer = None
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request(model, stream=stream, number=number, headers=headers))
        await read_answer(reader, answer)
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        answer.broke = type(error).__name__
    finally:
        if writer is not None:
            writer.transport.abort()
    return answer


def request(model: str, *, stream: bool = False, number: int = 0, headers: dict[str, str] | None = None) -> bytes:
    """Return the bytes of one chat completion; `number` stands in its prompt."""
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": f"Say hello, number {number}."}]}
    if stream:
        body["stream_options"] = {"include_usage": True}
    data = json.dumps(body).encode()
    lines = [
        "POST /v1/chat/completions HTTP/1.1",
        "host: 127.0.0.1",
        "content-type: application/json",
        f"content-length: {len(data)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + data


async def read_answer(reader: asyncio.StreamReader, answer: Answer) -> None:
    """Read one answer into `answer`; IncompleteReadError where it breaks off."""
    head = await _kept(reader.readuntil(b"\r\n\r\n"), answer)
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    answer.status = int(first.split(" ")[1])
    answer.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in answer.headers:
        answer.body = await _kept(reader.readexactly(int(answer.headers["content-length"])), answer)
        answer.complete = True
        return
    while True:
        size = int(await _kept(reader.readuntil(b"\r\n"), answer), 16)
        data = await _kept(reader.readexactly(size + 2), answer)
        answer.body += data[:-2]
        if not size:
            answer.complete = True
            return


async def _kept(reading: Any, answer: Answer) -> bytes:
    """Wait for bytes and keep them, also those of a read that broke off."""
    try:
        data: bytes = await reading
    except asyncio.IncompleteReadError as error:
        answer.raw += error.partial
        raise
    answer.raw += data
    return data
