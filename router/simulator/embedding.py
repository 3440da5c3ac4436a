"""Simulated embeddings: vectors that need no model, the same for the same text, nearer where texts share words."""

import base64
import math
import re
import struct
from hashlib import blake2b
from typing import Any

from router.simulator.answer import Invalid

_WORD = re.compile(r"\w+")
_BYTES_A_TOKEN = 4
_MOST_INPUTS = 2_048


def embeddings(body: dict[str, Any], dimensions: int) -> dict[str, Any]:
    """Return the answer to an embedding request, vectors of `dimensions` numbers unless it wants fewer; Invalid."""
    texts = _texts(body.get("input"))
    wanted = body.get("dimensions")
    if wanted is not None and not (type(wanted) is int and 0 < wanted <= dimensions):
        raise Invalid(f"'dimensions' must be a number from 1 to {dimensions}.", "dimensions")
    encoding = body.get("encoding_format") or "float"
    if encoding not in ("float", "base64"):
        raise Invalid("'encoding_format' must be float or base64.", "encoding_format")
    vectors = [_vector(words, wanted or dimensions) for words in texts]
    used = sum(max(1, sum(len(word) + 1 for word in words) // _BYTES_A_TOKEN) for words in texts)
    return {
        "object": "list",
        "data": [
            {"object": "embedding", "index": index, "embedding": _base64(vector) if encoding == "base64" else vector}
            for index, vector in enumerate(vectors)
        ],
        "model": body["model"],
        "usage": {"prompt_tokens": used, "total_tokens": used},
    }


def _texts(given: Any) -> list[list[str]]:
    """Return the words of each text of `input`; token ids are words as well."""
    texts = [given] if isinstance(given, str) or (isinstance(given, list) and given and _are_ids(given)) else given
    if not isinstance(texts, list) or not 0 < len(texts) <= _MOST_INPUTS:
        raise Invalid(f"'input' must be a text, or a list of at most {_MOST_INPUTS} texts.", "input")
    return [_words(text) for text in texts]


def _are_ids(given: list[Any]) -> bool:
    return all(type(one) is int for one in given)


def _words(text: Any) -> list[str]:
    if isinstance(text, str):
        return _WORD.findall(text.lower())
    if isinstance(text, list) and text and _are_ids(text):
        return [str(one) for one in text]
    raise Invalid("'input' holds what is neither a text nor a list of token ids.", "input")


def _vector(words: list[str], dimensions: int) -> list[float]:
    """Return a vector of length 1: each word adds or takes at a place of its own, no word at all at the first."""
    vector = [0.0] * dimensions
    vector[0] = 0.5
    for word in words:
        digest = blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()
        place = int.from_bytes(digest[:7], "big") % dimensions
        vector[place] += 1.0 if digest[7] & 1 else -1.0
    norm = math.sqrt(sum(number * number for number in vector))
    if norm == 0.0:
        vector[0] = norm = 1.0
    packed = struct.pack(f"<{dimensions}f", *(number / norm for number in vector))
    return list(struct.unpack(f"<{dimensions}f", packed))


def _base64(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
