"""The reader of whole answers: nothing goes out before the answer is whole and is one."""

import json
from dataclasses import dataclass

import pytest

from router.errors import RouterError, UpstreamBroken, UpstreamRateLimited
from router.usage import Usage
from router.wire.chat_whole import WholeReader
from router.wire.dialects import dialect_of
from tests.fakes.completion import completion, error, usage
from tests.fakes.values import a_request


def reader_for(kind="openai", limit=1 << 20, **request):
    return WholeReader(a_request(**request), dialect_of(kind), limit)


def body(**fields):
    return json.dumps(completion(**fields)).encode()


def test_gives_the_answer_out_at_the_end_as_it_came():
    """Bytes unchanged, usage included, nothing before finish."""
    answer = body(text="é\u2028", tokens=usage(9, 3), odd={"a": 1})
    reader = reader_for()
    assert [reader.feed(answer[:20]), reader.feed(answer[20:])] == [b"", b""]
    assert not reader.began
    assert reader.finish() == answer
    assert reader.began
    assert reader.finished
    assert reader.consumed() == Usage(input=9, output=3)


def test_estimates_the_usage_that_is_missing():
    """The request's estimate and a token for 4 bytes of what was said."""
    reader = reader_for(input_tokens=33)
    reader.feed(body(text="12345678"))
    reader.finish()
    assert reader.consumed() == Usage(input=33, output=2, estimated=True)


def test_translates_the_finish_reason():
    """A host's own finish_reason becomes OpenAI's."""
    reader = reader_for("mistral")
    reader.feed(body(finish="model_length"))
    assert json.loads(reader.finish())["choices"][0]["finish_reason"] == "length"


def failed(finish=None, **problem):
    """Return choices as OpenRouter writes them when the host behind it failed."""
    message = {"role": "assistant", "content": ""}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish, "error": problem}]}


@pytest.mark.parametrize("error", [None, {}, ""])
def test_an_error_that_is_none_fails_nothing(error):
    """Hosts write the member out where there was no error."""
    answer = body(
        error=error, choices=[{"index": 0, "message": {"content": "x"}, "finish_reason": "stop", "error": error}]
    )
    reader = reader_for()
    reader.feed(answer)
    assert reader.finish() == answer


@dataclass(frozen=True)
class Broken:
    id: str
    body: bytes
    error: type[RouterError] = UpstreamBroken


BROKEN = [
    Broken("empty", b""),
    Broken("blank", b" \n"),
    Broken("html", b"<html></html>"),
    Broken("cut", body()[:-5]),
    Broken("list", b"[]"),
    Broken("no-choices", b'{"id": "x"}'),
    Broken("empty-choices", b'{"choices": []}'),
    Broken("no-message", b'{"choices": [{"index": 0}]}'),
    Broken("one-without-message", b'{"choices": [{"message": {"content": "x"}}, {"message": null}]}'),
    Broken("finish-error", body(finish="error")),
    Broken("gzip", b"\x1f\x8b\x08\x00"),
    Broken("invalid-utf8", b'{"choices": [{"message": {"content": "\xff"}}]}'),
    Broken("error", json.dumps(error("x")).encode()),
    Broken("error-429", b'{"error": {"message": "slow", "code": 429}}', UpstreamRateLimited),
    Broken("detail", b'{"detail": "Internal error"}'),
    Broken("message-429", b'{"code": 429, "msg": "slow"}', UpstreamRateLimited),
    Broken("error-in-choice", body(**failed(code=502, message="x"))),
    Broken("error-in-choice-429", body(**failed(code=429, message="x")), UpstreamRateLimited),
    Broken("error-in-choice-finished", body(**failed("stop", code=502, message="x"))),
    Broken("error-beside-choices", json.dumps({**completion(), "error": {"message": "x"}}).encode()),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_refuses_what_is_no_answer(case):
    """What was not asked for is a failure, and no byte of it is given out."""
    reader = reader_for()
    reader.feed(case.body)
    with pytest.raises(case.error) as caught:
        reader.finish()
    assert type(caught.value) is case.error
    assert reader.failure is caught.value
    assert not reader.began


def test_what_a_failed_answer_reports_is_counted():
    """It may be charged for; where nothing is reported nothing is known."""
    for tokens, expected in ((usage(9, 3), Usage(input=9, output=3)), (None, None)):
        reader = reader_for()
        reader.feed(body(tokens=tokens, **failed("error", code=502, message="x")))
        with pytest.raises(UpstreamBroken):
            reader.finish()
        assert reader.consumed() == expected


def test_a_body_has_a_limit():
    """A body that passes the limit is refused while it arrives."""
    reader = reader_for(limit=10)
    reader.feed(b"x" * 10)
    with pytest.raises(UpstreamBroken, match="10 bytes"):
        reader.feed(b"x")
    with pytest.raises(UpstreamBroken, match="10 bytes"):
        reader.finish()


def test_a_misfit_is_read_for_its_error_only():
    """JSON in place of a stream fails with the error that it names, else because it is no stream."""
    for text, kind in ((body(), UpstreamBroken), (b'{"error": {"message": "m", "code": 429}}', UpstreamRateLimited)):
        reader = WholeReader(a_request(), dialect_of("openai"), 1 << 20, UpstreamBroken("no stream"))
        reader.feed(text)
        with pytest.raises(kind) as caught:
            reader.finish()
        assert (caught.value.message == "no stream") is (kind is UpstreamBroken)


def test_half_a_surrogate_pair_passes_as_it_came():
    """A host in JavaScript may cut an emoji in two: the answer is one all the same, byte for byte."""
    answer = body(text="cut \ud83d", tokens=usage(9, 3))
    reader = reader_for()
    reader.feed(answer)

    assert b"\\ud83d" in answer
    assert reader.finish() == answer
    assert reader.consumed() == Usage(input=9, output=3)


def test_an_error_with_half_a_surrogate_pair_is_an_error():
    """What it says is read, with a sign in place of the half."""
    reader = reader_for()
    reader.feed(json.dumps(error("cut \ud83d")).encode())

    with pytest.raises(RouterError):
        reader.finish()
