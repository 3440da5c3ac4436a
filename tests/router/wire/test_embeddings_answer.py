"""An embedding upstream's answer: judged, counted, and told in the encoding that was asked for."""

import base64
import json
import struct
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalog.upstream import Upstream
from router.errors import RouterError, UpstreamBroken, UpstreamRateLimited, UpstreamRejected
from router.request import Vectors
from router.wire.embeddings_answer import EmbeddingsReader
from tests.fakes.values import a_provider, an_embedder, an_embedding_request

NUMBERS = [0.5, -0.25, 1e-3]
AS_FLOATS = list(struct.unpack("<3f", struct.pack("<3f", *NUMBERS)))


def packed(numbers: list[float]) -> str:
    """Return numbers as OpenAI's API writes them in base64."""
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def answer(*vectors: Any, **members: Any) -> bytes:
    """Return an answer with these vectors."""
    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    usage = {"prompt_tokens": 7, "total_tokens": 7}
    return json.dumps({"object": "list", "data": data, "model": "m", "usage": usage} | members).encode()


def read(body: bytes, upstream: Upstream | None = None, **asked: Any) -> tuple[EmbeddingsReader, bytes]:
    """Return the reader of a whole body, and what it gives out."""
    vectors = Vectors(**({"count": 1, "longest": 1} | asked))
    reader = EmbeddingsReader(an_embedding_request(vectors=vectors), upstream or an_embedder(), 10_000)
    for at in range(0, len(body), 9):
        assert reader.feed(body[at : at + 9]) == b""
    return reader, reader.finish()


@pytest.mark.parametrize("asked_base64", [False, True], ids=["numbers", "base64"])
def test_what_comes_as_it_was_asked_for_is_not_touched(asked_base64: bool) -> None:
    """Not a byte of it changes, and the tokens are those that the upstream counts."""
    body = answer(packed(NUMBERS) if asked_base64 else NUMBERS)

    reader, told = read(body, base64=asked_base64)

    assert told == body
    assert reader.finished
    assert (reader.usage.input, reader.usage.output, reader.usage.estimated) == (7, 0, False)


def test_numbers_become_base64_where_that_was_asked_for() -> None:
    """The vectors alone change."""
    body = answer(NUMBERS, [1, 2, 3], odd={"x": 1})

    _, told = read(body, count=2, base64=True)

    assert json.loads(told) == json.loads(answer(packed(NUMBERS), packed([1, 2, 3]), odd={"x": 1}))


def test_base64_becomes_numbers_where_those_were_asked_for() -> None:
    """A host that writes base64 only serves who reads numbers, too."""
    _, told = read(answer(packed(NUMBERS)))

    assert json.loads(told)["data"][0]["embedding"] == AS_FLOATS


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
def test_no_bit_of_a_vector_is_lost(numbers: list[float]) -> None:
    """There and back again, as 32-bit floats."""
    upstream = an_embedder(dimensions=None)

    _, told = read(answer(numbers), upstream, base64=True)
    _, back = read(told, upstream)

    assert json.loads(back)["data"][0]["embedding"] == numbers


def test_other_kinds_of_number_pass_as_they_came() -> None:
    """Whoever asked a host for bits or bytes gets what it says."""
    body = answer([1, 0])

    assert read(body, floats=False, base64=True)[1] == body


def test_a_length_that_was_asked_for_counts_before_the_declared_one() -> None:
    """The model's own length is meant only where none is asked for."""
    assert read(answer([1.0, 2.0]), dimensions=2)[0].finished


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A body that is no answer, and what is said of it."""

    id: str
    body: bytes
    error: type[RouterError]
    words: str
    dimensions: int | None = None


BROKEN = (
    Case(id="not json", body=b"<html>", error=UpstreamBroken, words="not a list of embeddings"),
    Case(id="empty", body=b"", error=UpstreamBroken, words="not a list of embeddings"),
    Case(id="no data", body=b"{}", error=UpstreamBroken, words="0 vectors for 1 texts"),
    Case(id="too many", body=answer(NUMBERS, NUMBERS), error=UpstreamBroken, words="2 vectors for 1 texts"),
    Case(id="null", body=answer(None), error=UpstreamBroken, words="no vector"),
    Case(id="nothing in it", body=answer([]), error=UpstreamBroken, words="no vector"),
    Case(id="half a number", body=answer("AAAA"), error=UpstreamBroken, words="no vector"),
    Case(id="no base64", body=answer("!" * 16), error=UpstreamBroken, words="no vector"),
    Case(id="shorter", body=answer([1.0]), error=UpstreamBroken, words="of 1 numbers; 3 are declared"),
    Case(id="not obeyed", body=answer(NUMBERS), error=UpstreamRejected, words="where 2 were asked for", dimensions=2),
    Case(
        id="error inside",
        body=b'{"error":{"message":"busy","code":429}}',
        error=UpstreamRateLimited,
        words="too many requests",
    ),
)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_what_is_no_answer_is_not_given_out(case: Case) -> None:
    """Wrong vectors would be stored beside right ones, so they are an error."""
    with pytest.raises(case.error, match=case.words):
        read(case.body, dimensions=case.dimensions)


def test_numbers_that_are_none_are_broken() -> None:
    """What only looks like a list of numbers is no vector."""
    with pytest.raises(UpstreamBroken, match="no vector"):
        read(answer(["a", "b", "c"]), base64=True)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1}, {"prompt_tokens": "7"}, 5])
def test_without_counts_the_input_is_estimated(usage: Any) -> None:
    """Nothing is booked as free because a host does not count."""
    reader, _ = read(answer(NUMBERS, usage=usage))

    assert (reader.usage.input, reader.usage.estimated) == (100, True)


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": "7", "more": 1}, {"prompt_tokens": 3}])
def test_the_client_gets_the_counts_of_the_ledger_where_the_host_tells_none(usage: Any) -> None:
    """The API requires both counts; what else the host tells of its usage stays."""
    reader, told = read(answer(NUMBERS, usage=usage))

    counted = reader.usage.input
    more = {"more": 1} if usage and "more" in usage else {}
    assert json.loads(told)["usage"] == {"prompt_tokens": counted, "total_tokens": counted, **more}


def test_what_the_api_requires_is_filled_in() -> None:
    """Place, kind and model are there though the host told nothing but vectors; what it told stays."""
    data = [{"embedding": NUMBERS, "more": 1}, {"embedding": NUMBERS, "index": 7, "object": "embedding"}]

    told = json.loads(read(json.dumps({"data": data}).encode(), count=2)[1])

    assert (told["object"], told["model"]) == ("list", an_embedder().model)
    assert told["data"] == [{**data[0], "index": 0, "object": "embedding"}, data[1]]


def test_the_bill_of_a_host_that_sends_one_is_read() -> None:
    """OpenRouter's usage.cost is what it charges; from another host it means nothing."""
    usage = {"total_tokens": 7, "cost": 0.0000014}
    openrouter = an_embedder(provider=a_provider(kind="openrouter"))

    assert read(answer(NUMBERS, usage=usage), openrouter)[0].usage.reported_cost == Decimal("0.0000014")
    assert read(answer(NUMBERS, usage=usage))[0].usage.reported_cost is None


def test_what_a_wrong_answer_used_is_known_all_the_same() -> None:
    """It was paid for."""
    reader = EmbeddingsReader(an_embedding_request(), an_embedder(), 10_000)
    reader.feed(answer([1.0]))

    with pytest.raises(UpstreamBroken):
        reader.finish()

    assert reader.consumed().input == 7
