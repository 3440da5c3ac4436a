"""A client that sends bytes as they are, and reads what comes back until the connection is quiet or closed."""

import asyncio
import contextlib
import re
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: all bytes, and whether the other side closed the connection."""

    data: bytes
    closed: bool

    @property
    def statuses(self) -> list[int]:
        """The status of each response, in order."""
        return [int(status) for status in _STATUS.findall(self.data)]


async def said(port: int, *parts: bytes, quiet: float = 0.4, pause: float = 0.02) -> Heard:
    """Send `parts`, `pause` seconds between them, and listen until nothing came for `quiet` seconds after them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pieces: list[bytes] = []
    listening = asyncio.create_task(_listen(reader, pieces))
    with contextlib.suppress(ConnectionError):  # it may be closed while we write
        for number, part in enumerate(parts):
            if number:
                await asyncio.sleep(pause)
            writer.write(part)
            await writer.drain()
    heard = -1
    while not listening.done() and heard < len(pieces):
        heard = len(pieces)
        await asyncio.wait([listening], timeout=quiet)
    closed = listening.done()
    listening.cancel()
    await asyncio.wait([listening])
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return Heard(b"".join(pieces), closed)


async def _listen(reader: asyncio.StreamReader, pieces: list[bytes]) -> None:
    """Add what comes to `pieces` until the connection is closed."""
    with contextlib.suppress(ConnectionError):
        while piece := await reader.read(65_536):
            pieces.append(piece)
