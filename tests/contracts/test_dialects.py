"""Each kind of provider takes what tierwise sends to it, and refuses what a client of OpenAI wrote."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.api.inbound import read
from router.errors import UpstreamRejected
from router.policy.rules import Limits
from router.wire.dialects import DIALECTS, dialect_of
from router.wire.openai_chat import build_call
from tests.fakes.strict import refusal
from tests.fakes.values import a_provider, an_upstream

LIMITS = Limits(connect=1.0, first_byte=2.0, idle=3.0)

SPOKEN_TO = (
    *((kind, "some-model") for kind in DIALECTS),
    ("moonshot", "moonshot-v1-128k"),
    ("moonshot", "kimi-k2-0905-preview"),
    ("moonshot", "kimi-k2-thinking"),
    ("moonshot", "kimi-k2.5"),
    ("moonshot", "kimi-k2.6"),
    ("moonshot", "kimi-k2.7-code"),
    ("moonshot", "kimi-k3"),
    ("moonshot", "kimi-k3.1-pro"),
    ("morph", "morph-v3-fast"),
    ("azure", "Kimi-K2.6"),
    ("bedrock", "mistral.mistral-large"),
    ("openai", "gpt-5.4"),
    ("openrouter", "openai/gpt-5.4"),
    ("openrouter", "anthropic/claude"),
    ("openrouter", "amazon/nova"),
    ("openrouter", "mistralai/mistral-medium-3-5"),
)
"""Every kind, and every generation of models that has a table of its own."""

FUNCTION = {"name": "get_weather", "description": "d", "parameters": {"type": "object", "properties": {}}}
CALL = {"id": "abcDEF123", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
MESSAGES = [
    {"role": "system", "content": "Be brief. Answer in JSON."},
    {"role": "user", "content": "Weather in Oslo?"},
    {"role": "assistant", "content": "", "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "abcDEF123", "content": "4 degrees"},
]
RICH: dict[str, Any] = {
    "model": "auto",
    "messages": MESSAGES,
    "temperature": 1.8,
    "top_p": 0.9,
    "n": 2,
    "stop": ["END"],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 500,
    "presence_penalty": 0.1,
    "frequency_penalty": 0.1,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 3,
    "user": "u-1",
    "seed": 7,
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": "required",
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "reasoning_effort": "none",
    "store": True,
    "metadata": {"k": "v"},
    "service_tier": "flex",
    "verbosity": "low",
    "x_unknown": {"model": "y"},
}
"""What a client of OpenAI may ask, at its fullest."""

FREE = ("openai", "azure", "baseten", "fireworks", "morph", "novita", "simulated", "vertex", "vllm")
TAKES_ANYTHING = {(kind, "some-model") for kind in FREE} | {("azure", "Kimi-K2.6"), ("openai", "gpt-5.4")}
CLOSED = {("mistral", "some-model"), ("morph", "morph-v3-fast")}


def rich(kind: str, model: str) -> dict[str, Any]:
    """Return the rich request with the reasoning in its history where the host wants it back."""
    if not dialect_of(kind, model).history.reasoning_with_calls:
        return RICH
    messages = [{**turn, "reasoning_content": "Ask."} if "tool_calls" in turn else turn for turn in MESSAGES]
    return {**RICH, "messages": messages}


def sent(kind: str, model: str, body: dict[str, Any]):
    """Return the call that tierwise makes of a client's body."""
    request = read(json.dumps(body).encode(), request_id="r", caller="c")
    return build_call(request, an_upstream(provider=a_provider(kind=kind), model=model), LIMITS)


def unedited(model: str, body: dict[str, Any]) -> bytes:
    """Return the client's body with nothing but the model changed."""
    return json.dumps({**body, "model": model}).encode()


@pytest.mark.parametrize(("kind", "model"), SPOKEN_TO)
def test_a_rich_request_is_taken(kind, model):
    """What is sent passes the host's own validation, also where the history holds tool calls."""
    assert refusal(kind, sent(kind, model, rich(kind, model)).body) is None


@pytest.mark.parametrize(("kind", "model"), SPOKEN_TO)
def test_an_unedited_request_is_not_taken_by_hosts_with_rules_of_their_own(kind, model):
    """The imitation is strict: OpenAI's own words pass only where the host takes them all."""
    takes = (kind, model) in TAKES_ANYTHING
    assert (refusal(kind, unedited(model, rich(kind, model))) is None) is takes


@pytest.mark.parametrize(("kind", "model"), SPOKEN_TO)
def test_nothing_is_lost_in_silence(kind, model):
    """Each member of the request is sent as it came, or has another name or value there, or is named as dropped."""
    given, rules = rich(kind, model), dialect_of(kind, model).rules
    body = json.loads((call := sent(kind, model, given)).body)
    for name, value in given.items():
        kept = body.get(name) == value or name in ("model", "stream_options")
        assert kept or name in call.dropped or name in rules, name
    assert set(call.dropped) <= RICH.keys()


@pytest.mark.parametrize(("kind", "model"), SPOKEN_TO)
def test_unknown_members_survive_where_the_host_takes_them(kind, model):
    """Only a schema that forbids others loses what tierwise does not know."""
    call = sent(kind, model, RICH)
    closed = (kind, model) in CLOSED
    assert ("x_unknown" in json.loads(call.body)) is not closed
    assert ("x_unknown" in call.dropped) is closed


@pytest.mark.parametrize(("kind", "model"), SPOKEN_TO)
def test_a_plain_request_is_sent_as_it_came(kind, model):
    """Model apart, not a byte changes, and nothing is reported."""
    plain = {"model": "auto", "messages": MESSAGES[:2], "stream": False}
    call = sent(kind, model, plain)
    assert (call.body, call.dropped) == (unedited(model, plain), ())


@dataclass(frozen=True)
class Row:
    """One line of the hosts' differences: what the client sends, what goes out, what is named as dropped."""

    id: str
    at: tuple[str, str]
    given: dict[str, Any]
    sent: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    refused: bool = True


MISTRAL, K2, K25 = ("mistral", "m"), ("moonshot", "kimi-k2-0905-preview"), ("moonshot", "kimi-k2.6")
CODE, K3 = ("moonshot", "kimi-k2.7-code"), ("moonshot", "kimi-k3")
TOGETHER, DEEPINFRA, DEEPSEEK, GROQ = ("together", "m"), ("deepinfra", "m"), ("deepseek", "m"), ("groq", "m")
MOONSHOT = tuple(model for kind, model in SPOKEN_TO if kind == "moonshot")
FORMAT = {"response_format": {"type": "json_object"}}

ROWS = [
    Row("mistral-seed", MISTRAL, {"seed": 7}, {"random_seed": 7}),
    Row("mistral-limit", MISTRAL, {"max_completion_tokens": 5}, {"max_tokens": 5}),
    Row("mistral-tools", MISTRAL, {"tool_choice": "required"}, {"tool_choice": "any"}),
    *(
        Row(f"mistral-{name}", MISTRAL, {name: value}, dropped=(name,))
        for name, value in {
            "logit_bias": {"1": 1},
            "logprobs": True,
            "user": "u",
            "store": True,
            "functions": [FUNCTION],
            "anything": 1,
        }.items()
    ),
    Row("mistral-usage", MISTRAL, {"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}),
    Row("mistral-effort", MISTRAL, {"reasoning_effort": "low"}, {"reasoning_effort": "high"}, ("reasoning_effort",)),
    *(
        Row(f"mistral-{effort}", MISTRAL, {"reasoning_effort": effort}, {"reasoning_effort": effort}, refused=False)
        for effort in ("none", "high")
    ),
    Row("mistral-least", MISTRAL, {"reasoning_effort": "minimal"}, {"reasoning_effort": "none"}, ("reasoning_effort",)),
    Row("mistral-heat", MISTRAL, {"temperature": 1.8}, {"temperature": 1.5}, ("temperature",)),
    Row("mistral-null", MISTRAL, {"user": None}),
    Row("mistral-unsaid", MISTRAL, {"store": False, "logprobs": False}),
    *(
        row
        for model in MOONSHOT
        for row in (
            Row(f"{model}-limit", ("moonshot", model), {"max_tokens": 5}, {"max_completion_tokens": 5}, refused=False),
            Row(f"{model}-bias", ("moonshot", model), {"logit_bias": {"1": 1}}, dropped=("logit_bias",)),
            Row(f"{model}-functions", ("moonshot", model), {"functions": [FUNCTION]}, dropped=("functions",)),
            Row(f"{model}-call", ("moonshot", model), {"function_call": {"name": "f"}}, dropped=("function_call",)),
            Row(f"{model}-stops", ("moonshot", model), {"stop": ["x" * 33]}, dropped=("stop",)),
        )
    ),
    Row("v1-n", ("moonshot", "moonshot-v1-128k"), {"n": 6}, {"n": 5}, ("n",)),
    Row("k2-heat", K2, {"temperature": 1.8}, {"temperature": 1}, ("temperature",)),
    Row("k2-warm", K2, {"temperature": 0.6}, {"temperature": 0.6}, refused=False),
    Row("k2-n", K2, {"n": 6}, {"n": 5}, ("n",)),
    Row("k2-required", K2, {"tool_choice": "required"}, {"tool_choice": "auto"}, ("tool_choice",)),
    Row("k2-effort", K2, {"reasoning_effort": "high"}, dropped=("reasoning_effort",)),
    *(
        Row(f"k25-{name}", K25, {name: 0.5}, dropped=(name,))
        for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty")
    ),
    Row("k25-n", K25, {"n": 2}, dropped=("n",)),
    Row("k25-unsaid", K25, {"temperature": 1, "n": 1}),
    Row("k25-none", K25, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
    Row("k25-least", K25, {"reasoning_effort": "minimal"}, {"thinking": {"type": "disabled"}}, ("reasoning_effort",)),
    Row("k25-own", K25, {"thinking": {"type": "enabled"}}, {"thinking": {"type": "enabled"}}, refused=False),
    Row("k25-high", K25, {"reasoning_effort": "high"}, {"thinking": {"type": "enabled"}}, ("reasoning_effort",)),
    Row("k25-required", K25, {"tool_choice": "required"}, {"tool_choice": "auto"}, ("tool_choice",)),
    Row("code-none", CODE, {"reasoning_effort": "none"}, dropped=("reasoning_effort",)),
    Row("k3-required", K3, {"tool_choice": "required"}, {"tool_choice": "required"}, refused=False),
    *(
        Row(f"k3-{asked}", K3, {"reasoning_effort": asked}, {"reasoning_effort": there}, ("reasoning_effort",))
        for asked, there in {"none": "low", "minimal": "low", "medium": "high", "xhigh": "max"}.items()
    ),
    *(
        Row(f"k3-{effort}", K3, {"reasoning_effort": effort}, {"reasoning_effort": effort}, refused=False)
        for effort in ("low", "high", "max")
    ),
    Row("k3-thinking", K3, {"thinking": {"type": "disabled"}}, dropped=("thinking",)),
    Row("k3-odd", K3, {"reasoning_effort": "odd"}, dropped=("reasoning_effort",)),
    Row("k3-heat", K3, {"temperature": 0.2}, dropped=("temperature",)),
    Row("deepseek-limit", DEEPSEEK, {"max_completion_tokens": 5}, {"max_tokens": 5}, refused=False),
    Row("deepseek-none", DEEPSEEK, {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
    Row("deepseek-low", DEEPSEEK, {"reasoning_effort": "low"}, {"reasoning_effort": "low"}, refused=False),
    Row("together-limit", TOGETHER, {"max_completion_tokens": 5}, {"max_tokens": 5}),
    Row("together-parallel", TOGETHER, {"parallel_tool_calls": False}, dropped=("parallel_tool_calls",)),
    Row("together-user", TOGETHER, {"user": "u"}, dropped=("user",)),
    Row("together-logprobs", TOGETHER, {"logprobs": True}, {"logprobs": 1}),
    Row("together-top", TOGETHER, {"logprobs": True, "top_logprobs": 3}, {"logprobs": 3}),
    Row("together-no-logprobs", TOGETHER, {"logprobs": False}, {"logprobs": 0}),
    *(
        Row(
            f"together-{asked}",
            TOGETHER,
            {"reasoning_effort": asked},
            {"reasoning_effort": there},
            ("reasoning_effort",),
        )
        for asked, there in {"minimal": "low", "xhigh": "high", "max": "high"}.items()
    ),
    Row("together-none", TOGETHER, {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}),
    Row("deepinfra-limit", DEEPINFRA, {"max_completion_tokens": 5}, {"max_tokens": 5}),
    Row("deepinfra-tools", DEEPINFRA, {"tool_choice": "required"}, {"tool_choice": "auto"}, ("tool_choice",)),
    Row("deepinfra-one", DEEPINFRA, {"tool_choice": {"type": "function"}}, {"tool_choice": "auto"}, ("tool_choice",)),
    Row("deepinfra-auto", DEEPINFRA, {"tool_choice": "auto"}, {"tool_choice": "auto"}, refused=False),
    Row("deepinfra-no", DEEPINFRA, {"tool_choice": "none"}, {"tool_choice": "none"}, refused=False),
    Row("nvidia-limit", ("nvidia", "m"), {"max_completion_tokens": 5}, {"max_tokens": 5}),
    Row("ollama-limit", ("ollama", "m"), {"max_completion_tokens": 5}, {"max_tokens": 5}),
    Row("bedrock-n", ("bedrock", "m"), {"n": 2}, {"n": 1}, ("n",)),
    Row("groq-n", GROQ, {"n": 3}, {"n": 1}, ("n",)),
    Row("groq-logprobs", GROQ, {"logprobs": True, "top_logprobs": 2}, dropped=("logprobs", "top_logprobs")),
    Row("openrouter-format", ("openrouter", "m"), FORMAT, {**FORMAT, "provider": {"require_parameters": True}}),
    *(
        Row(f"openrouter-{name}", ("openrouter", "m"), {name: ["other"]}, dropped=(name,))
        for name in ("models", "route", "preset")
    ),
    Row("morph-v3", ("morph", "morph-v3-fast"), {"temperature": 0, "stream": True}, {"stream": True}, ("temperature",)),
    Row("fireworks", ("fireworks", "m"), {"logit_bias": {"1": 1}}, {"logit_bias": {"1": 1}}, refused=False),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_each_difference_is_met(row):
    """The host refuses what the client wrote where its rules say so, takes what is sent, and the loss has a name."""
    kind, model = row.at
    given = {"model": "auto", "messages": MESSAGES[:2], **row.given}
    call = sent(kind, model, given)
    body = json.loads(call.body)
    assert {name: value for name, value in body.items() if name not in ("model", "messages")} == row.sent
    assert (call.dropped, refusal(kind, call.body)) == (row.dropped, None)
    assert (refusal(kind, unedited(model, given)) is not None) is row.refused


@pytest.mark.parametrize(("kind", "model"), [MISTRAL, *(("moonshot", model) for model in MOONSHOT)])
def test_too_many_tools_are_refused_before_they_are_sent(kind, model):
    """128 tools pass; 129 cost no call."""
    tool = RICH["tools"][0]
    body = {"model": "auto", "messages": MESSAGES[:2], "tools": [tool] * 128}
    assert refusal(kind, sent(kind, model, body).body) is None
    body["tools"] = [tool] * 129
    with pytest.raises(UpstreamRejected, match="128") as caught:
        sent(kind, model, body)
    assert (caught.value.status, caught.value.param) == (400, "tools")
    assert refusal(kind, unedited(model, body)).at == "tools"
