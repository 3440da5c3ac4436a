"""OpenAI's embeddings: the call that is sent for a request, and the reader for its reply."""

from collections.abc import Mapping

import msgspec

from router.catalog.upstream import Upstream
from router.errors import UpstreamBroken
from router.request import Request
from router.wire.call import UpstreamCall
from router.wire.dialect_edit import edited
from router.wire.embedding_dialects import embedding_dialect_of
from router.wire.embeddings_answer import EmbeddingsReader
from router.wire.json_body import splice
from router.wire.openai_chat import WHOLE_HEADERS, DeliveryLimits


def build_embeddings_call(request: Request, upstream: Upstream, limits: DeliveryLimits) -> UpstreamCall:
    """Return the call that asks `upstream` to embed: the client's body but for the model and the dialect's edits."""
    model = msgspec.json.encode(upstream.model)
    body, dropped = edited(
        splice(request.body, [(request.model_at, model)]), embedding_dialect_of(upstream.provider.kind)
    )
    return UpstreamCall(
        provider=upstream.provider,
        url=upstream.provider.base_url.rstrip("/") + "/embeddings",
        body=body,
        dropped=dropped,
        headers=WHOLE_HEADERS,
        connect=limits.connect,
        first_byte=limits.first_byte,
        idle=limits.idle,
    )


def embeddings_reader(
    request: Request, upstream: Upstream, headers: Mapping[str, str], limits: DeliveryLimits
) -> EmbeddingsReader:
    """Return the reader for a reply of status 200 with these headers (names in lower case)."""
    reader = EmbeddingsReader(request, upstream, limits.reply_limit_bytes)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml", "text/event-stream"):
        reader.failure = UpstreamBroken(f"The upstream answered 200 with {kind} in place of vectors.")
    return reader
