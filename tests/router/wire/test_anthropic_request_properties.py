"""Properties of the translated request: nothing is worse than a 400, and text is sized as it was said."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.api.inbound import read
from router.errors import MalformedRequest
from router.wire.anthropic_request import to_chat

HELLO = [{"role": "user", "content": "Hello, Claude"}]


def a_body(**members: Any) -> bytes:
    """Return a body with these members beside the required ones."""
    return json.dumps({"model": "auto", "max_tokens": 1024, "messages": HELLO, **members}).encode()


WORDS = st.text(alphabet=st.characters(exclude_categories=("Cs",)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "system",
        "messages",
        "max_tokens",
        "stream",
        "temperature",
        "tools",
        "tool_choice",
        "metadata",
        "thinking",
        "output_config",
        "stop_sequences",
        "mcp_servers",
        "model",
        "other",
    ]
)


@given(members=st.dictionaries(NAMES, JSON, max_size=5))
def test_no_json_is_more_than_a_400(members: dict[str, Any]) -> None:
    """Whatever stands in a member, the answer is a chat completion that can be read, or a 400."""
    try:
        chat = to_chat(a_body(**members))
    except MalformedRequest:
        return
    assert read(chat.body, request_id="r", caller="c").model_asked == json.loads(chat.body)["model"]


@given(words=WORDS)
def test_text_reaches_the_classifier_as_it_is(words: str) -> None:
    """What is sized is what the client said."""
    chat = to_chat(a_body(messages=[{"role": "user", "content": [{"type": "text", "text": words}]}]))

    assert read(chat.body, request_id="r", caller="c").prompt.turns[-1].text == words
