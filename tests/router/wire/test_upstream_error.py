"""One parser for every host's errors: kind, code and a message that is fit for a client."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import UpstreamBroken, UpstreamRateLimited, UpstreamRefused, UpstreamRejected, UpstreamTimeout
from router.wire import upstream_error as kinds
from router.wire.upstream_error import Remedy, UpstreamProblem, problem_in_answer, read_problem

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    id: str
    status: int
    body: Any
    kind: str
    message: str = ""
    code: str | None = None
    param: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


HOSTLESS = "No endpoints found that can handle the requested parameters."


def openai(message, kind="invalid_request_error", code=None, param=None):
    return {"error": {"message": message, "type": kind, "code": code, "param": param}}


CASES = [
    Case("openai-400", 400, openai("bad x", code="bad", param="x"), kinds.REJECTED, "bad x", "bad", "x"),
    Case("openai-401", 401, openai("Incorrect API key", code="invalid_api_key"), kinds.REFUSED),
    Case("openai-429", 429, openai("slow", "requests", "rate_limit_exceeded"), kinds.RATE_LIMITED),
    Case("quota", 429, openai("You exceeded your current quota", "insufficient_quota"), kinds.REFUSED),
    Case("moonshot-quota", 429, openai("x", "exceeded_current_quota_error"), kinds.REFUSED),
    Case("moonshot-busy", 429, openai("engine overloaded", "engine_overloaded_error"), kinds.RATE_LIMITED),
    Case("overflow", 400, openai("m", code="context_length_exceeded"), kinds.OVERFLOW),
    Case("overflow-words", 400, openai("maximum context length is 8 tokens"), kinds.OVERFLOW),
    Case("overflow-413", 413, openai("maximum context length is 8 tokens"), kinds.OVERFLOW),
    Case("too-large-413", 413, b"", kinds.UNFIT),
    Case("too-large-page", 413, b"<html>413 Request Entity Too Large</html>", kinds.UNFIT),
    Case("overflow-500", 500, {"error": {"message": "Requested input length 9 exceeds 8"}}, kinds.OVERFLOW),
    Case("deepseek-402", 402, openai("Insufficient Balance"), kinds.REFUSED),
    Case("deepseek-model", 400, openai("Model Not Exist"), kinds.REFUSED),
    Case("model-404", 404, openai("no", code="model_not_found"), kinds.REFUSED),
    Case("google-key-400", 400, openai("API key not valid."), kinds.REFUSED),
    Case("baseten", 400, {"error": "bad field"}, kinds.REJECTED, "bad field"),
    Case(
        "vertex-list",
        429,
        [{"error": {"code": 429, "message": "m", "status": "RESOURCE_EXHAUSTED"}}],
        kinds.RATE_LIMITED,
    ),
    Case(
        "vertex-400", 400, [{"error": {"code": 400, "message": "m", "status": "INVALID_ARGUMENT"}}], kinds.REJECTED, "m"
    ),
    Case("mistral", 400, {"object": "error", "message": "m", "type": "t", "code": "3230"}, kinds.REJECTED, "m", "3230"),
    Case(
        "mistral-422",
        422,
        {"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "x"], "msg": "Extra"}]}},
        kinds.REJECTED,
        "body.x: Extra",
    ),
    Case(
        "validation-422",
        422,
        {"detail": [{"type": "t", "loc": ["body", "n"], "msg": "m", "input": "the prompt"}, 5]},
        kinds.REJECTED,
        "body.n: m",
    ),
    Case("detail-text", 400, {"detail": "no"}, kinds.REJECTED, "no"),
    Case("aws", 403, {"message": "The security token included in the request is invalid."}, kinds.REFUSED),
    Case("aws-capital", 403, {"Message": "Invalid API Key format"}, kinds.REFUSED),
    Case("aws-throttle", 429, {"message": "Too many tokens, please wait before trying again."}, kinds.RATE_LIMITED),
    Case(
        "aws-throttle-400",
        400,
        {"message": "m"},
        kinds.RATE_LIMITED,
        headers={"x-amzn-errortype": "ThrottlingException:http://internal"},
    ),
    Case("aws-model", 400, {"message": "The provided model identifier is invalid."}, kinds.REFUSED),
    Case("nvidia", 429, {"status": 429, "title": "Too Many Requests"}, kinds.RATE_LIMITED),
    Case("openrouter-402", 402, {"error": {"code": 402, "message": "credits"}}, kinds.REFUSED),
    Case(
        "openrouter-moderated",
        403,
        {"error": {"code": 403, "message": "flagged", "metadata": {"reasons": ["x"], "flagged_input": "the prompt"}}},
        kinds.REJECTED,
        "flagged",
    ),
    Case(
        "openrouter-raw-overflow",
        400,
        {"error": {"code": 400, "message": "Provider returned error", "metadata": {"raw": "prompt is too long"}}},
        kinds.OVERFLOW,
    ),
    Case(
        "nvidia-422",
        422,
        {"title": "T", "status": 422, "detail": "body -> n\n  Extra"},
        kinds.REJECTED,
        "body -> n Extra",
    ),
    Case(
        "json-in-text",
        422,
        {
            "object": "error",
            "message": json.dumps({"detail": [{"loc": ["body", "n"], "msg": "m", "input": "the prompt"}]}),
        },
        kinds.REJECTED,
        "body.n: m",
    ),
    Case("json-in-text-error", 400, openai('{"error": "bad n"}'), kinds.REJECTED, "bad n"),
    Case("not-quite-json", 400, openai("{bad n"), kinds.REJECTED, "{bad n"),
    Case(
        "python-in-text",
        400,
        openai("[{'loc': ('body', 'n'), 'msg': 'm', 'input': 'the prompt'}]"),
        kinds.REJECTED,
        "[{'loc': ('body', 'n'), 'msg': 'm', ...",
    ),
    Case("several", 400, {"errors": [{"message": "bad n", "code": "c"}]}, kinds.REJECTED, "bad n", "c"),
    Case("aws-type", 400, {"__type": "com.amazon#ThrottlingException", "message": "m"}, kinds.RATE_LIMITED),
    Case("ollama-404", 404, openai('model "x" not found, try pulling it first', "api_error"), kinds.REFUSED),
    Case("openrouter-hostless", 404, {"error": {"code": 404, "message": HOSTLESS}}, kinds.REFUSED),
    Case("morph", 400, {"error": {"code": "invalid_request_error", "message": "m"}}, kinds.REJECTED, "m"),
    Case("azure-429", 429, {"error": {"code": "429", "message": "Please retry after 20 seconds."}}, kinds.RATE_LIMITED),
    Case("vllm", 400, {"object": "error", "message": "m", "type": "BadRequestError", "code": 400}, kinds.REJECTED, "m"),
    Case("empty-500", 500, b"", kinds.BROKEN),
    Case("html-502", 502, b"<html>bad gateway at 10.0.0.1</html>", kinds.BROKEN),
    Case("text-400", 400, b"no such field", kinds.REJECTED, "no such field"),
    Case("503", 503, {"error": {"message": "overloaded"}}, kinds.BROKEN),
    Case("529", 529, b"", kinds.BROKEN),
    Case("408", 408, b"", kinds.TIMEOUT),
    Case("504", 504, b"", kinds.TIMEOUT),
    Case("redirect", 307, b"", kinds.BROKEN),
    Case("201", 201, b"{}", kinds.BROKEN),
    Case("405", 405, b"", kinds.REFUSED),
    Case("409", 409, b"", kinds.BROKEN),
    Case("410", 410, b"", kinds.REFUSED),
    Case("deep", 400, b"[" * 60_000, kinds.REJECTED),
    Case("huge", 400, b'{"error": "' + b"x" * 100_000 + b'"}', kinds.REJECTED),
    Case("binary", 400, b"\xff\xfe", kinds.REJECTED),
    Case("number", 400, b"5", kinds.REJECTED),
    Case("empty-list", 400, [], kinds.REJECTED),
]


def read(case):
    body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    return read_problem(case.status, case.headers, body, NOW)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_understands(case):
    """Each host's body gives the kind, and for the client's own faults the host's words."""
    problem = read(case)
    assert (problem.kind, problem.status) == (case.kind, case.status)
    if case.message:
        assert problem.message == case.message
    if case.code or case.param:
        assert (problem.code, problem.param) == (case.code, case.param)


ERRORS = {
    kinds.RATE_LIMITED: UpstreamRateLimited,
    kinds.TIMEOUT: UpstreamTimeout,
    kinds.REFUSED: UpstreamRefused,
    kinds.BROKEN: UpstreamBroken,
    kinds.REJECTED: UpstreamRejected,
    kinds.OVERFLOW: UpstreamRejected,
    kinds.UNFIT: UpstreamRejected,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_becomes_an_error(case):
    """Each kind is one error; the host's words reach the client only where its request is at fault."""
    error = read(case).error()
    assert type(error) is ERRORS[case.kind]
    assert error.message
    assert "the prompt" not in error.message
    assert "10.0.0.1" not in error.message
    if case.kind in (kinds.REFUSED, kinds.BROKEN, kinds.RATE_LIMITED):
        assert str(case.status) in error.message or case.kind == kinds.RATE_LIMITED


def test_a_rejection_keeps_status_code_and_param():
    """The client sees the upstream's 400, 413 or 422 as it was."""
    error = UpstreamProblem(kind=kinds.REJECTED, status=422, message="m", code="c", param="p").error()
    assert (error.status, error.code, error.param, error.message) == (422, "c", "p", "m")
    overflow = UpstreamProblem(kind=kinds.OVERFLOW, status=500, message="m").error()
    assert (overflow.status, overflow.code) == (400, "context_length_exceeded")


def test_takes_the_wait_from_headers_before_words():
    """A header names the wait; without one the sentence does."""
    body = json.dumps(openai("Please try again in 20s.")).encode()
    assert read_problem(429, {"retry-after": "3"}, body, NOW).retry_after == 3.0
    assert read_problem(429, {}, body, NOW).retry_after == 20.0
    assert read_problem(429, {}, b"", NOW).retry_after is None
    assert read_problem(429, {}, body, NOW).error().retry_after == 20.0


def test_removes_secrets_from_the_message():
    """A message that names a key or an address loses it."""
    problem = read_problem(400, {}, b'{"error": "key sk-abcdef123456 at https://x.example/y is bad"}', NOW)
    assert problem.message == "key [...] at [...] is bad"


@pytest.mark.parametrize(
    ("status", "body", "remedy"),
    [
        (400, openai("Model Not Exist"), Remedy.GONE),
        (400, openai("m", code="model_not_found"), Remedy.GONE),
        (400, {"message": "The model x isn't supported on this route"}, Remedy.GONE),
        (404, b"", Remedy.GONE),
        (410, b"", Remedy.GONE),
        (404, {"error": {"code": 404, "message": HOSTLESS}}, Remedy.FAIL_OVER),
        (401, openai("Incorrect API key", code="invalid_api_key"), Remedy.FAIL_OVER),
        (402, openai("Insufficient Balance"), Remedy.FAIL_OVER),
        (429, openai("x", "exceeded_current_quota_error"), Remedy.FAIL_OVER),
        (429, openai("x", "engine_overloaded_error"), Remedy.RETRY),
        (409, b"", Remedy.RETRY),
        (529, b"", Remedy.RETRY),
        (400, openai("bad x"), Remedy.CLIENT),
        (413, openai("m", code="context_length_exceeded"), Remedy.CLIENT),
        (413, b"", Remedy.FAIL_OVER),
    ],
)
def test_names_the_remedy(status, body, remedy):
    """Retry, fail over, the model is gone, or the request must change."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    assert read_problem(status, {}, raw, NOW).remedy is remedy


def test_a_body_too_large_for_one_gateway_is_told_as_such():
    """It says nothing of the context, nor of what others would get there."""
    problem = read_problem(413, {}, b"<html>nginx</html>", NOW)
    error = problem.error()
    assert (problem.guessed, error.status, error.code) == (True, 413, "request_too_large")


def test_a_request_that_no_host_behind_can_serve_harms_nobody():
    """A 404 for want of a fitting host says nothing of the model: others may use it."""
    body = json.dumps({"error": {"code": 404, "message": HOSTLESS}}).encode()
    problem = read_problem(404, {}, body, NOW)
    assert (problem.guessed, problem.lacks) == (True, None)
    assert not read_problem(404, {}, b"", NOW).guessed


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "Message", "detail", "code", "type", "metadata", "raw", "loc", "msg", "param"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(JSON, st.integers(100, 599))
def test_understands_anything(value, status):
    """No body of any shape raises."""
    problem = read_problem(status, {}, json.dumps(value).encode(), NOW)
    assert problem.kind in ERRORS
    assert problem_in_answer(value).kind in ERRORS
