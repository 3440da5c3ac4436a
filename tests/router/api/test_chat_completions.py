"""The surface that is not translated: what a client sends is what is read."""

from classifier.tier import Tier
from router.api.chat_completions import ChatClient
from router.api.surface import Context
from tests.fakes.asgi import exchange

BODY = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"stream":true}'


async def test_reads_a_chat_completion() -> None:
    """The body stays as it came; what the head says stands beside it."""
    wire = exchange()
    client = ChatClient(wire.receive, wire.send)
    request = client.read(BODY, Context("id-1", "me", Tier.HARD, "talk"))
    client.close()
    assert (request.body, request.model_asked, request.stream) == (BODY, "auto", True)
    assert (request.id, request.caller, request.floor, request.session) == ("id-1", "me", Tier.HARD, "talk")
