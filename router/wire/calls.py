"""The call and the reader of a request, whatever it asks for: a chat completion or embeddings."""

from collections.abc import Mapping

from router.catalog.upstream import Upstream
from router.request import Request
from router.wire import openai_chat
from router.wire.call import UpstreamCall
from router.wire.openai_chat import DeliveryLimits, ReplyReader
from router.wire.openai_embeddings import build_embeddings_call, embeddings_reader


def build_call(request: Request, upstream: Upstream, limits: DeliveryLimits) -> UpstreamCall:
    """Return the call that asks `upstream` what `request` asks. UpstreamRejected when it cannot be asked at all."""
    if request.vectors is not None:
        return build_embeddings_call(request, upstream, limits)
    return openai_chat.build_call(request, upstream, limits)


def reply_reader(
    request: Request, upstream: Upstream, headers: Mapping[str, str], limits: DeliveryLimits
) -> ReplyReader:
    """Return the reader for a reply of status 200 with these headers (names in lower case)."""
    if request.vectors is not None:
        return embeddings_reader(request, upstream, headers, limits)
    return openai_chat.reply_reader(request, upstream, headers, limits)
