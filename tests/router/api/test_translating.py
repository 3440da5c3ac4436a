"""A client of another API: streams translated as they come, nothing twice, whole answers with their length."""

import json
from collections.abc import Callable, Mapping
from typing import ClassVar

import pytest

from router.api.surface import Context
from router.api.translating import TranslatingClient
from router.aside import Aside
from router.errors import MalformedRequest, UpstreamBroken
from router.ports import Receipt
from router.request import Request
from tests.fakes.asgi import Pushing, exchange
from tests.fakes.values import a_receipt, a_request


class Shouting:
    """A translator to capital letters; a full stop leads to nothing."""

    def feed(self, data: bytes) -> bytes:
        return data.upper().replace(b".", b"")


def shouted(data: bytes) -> bytes:
    return data.upper() + b"!"


class ShoutingClient(TranslatingClient):
    """A client that is shouted at."""

    __slots__ = ()
    params: ClassVar[Mapping[str, str]] = {"messages": "WORDS"}

    @property
    def dropped(self) -> tuple[str, ...]:
        return ("whisper",)

    def translator(self, _receipt: Receipt) -> Shouting:
        return Shouting()

    def teller(self, _receipt: Receipt) -> Callable[[bytes], bytes]:
        return shouted

    def read(self, _body: bytes, _context: Context) -> Request:
        return a_request()


async def test_a_stream_is_translated_once() -> None:
    """What a refused push has translated is what the write sends; what leads to nothing counts as sent."""
    wire, room, pushed = exchange(), [True, False], []

    def write(data: bytes) -> bool:
        taken = room.pop(0)
        if taken:
            pushed.append(data)
        return taken

    client = ShoutingClient(wire.receive, wire.send, Pushing(write))
    await client.begin(a_receipt(stream=True))
    assert [client.push(data) for data in (b"a", b".", b"b")] == [True, True, False]
    await client.write(b"b")
    await client.write(b"c")
    await client.write(b".")
    await client.end(b"d")
    assert (pushed, wire.body, wire.complete) == ([b"A"], b"BCD", True)
    assert wire.headers["x-router-dropped-params"] == "whisper"


async def test_the_head_of_a_whole_answer_knows_its_translated_length() -> None:
    """It waits for the end."""
    wire = exchange()
    client = ShoutingClient(wire.receive, wire.send)
    await client.begin(a_receipt(stream=False))
    assert not wire.sent
    await client.end(b"paris")
    assert (wire.headers["content-length"], wire.body) == ("6", b"PARIS!")


async def test_a_part_before_a_head_is_no_answer() -> None:
    """There is nothing that could tell it."""
    wire = exchange()
    client = ShoutingClient(wire.receive, wire.send)
    with pytest.raises(UpstreamBroken):
        client.push(b"a")
    client.close()


@pytest.mark.parametrize(("param", "told"), [("messages", "WORDS"), ("messages[0]", "messages[0]"), (None, None)])
async def test_an_error_names_a_member_as_the_surface_does(param: str | None, told: str | None) -> None:
    """What stands in the chat completion under another name is called what the client wrote."""
    wire = exchange()
    await ShoutingClient(wire.receive, wire.send).refuse(MalformedRequest("no", param=param), [])
    assert json.loads(wire.body)["error"]["param"] == told


async def test_a_large_answer_is_translated_in_the_other_process_and_once() -> None:
    """What was prepared is what goes out; a small one is left to `ready`."""
    wire = exchange()
    client = ShoutingClient(wire.receive, wire.send)
    receipt, data = a_receipt(stream=False), b"p" * 3_000_000
    await client.prepare(data, receipt, Aside(), "a")
    prepared = client.told(data, receipt)
    client.ready(data, lambda: receipt)
    again = client.told(data, receipt)
    await client.prepare(b"small", receipt, Aside(), "a")
    client.close()

    assert again is prepared
    assert prepared == data.upper() + b"!"
    assert client.told(b"small", receipt) == b"SMALL!"
