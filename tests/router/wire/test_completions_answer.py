"""Chat completions told as completions: whole, and as a stream wherever it is cut."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import UpstreamBroken
from router.wire.completions_answer import Completion, CompletionStream, whole_completion
from tests.fakes.completion import DONE, chunk, completion, event, stream_events, usage


def told(data: bytes) -> dict[str, Any]:
    """Return what a whole chat completion is told as."""
    return json.loads(whole_completion(data, Completion("cmpl-1", 5, "m")))


def streamed(*events: bytes, size: int | None = None) -> list[dict[str, Any]]:
    """Return the chunks of a stream that comes in pieces of `size` bytes, None: event by event; [DONE] must be last."""
    stream, raw = CompletionStream(Completion("cmpl-1", 5, "m")), b"".join(events)
    pieces = events if size is None else [raw[at : at + size] for at in range(0, len(raw), size)]
    out = b"".join(stream.feed(piece) for piece in pieces)
    assert out.endswith(DONE)
    return [json.loads(line[6:]) for line in out.split(b"\n\n")[:-2] if line.startswith(b"data: ")]


def test_a_whole_answer() -> None:
    """The text, the reason, the usage, under the ids of this API."""
    answer = told(json.dumps(completion("Paris.", tokens=usage())).encode())

    source = completion("Paris.", tokens=usage())
    assert answer == {
        "id": "cmpl-1",
        "object": "text_completion",
        "created": source["created"],
        "model": source["model"],
        "choices": [{"text": "Paris.", "index": 0, "logprobs": None, "finish_reason": "stop"}],
        "usage": source["usage"],
    }


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"content": 'a "quote" é \ud83d\ude00'.encode("utf-16", "surrogatepass").decode("utf-16")}, 'a "quote" é 😀'),
        ({"content": None}, ""),
        ({}, ""),
        ({"content": None, "refusal": "No."}, "No."),
        ({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "a"}, {"text": "b"}]}, "ab"),
    ],
)
def test_every_form_of_content(message: dict[str, Any], text: str) -> None:
    """Parts are joined, a refusal is text, nothing is an empty text."""
    answer = told(json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode())

    assert answer["choices"] == [{"text": text, "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert (answer["created"], answer["model"]) == (5, "m")
    assert "usage" not in answer


@pytest.mark.parametrize("data", [b"", b"[]", b'{"choices":[{"message":{"content":[1]}}]}', b'{"choices":7}'])
def test_what_is_no_answer_is_broken(data: bytes) -> None:
    """It is found out before anything is sent."""
    with pytest.raises(UpstreamBroken):
        told(data)


def test_a_stream() -> None:
    """Chunks that only name the role lead to nothing; the last one has the reason."""
    chunks = streamed(*stream_events(["Pa", "ris", "", ' "x"'], tokens=None))

    assert [one["choices"][0]["text"] for one in chunks] == ["Pa", "ris", ' "x"', ""]
    assert [one["choices"][0]["finish_reason"] for one in chunks] == [None, None, None, "stop"]
    assert {(one["id"], one["object"]) for one in chunks} == {("cmpl-1", "text_completion")}
    assert all(one["choices"][0]["logprobs"] is None for one in chunks)


def test_usage_comes_where_it_was_asked_for() -> None:
    """In a chunk without choices, as in the other API; null is nothing."""
    first = chunk({"content": "Hi"}) | {"usage": None}
    role = chunk({"role": "assistant", "content": ""}) | {"usage": None}

    chunks = streamed(
        event(role), event(first), event(chunk(finish="stop")), event(chunk(choices=[], usage=usage())), DONE
    )

    assert [len(one["choices"]) for one in chunks] == [1, 1, 0]
    assert "usage" not in chunks[0]
    assert chunks[-1]["usage"] == usage()


def test_choices_are_kept_apart() -> None:
    """With n, each piece names its choice."""
    pieces = [chunk(choices=[{"index": n % 2, "delta": {"content": str(n)}, "finish_reason": None}]) for n in range(6)]

    chunks = streamed(*map(event, pieces), DONE)

    assert [(one["choices"][0]["index"], one["choices"][0]["text"]) for one in chunks] == [
        (n % 2, str(n)) for n in range(6)
    ]


def test_errors_and_comments_pass() -> None:
    """Both APIs say them alike."""
    stream = CompletionStream(Completion("cmpl-1", 5, "m"))
    error = event({"error": {"message": "no", "type": "api_error", "param": None, "code": "x"}})

    assert stream.feed(b": still here\n\n") == b": still here\n\n"
    assert stream.feed(error) == error


def test_an_event_that_is_no_chunk_is_broken() -> None:
    """Nothing is guessed."""
    with pytest.raises(UpstreamBroken):
        CompletionStream(Completion("cmpl-1", 5, "m")).feed(b"data: nonsense\n\n")


@given(
    texts=st.lists(st.text(max_size=5), min_size=1, max_size=8),
    size=st.one_of(st.none(), st.integers(min_value=1, max_value=50)),
)
def test_the_text_is_the_same_however_it_is_cut(texts: list[str], size: int | None) -> None:
    """Also with quotes, escapes and letters of several bytes."""
    chunks = streamed(*stream_events(texts, tokens=None), size=size)

    assert "".join(one["choices"][0]["text"] for one in chunks) == "".join(texts)
