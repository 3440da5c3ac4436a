"""The client's side of a surface whose body is forwarded as it came, but for edits in place: nothing is translated."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from router.api.surface import Context, SurfaceClient
from router.ports import Ports
from router.request import Request

Read = Callable[[bytes, Context], Request]


class UntouchedClient(SurfaceClient):
    """A client that says what upstreams are asked. `reads`, a function of a module, is what its bodies are read by."""

    __slots__ = ()

    reads: ClassVar[Read]

    def read(self, body: bytes, context: Context) -> Request:
        """Return what `body` asks for; MalformedRequest."""
        return type(self).reads(body, context)

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a large body, which need not come back."""
        return replace(await ports.aside.run(context.caller, _bodiless, type(self).reads, body, context), body=body)


def _bodiless(reads: Read, body: bytes, context: Context) -> Request:
    return replace(reads(body, context), body=b"")
