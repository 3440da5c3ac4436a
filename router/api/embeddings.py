"""POST /v1/embeddings: texts to vectors, by the upstream that was named or the cheapest that serves the same model."""

from classifier.prompt import Prompt
from router.api.surface import Context
from router.api.untouched import UntouchedClient
from router.request import Needs, Request
from router.wire.embeddings_request import read_embeddings

PATH = "/v1/embeddings"

_NO_PROMPT = Prompt(turns=())
_NO_NEEDS = Needs()


def read_texts(body: bytes, context: Context) -> Request:
    """Return what `body` asks to be embedded; MalformedRequest. No tier: x-router-min-tier has no meaning here."""
    asked = read_embeddings(body)
    return Request(
        id=context.request_id,
        caller=context.caller,
        model_asked=asked.model,
        body=body,
        model_at=asked.model_at,
        prompt=_NO_PROMPT,
        needs=_NO_NEEDS,
        input_tokens=asked.input_tokens,
        session=context.session,
        vectors=asked.vectors,
    )


class EmbeddingsClient(UntouchedClient):
    """A client that speaks OpenAI's embeddings."""

    __slots__ = ()

    reads = read_texts
