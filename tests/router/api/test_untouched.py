"""A body that is not translated is read, here or aside, and forwarded as it came."""

from router.api.chat_completions import ChatClient, read_chat
from router.api.surface import Context
from tests.fakes.asgi import exchange
from tests.fakes.ports import some_ports

BODY = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}]}'
CONTEXT = Context("id-1", "me", None, None)


async def test_aside_is_read_what_is_read_here() -> None:
    """The body need not come back from the process that reads it."""
    wire = exchange()
    client = ChatClient(wire.receive, wire.send)

    here = client.read(BODY, CONTEXT)
    aside = await client.read_aside(BODY, CONTEXT, some_ports())
    client.close()

    assert here == aside == read_chat(BODY, CONTEXT)
    assert aside.body is BODY
