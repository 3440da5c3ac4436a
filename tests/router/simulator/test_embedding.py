"""Simulated vectors: the same for the same text, of length 1, nearer where words are shared."""

import base64
import math
import struct
from typing import Any

import pytest

from router.simulator.answer import Invalid
from router.simulator.embedding import embeddings


def vectors(given: Any, **members: Any) -> list[Any]:
    """Return the vectors for some input."""
    answer = embeddings({"model": "sim-embed", "input": given} | members, 64)
    assert [item["index"] for item in answer["data"]] == list(range(len(answer["data"])))
    return [item["embedding"] for item in answer["data"]]


def product(one: list[float], other: list[float]) -> float:
    """Return the scalar product."""
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_the_same_text_has_the_same_vector() -> None:
    """Alone or among others, and its length is 1."""
    [alone], both = vectors("The cat sat."), vectors(["A dog ran.", "The cat sat."])

    assert both[1] == alone != both[0]
    assert len(alone) == 64
    assert product(alone, alone) == pytest.approx(1.0, abs=1e-6)


def test_texts_that_share_words_are_nearer() -> None:
    """So that a search over simulated vectors finds something."""
    near, far, asked = vectors(["the cat sat on a mat", "quarterly figures rose again", "where did the cat sit"])

    assert product(asked, near) > product(asked, far)


def test_base64_holds_the_same_numbers() -> None:
    """32-bit floats, little-endian."""
    [numbers], [text] = vectors("hi"), vectors("hi", encoding_format="base64")

    assert list(struct.unpack("<64f", base64.b64decode(text))) == numbers


@pytest.mark.parametrize("given", [[1, 2, 3], [[1, 2, 3]], ""])
def test_ids_of_tokens_and_nothing_have_a_vector(given: Any) -> None:
    """Every input that the API takes is answered."""
    [vector] = vectors(given, dimensions=8)

    assert len(vector) == 8
    assert product(vector, vector) == pytest.approx(1.0, abs=1e-6)


def test_tokens_are_counted() -> None:
    """One at least for each text."""
    usage = embeddings({"model": "m", "input": ["", "some more words here"]}, 4)["usage"]

    assert usage["prompt_tokens"] == usage["total_tokens"] == 1 + 5


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": [None]}, "input"),
        ({"input": [[]]}, "input"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "dimensions": 65}, "dimensions"),
        ({"input": "a", "dimensions": True}, "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
    ],
)
def test_what_is_no_request_is_invalid(members: dict[str, Any], param: str) -> None:
    """The field is named."""
    with pytest.raises(Invalid) as caught:
        embeddings({"model": "m"} | members, 64)

    assert caught.value.param == param
