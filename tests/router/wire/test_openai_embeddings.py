"""The call for vectors, and the reader that is chosen for its reply."""

import json
from dataclasses import replace

import pytest

from router.errors import UpstreamBroken
from router.policy.rules import Limits
from router.wire.openai_embeddings import build_embeddings_call, embeddings_reader
from tests.fakes.reply import JSON
from tests.fakes.values import a_provider, an_embedder, an_embedding_request

LIMITS = Limits(connect=1.0, first_byte=2.0, idle=3.0, reply_limit_bytes=5)


def test_the_body_goes_out_with_the_upstreams_model() -> None:
    """All else is the client's, byte for byte; the time limits are the operator's."""
    call = build_embeddings_call(an_embedding_request(), an_embedder(model='a"b'), LIMITS)

    assert json.loads(call.body) == {"model": 'a"b', "input": "hi"}
    assert (call.url, call.method) == ("http://127.0.0.1:9/v1/embeddings", "POST")
    assert (call.connect, call.first_byte, call.idle) == (1.0, 2.0, 3.0)
    assert dict(call.headers)["accept"] == "application/json"


def test_what_a_dialect_has_no_word_for_is_named() -> None:
    """Mistral knows no `user`."""
    body = b'{"model":"docs","user":"u","input":"hi"}'
    mistral = an_embedder(provider=a_provider(kind="mistral"))

    call = build_embeddings_call(replace(an_embedding_request(), body=body), mistral, LIMITS)

    assert call.dropped == ("user",)


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/event-stream"])
def test_what_cannot_be_vectors_fails_at_once(kind: str) -> None:
    """A web page or a stream is not read."""
    reader = embeddings_reader(an_embedding_request(), an_embedder(), {"content-type": kind}, LIMITS)

    with pytest.raises(UpstreamBroken, match=kind.partition(";")[0]):
        reader.feed(b"<")


def test_the_answer_is_bounded() -> None:
    """By the operator's limit."""
    reader = embeddings_reader(an_embedding_request(), an_embedder(), JSON, LIMITS)

    with pytest.raises(UpstreamBroken, match="larger than 5 bytes"):
        reader.feed(b"123456")
