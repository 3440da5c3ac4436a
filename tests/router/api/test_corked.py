"""What one turn of the loop writes leaves in one piece, in order, and nothing is lost at the end."""

import asyncio

from router.api.corked import CorkedTransport


class Transport:
    """A transport that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("closed")

    def abort(self) -> None:
        self.told.append("aborted")

    def is_closing(self) -> bool:
        return "closed" in self.told

    def get_extra_info(self, name: str) -> str:
        return f"{name} of the transport"


async def test_one_turn_is_one_write() -> None:
    """Head and body of one turn leave together; the next turn writes anew."""
    transport = Transport()
    corked = CorkedTransport(transport, asyncio.get_running_loop())

    corked.write(b"head ")
    corked.write(b"body")
    assert transport.told == []
    await asyncio.sleep(0)
    corked.write(b"more")
    await asyncio.sleep(0)

    assert transport.told == [b"head body", b"more"]


async def test_what_follows_a_head_is_not_held_back_until_the_next_response() -> None:
    """The pieces of a stream leave at once; the head of the next response waits for its body again."""
    transport = Transport()
    corked = CorkedTransport(transport, asyncio.get_running_loop())

    corked.write(b"head")
    await asyncio.sleep(0)
    corked.write(b"piece")
    assert transport.told == [b"head", b"piece"]
    corked.hold()
    corked.write(b"head ")
    corked.write(b"body")
    assert transport.told == [b"head", b"piece"]
    await asyncio.sleep(0)

    assert transport.told == [b"head", b"piece", b"head body"]


async def test_closing_writes_first() -> None:
    """What was written before the close is sent before it; nothing follows."""
    transport = Transport()
    corked = CorkedTransport(transport, asyncio.get_running_loop())

    corked.write(b"last words")
    corked.close()
    await asyncio.sleep(0)

    assert transport.told == [b"last words", "closed"]
    assert corked.is_closing()


async def test_everything_else_is_the_transports() -> None:
    """What is not written goes straight through."""
    corked = CorkedTransport(Transport(), asyncio.get_running_loop())

    assert corked.get_extra_info("peername") == "peername of the transport"
