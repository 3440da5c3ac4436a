"""POST /v1/embeddings: texts to vectors, by the upstream that was named or the cheapest that serves the same model."""

from dataclasses import replace

from classifier.prompt import Prompt
from router.api.surface import Context, SurfaceClient
from router.ports import Ports
from router.request import Needs, Request
from router.wire.embeddings_request import read_embeddings

PATH = "/v1/embeddings"

_NO_PROMPT = Prompt(turns=())
_NO_NEEDS = Needs()


class EmbeddingsClient(SurfaceClient):
    """A client that speaks OpenAI's embeddings."""

    __slots__ = ()

    def read(self, body: bytes, context: Context) -> Request:
        """Return what `body` asks to be embedded; MalformedRequest. No tier: x-router-min-tier has no meaning here."""
        return _read(body, context)

    async def read_aside(self, body: bytes, context: Context, ports: Ports) -> Request:
        """Return the same for a large body, which need not come back."""
        return replace(await ports.aside.run(_bodiless, body, context), body=body)


def _read(body: bytes, context: Context) -> Request:
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


def _bodiless(body: bytes, context: Context) -> Request:
    return replace(_read(body, context), body=b"")
