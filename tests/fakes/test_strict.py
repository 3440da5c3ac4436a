"""The strict hosts refuse what real ones refuse, in their words, and take what those take."""

import json
from typing import Any

import pytest

from tests.fakes.strict import HOSTS, host_of, refusal

USER = {"role": "user", "content": "x"}
TOOL = {"type": "function", "function": {"name": "get_weather"}}


def judged(kind: str, model: str = "m", **members: Any):
    """Return what a host says to a body with these members."""
    return refusal(kind, json.dumps({"model": model, "messages": [USER], **members}).encode())


@pytest.mark.parametrize("kind", HOSTS)
def test_a_plain_request_is_taken(kind):
    """Model and messages are enough; the route's name is no model."""
    assert judged(kind) is None
    assert judged(kind, "auto").at == "model"
    assert refusal(kind, b'{"model":"m","messages":[]}').at == "messages"


@pytest.mark.parametrize(
    ("kind", "model", "members", "at"),
    [
        ("mistral", "m", {"stream_options": {}}, "stream_options"),
        ("mistral", "m", {"temperature": 1.6}, "temperature"),
        ("mistral", "m", {"tools": [TOOL] * 129}, "tools"),
        ("moonshot", "kimi-k3", {"thinking": {"type": "disabled"}}, "thinking"),
        ("moonshot", "kimi-k3", {"tools": [{"type": "function", "function": {"name": "ls"}}]}, "tools"),
        ("moonshot", "kimi-k3", {"stop": ["a"] * 6}, "stop"),
        ("moonshot", "kimi-k2.6", {"top_p": 0.95}, "top_p"),
        ("moonshot", "kimi-k2.7-code", {"thinking": {"type": "disabled"}}, "thinking"),
        ("moonshot", "kimi-k2-0905-preview", {"n": 6}, "n"),
        ("together", "m", {"logprobs": True}, "logprobs"),
        ("together", "m", {"logprobs": 21}, "logprobs"),
        ("openrouter", "m", {"models": ["b"]}, "models"),
        ("morph", "morph-v3-large", {"temperature": 0}, "temperature"),
        ("bedrock", "m", {"n": 2}, "n"),
    ],
)
def test_refuses(kind, model, members, at):
    """The member at fault is the one that the host's rules speak of, and the answer is a client error in JSON."""
    refused = judged(kind, model, **members)
    assert refused.at == at
    assert refused.status in (400, 422)
    assert at in json.dumps(json.loads(refused.body))


@pytest.mark.parametrize(
    ("kind", "model", "members"),
    [
        ("mistral", "m", {"random_seed": 1, "tool_choice": {"type": "function", "function": {"name": "f"}}}),
        ("moonshot", "kimi-k2.6", {"thinking": {"type": "disabled"}}),
        ("moonshot", "kimi-k2-0905-preview", {"temperature": 0.6, "n": 5}),
        ("moonshot", "kimi-k3", {"tool_choice": "required", "tools": [TOOL], "stop": ["a" * 32] * 5}),
        ("together", "m", {"logprobs": 20}),
        ("morph", "morph-v3-large", {"stream": True}),
        ("vllm", "m", {"anything": 1}),
    ],
)
def test_takes(kind, model, members):
    """What the host's documentation allows passes."""
    assert judged(kind, model, **members) is None


def test_mistral_words_its_refusals_as_it_does():
    """422 with a place for what is unknown, numbered 400s for ids and order."""
    unknown = judged("mistral", store=False)
    assert unknown.status == 422
    assert json.loads(unknown.body)["message"]["detail"][0]["loc"] == ["body", "store"]
    order = refusal(
        "mistral", json.dumps({"model": "m", "messages": [USER, {"role": "assistant", "content": "y"}]}).encode()
    )
    assert (order.status, json.loads(order.body)["code"]) == (400, "3230")


def test_a_model_without_a_generation_of_its_own_is_judged_by_its_kind():
    """Only listed beginnings have rules of their own."""
    assert host_of("moonshot", "kimi-k9") is HOSTS["moonshot"]
    assert host_of("vllm", "kimi-k2.6") is HOSTS["vllm"]
