"""The body of POST /v1/embeddings: read as far as the decision and the answer need it, forwarded as it came."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw

from router.errors import MalformedRequest
from router.request import Vectors
from router.wire import tokens
from router.wire.decoding import decoded, require_utf8
from router.wire.json_body import Span, sole_members

MOST_INPUTS = 2_048
"""Texts of one request, as in OpenAI's API."""

_FIX = 'Send "input" as a text, a list of texts, a list of token ids, or a list of such lists.'

_Token = Annotated[int, Meta(ge=0)]
_Tokens = Annotated[list[_Token], Meta(min_length=1)]


class _Body(msgspec.Struct, gc=False):
    """The members that are read."""

    model: Annotated[str, Meta(min_length=1)]
    input: Raw
    dimensions: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    output_dtype: str | None = None


class EmbeddingsBody(msgspec.Struct, frozen=True, gc=False):
    """What a body asks for: `model_at` is where the model's JSON string stands, `input_tokens` the likely input."""

    model: str
    model_at: Span
    vectors: Vectors
    input_tokens: int


_decode_body = msgspec.json.Decoder(_Body).decode
_decode_input = msgspec.json.Decoder(str | list[str | _Token | _Tokens]).decode


def read_embeddings(body: bytes) -> EmbeddingsBody:
    """Return what `body` asks to be embedded; MalformedRequest when it is no such request."""
    require_utf8(body)
    parsed = decoded(_decode_body, body)
    lengths = _lengths(decoded(_decode_input, parsed.input, "input", fix=_FIX))
    return EmbeddingsBody(
        model=parsed.model,
        model_at=sole_members(body)["model"],
        vectors=Vectors(
            count=len(lengths),
            longest=max(lengths),
            dimensions=parsed.dimensions,
            base64=parsed.encoding_format == "base64",
            floats=parsed.output_dtype in (None, "float"),
        ),
        input_tokens=sum(lengths),
    )


def _lengths(given: str | list[str | int | list[int]]) -> list[int]:
    """Return the tokens of each text: as counted where they come as ids, else as they likely are."""
    if isinstance(given, str):
        return [_likely(given)]
    if not given:
        raise MalformedRequest("'input' is empty.", param="input", fix=_FIX)
    kinds = {type(one) for one in given}
    if len(kinds) > 1:
        raise MalformedRequest("'input' mixes texts and token ids.", param="input", fix=_FIX)
    if kinds == {int}:
        return [len(given)]
    if len(given) > MOST_INPUTS:
        raise MalformedRequest(
            f"'input' has {len(given):,} texts; the most is {MOST_INPUTS:,}.", param="input", fix="Send them in parts."
        )
    return [len(one) if isinstance(one, list) else _likely(str(one)) for one in given]


def _likely(text: str) -> int:
    """Return the likely number of tokens of a text; an empty one is counted as well."""
    return max(1, tokens.likely(tokens.text_bytes(text)))
