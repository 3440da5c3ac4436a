"""The surface that is not translated: what a client sends is what is read."""

import json

import pytest

from classifier.tier import Tier
from router.api.chat_completions import ChatClient
from router.api.inbound import read
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


@pytest.mark.parametrize(
    ("message", "thinks"),
    [
        ({"role": "assistant", "content": "a"}, False),
        ({"role": "assistant", "content": "a", "reasoning_content": "b"}, True),
        ({"role": "assistant", "content": "a", "reasoning": "b"}, True),
        ({"role": "assistant", "content": "a", "reasoning_details": []}, True),
        ({"role": "assistant", "content": [{"type": "thinking", "thinking": []}]}, True),
        ({"role": "user", "content": 'say "reasoning_content" and "thinking"'}, False),
    ],
)
def test_reasoning_in_the_conversation_is_noticed(message, thinks):
    """Under any of its names, in members or in parts; words about it are none."""
    body = json.dumps({"model": "auto", "messages": [message, {"role": "user", "content": "go on"}]}).encode()
    assert read(body, request_id="r", caller="c").thinks is thinks
