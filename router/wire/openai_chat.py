"""OpenAI's chat completions: the call that is sent for a request, and the reader for its reply."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

import msgspec

from router.catalog.upstream import Upstream
from router.errors import RouterError, UpstreamBroken, UpstreamRejected
from router.request import Request
from router.usage import Usage
from router.wire.call import Relay, UpstreamCall
from router.wire.chat_stream import StreamReader
from router.wire.chat_whole import WholeReader
from router.wire.dialect import Dialect, StreamUsage
from router.wire.dialect_edit import edited, has_escaped_letters
from router.wire.dialects import dialect_of
from router.wire.history import fitted
from router.wire.json_body import insertion, members, set_field, splice

UNFIT_CODES = frozenset({"too_many_tools", "unsupported_tool_name"})
"""The codes of errors for what one upstream would refuse and others take: it is not called."""

_ASKS_USAGE = b'{"include_usage":true}'
_COMMON_HEADERS = (("content-type", "application/json"), ("accept-encoding", "identity"))
_STREAM_HEADERS = (*_COMMON_HEADERS, ("accept", "text/event-stream"))
WHOLE_HEADERS = (*_COMMON_HEADERS, ("accept", "application/json"))


class _Function(msgspec.Struct, gc=False):
    name: str = ""


class _Tool(msgspec.Struct, gc=False):
    type: str = ""
    function: _Function | None = None


class _Tools(msgspec.Struct, gc=False):
    tools: list[_Tool] | None = None


_decode_tools = msgspec.json.Decoder(_Tools).decode


class DeliveryLimits(Protocol):
    """The limits that a call needs (policy.rules.Limits has them): seconds and bytes."""

    @property
    def connect(self) -> float:
        """Seconds for the connection."""

    @property
    def first_byte(self) -> float:
        """Seconds until the reply's headers."""

    @property
    def idle(self) -> float:
        """Seconds between two reads."""

    @property
    def reply_limit_bytes(self) -> int:
        """The largest whole answer."""

    @property
    def event_limit_bytes(self) -> int:
        """The largest event of a stream."""


class ReplyReader(Protocol):
    """Reads one reply, streamed or whole: the whole reply is a stream of one.

    `feed` every chunk of the body, then `finish`. Both return bytes for the client (maybe none) and raise the
    `failure`: an UpstreamError, or UpstreamRejected where an error inside a 200 blames the request. When `done`, what
    still comes does not matter: call `finish` at once. `held` are the bytes of a whole answer kept back so far.
    """

    began: bool
    held: int
    done: bool
    failure: RouterError | None

    @property
    def finished(self) -> bool:
        """Whether a complete answer was read."""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes as they came; return what goes to the client now."""

    def relaying(self, push: Callable[[bytes], bool]) -> Relay | None:
        """Return what may be asked before `feed` about a chunk in its frame, and gives it to `push` if it likes it."""

    def finish(self) -> bytes:
        """Return the last bytes for the client, at the clean end of the body."""

    def consumed(self) -> Usage | None:
        """Return the tokens used as far as known: reported, else estimated; None before there is an answer."""


def build_call(request: Request, upstream: Upstream, limits: DeliveryLimits) -> UpstreamCall:
    """Return the call that asks `upstream` what `request` asks: its body but for the model and the dialect's edits.

    `dropped` of the call names what this provider could not be asked. UpstreamRejected when it cannot be asked at all.
    """
    dialect = dialect_of(upstream.provider.kind, upstream.model)
    _check_tools(request, dialect)
    body, dropped = edited(_body_for(request, upstream, dialect), dialect)
    lost: tuple[str, ...] = ()
    if request.thinks or not dialect.history.of_reasoning:
        body, lost = fitted(body, dialect.history)
    return UpstreamCall(
        provider=upstream.provider,
        url=upstream.provider.base_url.rstrip("/") + "/chat/completions",
        body=body,
        dropped=(*dropped, *lost),
        headers=_STREAM_HEADERS if request.stream else WHOLE_HEADERS,
        connect=limits.connect,
        first_byte=limits.first_byte,
        idle=limits.idle,
    )


def _check_tools(request: Request, dialect: Dialect) -> None:
    """Refuse tools of a number or a name that the provider does not take: it would answer with a 400 of its own."""
    most, tools = dialect.most_tools, request.prompt.tools
    if most is not None and tools > most:
        raise UpstreamRejected(
            f"{dialect.title} takes at most {most} tools, the request has {tools}.",
            code="too_many_tools",
            param="tools",
        )
    if dialect.tool_name is None or not tools:
        return
    fits = re.compile(dialect.tool_name).fullmatch
    for number, name in enumerate(_tool_names(request.body), 1):
        if not fits(name):
            raise UpstreamRejected(
                f"{dialect.title} takes only functions of names like {dialect.tool_name}; number {number} has another.",
                code="unsupported_tool_name",
                param="tools",
            )


def _tool_names(body: bytes) -> Iterator[str]:
    """Yield the names of the functions among the tools; what is written oddly is left to the upstream."""
    try:
        tools = _decode_tools(body).tools
    except msgspec.DecodeError:
        return
    yield from (tool.function.name for tool in tools or () if tool.type == "function" and tool.function is not None)


def _body_for(request: Request, upstream: Upstream, dialect: Dialect) -> bytes:
    """Return the client's body with the upstream's model, asking for usage where the dialect wants to be asked."""
    model = msgspec.json.encode(upstream.model)
    ask = request.stream and not request.wants_usage and dialect.stream_usage is StreamUsage.ASK
    body = request.body
    changes = [(request.model_at, model)]
    if ask and b'"stream_options"' not in body and not has_escaped_letters(body):
        changes.append(insertion(body, "stream_options", _ASKS_USAGE))
        ask = False
    body = splice(body, changes)
    return _asking_for_usage(body) if ask else body


def _asking_for_usage(body: bytes) -> bytes:
    """Return `body` asking for the usage of its stream, its other stream_options as they are."""
    options = next((body[member.value : member.end] for member in members(body) if member.key == "stream_options"), b"")
    asking = set_field(options, "include_usage", b"true") if options.startswith(b"{") else _ASKS_USAGE
    return set_field(body, "stream_options", asking)


def reply_reader(
    request: Request, upstream: Upstream, headers: Mapping[str, str], limits: DeliveryLimits
) -> ReplyReader:
    """Return the reader for a reply of status 200 with these headers (names in lower case)."""
    dialect = dialect_of(upstream.provider.kind, upstream.model)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    as_json = kind == "application/json" or kind.endswith("+json")
    hopeless: RouterError | None = None
    if kind in ("text/html", "application/xhtml+xml"):
        hopeless = UpstreamBroken("The upstream answered 200 with a web page.")
    elif not request.stream and kind == "text/event-stream":
        hopeless = UpstreamBroken("The upstream answered with a stream that was not asked for.")
    if request.stream and not as_json and hopeless is None:
        return StreamReader(request, dialect, limits.event_limit_bytes)
    misfit = UpstreamBroken("The upstream answered a stream request with one JSON body.") if request.stream else None
    reader = WholeReader(request, dialect, limits.reply_limit_bytes, misfit)
    reader.failure = hopeless
    return reader


def error_object(error: RouterError) -> bytes:
    """Return `{"error": {message, type, param, code}}` as JSON bytes; the message ends in the fix."""
    message = f"{error.message.rstrip('.')}. {error.fix}" if error.fix else error.message
    fields = {"message": message, "type": error.type, "param": error.param, "code": error.code}
    return msgspec.json.encode({"error": fields})


def error_event(error: RouterError) -> bytes:
    """Return the event that ends a stream which failed after it began. No [DONE] follows it."""
    return b"data: " + error_object(error) + b"\n\n"
