"""What the tables say of each provider's answers, errors and histories is what is read, and what the host demands."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from router.errors import RouterError, StreamFailed, UpstreamBroken
from router.policy.rules import Limits
from router.wire import upstream_error
from router.wire.dialect import ErrorShape, StreamUsage
from router.wire.dialects import DIALECTS, GENERATIONS, dialect_of
from router.wire.openai_chat import reply_reader
from router.wire.upstream_error import Remedy, read_problem
from tests.fakes.completion import DONE, chunk, completion, error, event
from tests.fakes.strict import refusal
from tests.fakes.values import a_provider, a_request, an_upstream

LIMITS = Limits(connect=1.0, first_byte=2.0, idle=3.0)
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
KINDS = (
    *((kind, "some-model") for kind in DIALECTS),
    *((kind, beginning) for kind, models in GENERATIONS.items() for beginning, _ in models),
)
SSE, JSON = {"content-type": "text/event-stream"}, {"content-type": "application/json"}
SECRET = "sk-live-0123456789abcdef"


def reader_of(kind: str, model: str, *, stream: bool, wants_usage: bool = False):
    """Return the reader for a reply of this provider."""
    upstream = an_upstream(provider=a_provider(kind=kind), model=model)
    request = a_request(stream=stream, wants_usage=wants_usage)
    return reply_reader(request, upstream, SSE if stream else JSON, LIMITS)


def counts(cached_at: str) -> dict[str, Any]:
    """Return a usage object whose 5 cached tokens stand at this place."""
    outer, _, inner = cached_at.partition(".")
    return {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13, outer: {inner: 5} if inner else 5}


@pytest.mark.parametrize(("kind", "model"), KINDS)
def test_usage_is_read_wherever_the_table_says_that_it_stands(kind, model):
    """Each place of the counts, and of the cached ones in them, is found in a stream."""
    dialect = dialect_of(kind, model)
    for place in dialect.usage:
        for cached in dialect.cached or ("prompt_tokens",):
            tokens = counts(cached) if dialect.cached else {"prompt_tokens": 9, "completion_tokens": 4}
            last = chunk(finish="stop")
            if place == "usage":
                last["usage"] = tokens
            else:
                assert place == "choices[0].usage"
                last["choices"][0]["usage"] = tokens
            reader = reader_of(kind, model, stream=True)
            out = reader.feed(event(chunk({"content": "Hi"}))) + reader.feed(event(last)) + reader.feed(DONE)
            usage = reader.consumed()
            assert (usage.input, usage.output, usage.estimated) == (9, 4, False)
            assert usage.cached_input == (5 if dialect.cached else None)
            assert b"Hi" in out


@pytest.mark.parametrize(("kind", "model"), KINDS)
def test_finish_reasons_become_those_of_openai(kind, model):
    """A client of OpenAI knows every finish_reason it is given, streamed or whole."""
    dialect = dialect_of(kind, model)
    for theirs, ours in {**dialect.finish, "stop": "stop", "length": "length"}.items():
        reader = reader_of(kind, model, stream=True)
        out = reader.feed(event(chunk({"content": "Hi"}))) + reader.feed(event(chunk(finish=theirs)))
        assert f'"finish_reason": "{ours}"'.encode() in out
        whole = reader_of(kind, model, stream=False)
        whole.feed(json.dumps(completion("Hi", finish=theirs)).encode())
        assert json.loads(whole.finish())["choices"][0]["finish_reason"] == ours


@pytest.mark.parametrize(("kind", "model"), KINDS)
def test_an_answer_that_broke_off_is_not_passed_for_an_answer(kind, model):
    """A finish_reason that means failure fails."""
    for reason in dialect_of(kind, model).failing:
        whole = reader_of(kind, model, stream=False)
        whole.feed(json.dumps(completion("Hi", finish=reason)).encode())
        with pytest.raises(UpstreamBroken):
            whole.finish()
        reader = reader_of(kind, model, stream=True)
        reader.feed(event(chunk({"content": "Hi"})))
        with pytest.raises(StreamFailed):
            reader.feed(event(chunk(finish=reason)))


def test_usage_of_streams_is_asked_for_as_the_hosts_want():
    """Who sends it unasked is not asked, who refuses or may not know the option neither."""
    asked = {kind for kind in DIALECTS if dialect_of(kind).stream_usage is StreamUsage.ASK}
    assert {"openai", "azure", "moonshot", "deepseek", "bedrock", "vertex", "vllm", "groq", "ollama"} <= asked
    assert asked.isdisjoint({"mistral", "openrouter", "fireworks", "together", "morph"})


WORDS = f"bad field for key {SECRET}"
BODIES: dict[ErrorShape, Any] = {
    ErrorShape.OBJECT: error(WORDS),
    ErrorShape.TEXT: {"error": WORDS},
    ErrorShape.LIST: [{"error": {"code": 400, "message": WORDS, "status": "INVALID_ARGUMENT"}}],
    ErrorShape.FLAT: {"object": "error", "message": WORDS, "type": "invalid_request_error", "code": "3051"},
    ErrorShape.DETAIL: {"detail": [{"type": "t", "loc": ["body", "x"], "msg": WORDS, "input": "the prompt"}]},
    ErrorShape.MESSAGE: {"Message": WORDS},
    ErrorShape.PROBLEM: {"status": 400, "title": "Bad Request", "detail": WORDS},
    ErrorShape.INSIDE: {"error": {"code": 400, "message": WORDS, "metadata": {"raw": "the prompt"}}},
}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 408, 409, 412, 413, 422, 429, 500, 502, 503, 504, 529])
@pytest.mark.parametrize("shape", [*ErrorShape, None])
def test_every_shape_is_classified_by_its_status_and_tells_no_secret(shape, status):
    """Retry, fail over, gone or the client's fault: for each shape the same, and for an empty body too."""
    body = b"" if shape is None else json.dumps(BODIES[shape]).encode()
    problem = read_problem(status, {}, body, NOW)
    expected = Remedy.RETRY
    if status in (401, 402, 403, 412, 413):
        expected = Remedy.FAIL_OVER
    elif status == 404:
        expected = Remedy.GONE
    elif status in (400, 422):
        expected = Remedy.CLIENT
    assert problem.remedy is expected
    assert problem.lacks == {401: "key", 402: "balance", 403: "right", 404: "model", 412: "balance"}.get(status)
    for told in (problem.message, problem.error().message, str(problem.code), repr(problem)):
        assert SECRET not in told
        assert "the prompt" not in told
    assert shape is None or "bad field" in problem.message


@pytest.mark.parametrize(("kind", "model"), KINDS)
def test_each_host_names_shapes_that_are_known(kind, model):
    """The tables name at least one shape of errors for every host."""
    assert set(dialect_of(kind, model).errors) <= set(ErrorShape)
    assert dialect_of(kind, model).errors


@pytest.mark.parametrize("kind", ["mistral", "moonshot", "nvidia", "bedrock", "groq", "together", "openrouter"])
def test_a_refusal_in_the_hosts_own_words_is_the_clients_fault(kind):
    """What the strict host answers is understood: nobody else is asked, and the member at fault is in the message."""
    refused = refusal(kind, b'{"model":"m","messages":[{"role":"user","content":"x"}],"logit_bias":{},"n":2,'
                            b'"max_completion_tokens":1,"models":[],"logprobs":true}')  # fmt: skip
    problem = read_problem(refused.status, {}, refused.body, NOW)
    assert problem.remedy is Remedy.CLIENT
    assert refused.at in problem.message
    assert problem.status == refused.status


def read_to_the_end(reader, data: bytes) -> None:
    """Read a whole reply."""
    reader.feed(data)
    reader.finish()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("code", "remedy"),
    [(429, "rate_limit_error"), ("rate_limit_exceeded", "rate_limit_error"), (400, "invalid_request_error")],
)
def test_an_error_inside_a_200_is_classified(stream, code, remedy):
    """OpenRouter's way: a fresh stream or a whole answer of status 200 that holds an error."""
    told = {"error": {"code": code, "message": WORDS}}
    reader = reader_of("openrouter", "m", stream=stream)
    with pytest.raises(RouterError) as caught:
        read_to_the_end(reader, event(told) if stream else json.dumps(told).encode())
    assert caught.value.type == remedy
    assert SECRET not in caught.value.message


HISTORY = [
    {"role": "user", "content": "q"},
    {"role": "assistant", "content": "", "tool_calls": [{"id": "ID", "type": "function", "function": {"name": "f"}}]},
    {"role": "tool", "tool_call_id": "ID", "content": "r"},
]


def history_is_taken(kind: str, messages: list[dict[str, Any]]) -> bool:
    """Tell whether the host takes these messages."""
    return refusal(kind, json.dumps({"model": "m", "messages": messages}).encode()) is None


@pytest.mark.parametrize(("name", "fits"), [("abcDEF123", True), ("call_abcdefghij", False), ("functions.f:0", False)])
def test_mistral_takes_the_ids_that_its_table_describes(name, fits):
    """Nine letters and digits, no other."""
    assert bool(re.fullmatch(dialect_of("mistral").history.call_id, name)) is fits
    assert history_is_taken("mistral", json.loads(json.dumps(HISTORY).replace("ID", name))) is fits


@pytest.mark.parametrize(("name", "fits"), [("get_weather", True), ("a-b-1", True), ("ls", False), ("1ab", False)])
def test_moonshot_takes_the_tools_that_its_table_describes(name, fits):
    """Three to 64 characters, a letter or underscore first."""
    dialect = dialect_of("moonshot", "kimi-k3")
    body = {"model": "kimi-k3", "messages": HISTORY[:1], "tools": [{"type": "function", "function": {"name": name}}]}
    assert bool(re.fullmatch(dialect.tool_name, name)) is fits
    assert (refusal("moonshot", json.dumps(body).encode()) is None) is fits


def test_histories_that_the_tables_rule_out_are_refused():
    """Order, names, silence, parts and missing reasoning: what whoever rewrites messages must mend."""
    good = json.loads(json.dumps(HISTORY).replace("ID", "abcDEF123"))
    mistral = dialect_of("mistral").history
    assert history_is_taken("mistral", good)
    assert "user" not in mistral.after_tool
    assert not history_is_taken("mistral", [*good, {"role": "user", "content": "x"}])
    assert "assistant" not in mistral.last
    assert not history_is_taken("mistral", [*good, {"role": "assistant", "content": "x"}])
    assert history_is_taken("mistral", [*good, {"role": "assistant", "content": "x", mistral.prefix: True}])
    assert "user" not in mistral.names_on
    assert not history_is_taken("mistral", [{"role": "user", "content": "x", "name": "n"}])
    assert not mistral.empty_assistant
    assert not history_is_taken("mistral", [{"role": "assistant", "content": ""}, good[0]])
    assert dialect_of("deepinfra").history.text_only_tool
    assert not history_is_taken("deepinfra", [*good[:2], {**good[2], "content": [{"type": "text", "text": "r"}]}])
    assert dialect_of("deepseek").history.reasoning_with_calls
    assert not history_is_taken("deepseek", good)
    assert dialect_of("groq").history.names_on == frozenset()
    assert not history_is_taken("groq", [{"role": "user", "content": "x", "name": "n"}])


def test_the_kinds_of_problems_are_still_those_of_the_policy():
    """Every remedy is reached from some kind."""
    reached = {upstream_error.UpstreamProblem(kind=kind, status=400, message="", lacks=lacks).remedy
               for kind in ("rate_limited", "timeout", "refused", "broken", "rejected", "overflow")
               for lacks in (None, "model")}  # fmt: skip
    assert reached == set(Remedy)
