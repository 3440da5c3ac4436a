"""The answer of an embedding upstream: judged whole, and its vectors written as the client asked for them.

Hosts differ in whether they heed `encoding_format`, and client libraries in whether they notice: one that asked for
base64 and gets numbers may read zeros. So what comes is turned into what was asked for, where the two differ. A vector
in base64 is its 32-bit floats, little-endian, as OpenAI's API has it. Members that the API requires and a host leaves
out (usage is one) are filled in.
"""

import sys
from array import array
from binascii import Error, a2b_base64, b2a_base64
from typing import Any

import msgspec
from msgspec import Raw

from router.catalog.upstream import Upstream
from router.errors import UpstreamBroken, UpstreamRejected
from router.request import Request, Vectors
from router.usage import Usage
from router.wire.chat_answer import MALFORMED
from router.wire.embedding_dialects import embedding_dialect_of
from router.wire.upstream_error import problem_in_answer
from router.wire.usage_report import read_input_usage
from router.wire.whole_body import WholeBody

_FLOAT_BYTES = 4
_COUNTS = ("prompt_tokens", "total_tokens")
_KIND = Raw(b'"embedding"')


class _Answer(msgspec.Struct, gc=False):
    """The members that are read; the vectors stay bytes."""

    data: list[dict[str, Raw]] | None = None
    usage: Any = None
    error: Any = None
    object: Any = None
    model: Any = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_members = msgspec.json.Decoder(dict[str, Raw]).decode
_decode_numbers = msgspec.json.Decoder(list[float]).decode
_decode_text = msgspec.json.Decoder(str).decode


class EmbeddingsReader(WholeBody):
    """Reads one answer; see WholeBody."""

    def __init__(self, request: Request, upstream: Upstream, limit_bytes: int) -> None:
        """Start empty; `limit_bytes` bounds the body. ValueError for a request that asks for no vectors."""
        super().__init__(limit_bytes)
        if request.vectors is None:
            raise ValueError("the request asks for no vectors")
        self._vectors: Vectors = request.vectors
        self._input_tokens = request.input_tokens
        self._upstream = upstream

    def _judged(self, body: bytes) -> bytes:
        try:
            answer = _decode_answer(body)
        except MALFORMED:
            raise UpstreamBroken("The upstream's answer is not a list of embeddings in JSON.") from None
        if answer.error or answer.object == "error":
            raise problem_in_answer(msgspec.json.decode(body)).error()
        self._count(answer)
        vectors = [item.get("embedding") for item in answer.data or ()]
        if len(vectors) != self._vectors.count or any(vector is None for vector in vectors):
            raise UpstreamBroken(f"The upstream answered {len(vectors)} vectors for {self._vectors.count} texts.")
        items = answer.data or []
        changed = self._vectors.floats and self._as_asked(items)
        if _numbered(items) or changed:
            lacking: dict[str, Any] = {"data": items}
        else:
            lacking = {}
        lacking |= self._lacking(answer)
        self.began = True
        return msgspec.json.encode(_decode_members(body) | lacking) if lacking else body

    def _count(self, answer: _Answer) -> None:
        """Read or estimate what was used: it is paid for, whatever the vectors are like."""
        reports_cost = embedding_dialect_of(self._upstream.provider.kind).reports_cost
        counted = read_input_usage(answer.usage, reports_cost=reports_cost)
        self.usage = counted or Usage(input=self._input_tokens, output=0, estimated=True)

    def _lacking(self, answer: _Answer) -> dict[str, Any]:
        """Return the members that the API requires and this answer lacks; its usage is the one in the ledger."""
        lacking: dict[str, Any] = {}
        if answer.object is None:
            lacking["object"] = "list"
        if answer.model is None:
            lacking["model"] = self._upstream.model
        told = answer.usage if isinstance(answer.usage, dict) else {}
        if self.usage is not None and not all(_is_count(told.get(name)) for name in _COUNTS):
            lacking["usage"] = told | dict.fromkeys(_COUNTS, self.usage.input)
        return lacking

    def _as_asked(self, items: list[dict[str, Raw]]) -> bool:
        """Put the vectors into the encoding that was asked for; tell whether one of them had another."""
        changed = False
        for item in items:
            vector = bytes(item["embedding"])
            length = _length(vector)
            if length is None:
                raise UpstreamBroken("The upstream's answer holds an embedding that is no vector.")
            self._check_length(length)
            if vector.startswith(b'"') is not self._vectors.base64:
                item["embedding"] = Raw(_as_numbers(vector) if vector.startswith(b'"') else _as_base64(vector))
                changed = True
        return changed

    def _check_length(self, length: int) -> None:
        """Refuse a vector of another length than was asked for or declared: it would not fit beside the others."""
        asked, declared = self._vectors.dimensions, self._upstream.dimensions
        if length == (asked or declared or length):
            return
        name = self._upstream.name
        if asked is not None:
            raise UpstreamRejected(
                f"'{name}' answered vectors of {length:,} numbers where {asked:,} were asked for.", param="dimensions"
            )
        raise UpstreamBroken(f"'{name}' answered vectors of {length:,} numbers; {declared:,} are declared.")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _numbered(items: list[dict[str, Raw]]) -> bool:
    """Give each item its place and its kind where the host told neither; tell whether it did not."""
    changed = False
    for place, item in enumerate(items):
        if "index" not in item or "object" not in item:
            item.setdefault("index", Raw(b"%d" % place))
            item.setdefault("object", _KIND)
            changed = True
    return changed


def _length(vector: bytes) -> int | None:
    """Return how many numbers a vector has, as a list or in base64; None when it is neither."""
    if vector.startswith(b"[") and len(vector) > len(b"[]"):
        return vector.count(b",") + 1
    if vector.startswith(b'"') and b"\\" not in vector:
        size = (len(vector) - 2) * 3 // 4 - vector[-3:-1].count(b"=")
        return size // _FLOAT_BYTES if size and size % _FLOAT_BYTES == 0 else None
    return None


def _as_base64(vector: bytes) -> bytes:
    """Return a JSON list of numbers as a JSON string of base64; UpstreamBroken when it is no such list."""
    try:
        floats = array("f", _decode_numbers(vector))
    except (*MALFORMED, OverflowError):
        raise UpstreamBroken("The upstream's answer holds an embedding that is no vector.") from None
    if sys.byteorder == "big":
        floats.byteswap()
    return b'"' + b2a_base64(floats.tobytes(), newline=False) + b'"'


def _as_numbers(vector: bytes) -> bytes:
    """Return a JSON string of base64 as a JSON list of numbers; UpstreamBroken when it is no base64."""
    try:
        floats = array("f", a2b_base64(_decode_text(vector), strict_mode=True))
    except (*MALFORMED, Error, ValueError):
        raise UpstreamBroken("The upstream's answer holds an embedding that is no vector.") from None
    if sys.byteorder == "big":
        floats.byteswap()
    return msgspec.json.encode(floats.tolist())
