"""How many messages one request may have, however they are written."""

import json

import pytest

from router.api.inbound import read
from router.errors import MalformedRequest


@pytest.mark.parametrize("key", ['"role"', '"rol\\u0065"', '"role" '])
def test_more_messages_than_may_be_are_refused_however_they_are_written(key):
    """Counting keys before anything is decoded keeps most out, counting what was decoded the rest."""
    messages = ",".join(["{" + key + ':"user","content":"a"}'] * 20_001)
    with pytest.raises(MalformedRequest, match="more than 20,000 messages"):
        read(b'{"model":"auto","messages":[%b]}' % messages.encode(), request_id="a", caller="b")


def test_words_that_look_like_keys_are_no_messages():
    """A long talk about roles is as long as its messages."""
    part = {"type": "text", "text": "role"}
    messages = [{"role": "user", "content": [part] * 5}] * 4_200
    assert (
        len(read(json.dumps({"model": "auto", "messages": messages}).encode(), request_id="a", caller="b").prompt.turns)
        == 4_200
    )
