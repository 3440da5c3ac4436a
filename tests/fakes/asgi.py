"""A client that speaks ASGI to an app in this process: messages in, messages out, nothing in between."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from router.api.gate import AsgiApp


@dataclass
class Exchange:
    """One request under way. `sent` holds every message the app sent."""

    messages: list[dict[str, Any]]
    sent: list[dict[str, Any]] = field(default_factory=list)
    leave: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> dict[str, Any]:
        """Hand out the body's messages, then wait until the client leaves."""
        if self.messages:
            return self.messages.pop(0)
        await self.leave.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Keep what the app sends."""
        self.sent.append(message)

    @property
    def status(self) -> int:
        """The response's status."""
        return self.sent[0]["status"]

    @property
    def headers(self) -> dict[str, str]:
        """The response's headers."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        """The response's body so far."""
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def complete(self) -> bool:
        """Whether the app said that the response is complete."""
        return len(self.sent) > 1 and not self.sent[-1].get("more_body", False)


class Shortcut:
    """A server's shorter way past messages: has the request's `body`, and room for `room` calls, which it notes."""

    def __init__(self, body: bytes | None = None, room: int = 99) -> None:
        self.on_leave = None
        self.stirred = False
        self.told: list[tuple[object, ...]] = []
        self._body = body
        self._room = room

    def body(self) -> bytes | None:
        """Return the request's body, if it has come."""
        return self._body

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bool:
        """Begin the response."""
        return self._note(status, headers)

    def push(self, data: bytes) -> bool:
        """Send a part of the body."""
        return self._note(data)

    def relay(self, chunk: bytes) -> bool:
        """Send a chunk with its frame."""
        return self._note(chunk, "framed")

    def finish(self, data: bytes) -> bool:
        """Send the last part of the body."""
        return self._note(data, "end")

    def _note(self, *what: object) -> bool:
        self._room -= 1
        if self._room >= 0:
            self.told.append(what)
            self.stirred = True
        return self._room >= 0


class Pushing(Shortcut):
    """A server's shorter way that has room for parts only, as `push` says: the rest goes by messages."""

    def __init__(self, push: Callable[[bytes], bool]) -> None:
        super().__init__(room=0)
        self._push = push

    def push(self, data: bytes) -> bool:
        """Send a part of the body."""
        self.stirred = self._push(data)
        return self.stirred


def scope(
    path: str = "/v1/chat/completions",
    method: str = "POST",
    headers: Iterable[tuple[bytes, bytes]] = ((b"host", b"127.0.0.1"),),
) -> dict[str, Any]:
    """Return an ASGI scope."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
    }


def exchange(*parts: bytes) -> Exchange:
    """Return an exchange whose request body comes in `parts`."""
    whole = parts or (b"",)
    return Exchange(
        [{"type": "http.request", "body": part, "more_body": i + 1 < len(whole)} for i, part in enumerate(whole)]
    )


async def call(app: AsgiApp, *parts: bytes, **where: Any) -> Exchange:
    """Send one request through `app` and return the exchange once the app is done."""
    under_way = exchange(*parts)
    await app(scope(**where), under_way.receive, under_way.send)
    return under_way
