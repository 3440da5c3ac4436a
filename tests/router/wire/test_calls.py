"""A request decides what is called and how its reply is read."""

from router.policy.rules import Limits
from router.wire.calls import build_call, reply_reader
from router.wire.chat_whole import WholeReader
from router.wire.embeddings_answer import EmbeddingsReader
from tests.fakes.reply import JSON
from tests.fakes.values import a_request, an_embedder, an_embedding_request, an_upstream

LIMITS = Limits()


def test_a_chat_completion_and_its_reader() -> None:
    """A request with messages goes to /chat/completions."""
    request, upstream = a_request(), an_upstream()

    assert build_call(request, upstream, LIMITS).url == "http://127.0.0.1:9/v1/chat/completions"
    assert isinstance(reply_reader(request, upstream, JSON, LIMITS), WholeReader)


def test_embeddings_and_their_reader() -> None:
    """A request for vectors goes to /embeddings."""
    request, upstream = an_embedding_request(), an_embedder()

    call = build_call(request, upstream, LIMITS)

    assert call.url == "http://127.0.0.1:9/v1/embeddings"
    assert call.body == b'{"model":"vectors-wire","input":"hi"}'
    assert isinstance(reply_reader(request, upstream, JSON, LIMITS), EmbeddingsReader)
