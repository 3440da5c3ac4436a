"""Strict imitations of hosts' request validation: a body goes in, None or the host's own refusal comes out.

Written from the hosts' documentation and from refusals that their users reported, not from router.wire.dialects: what
tierwise sends must pass here, what a client of OpenAI sends need not.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes import strict_messages as turns

Body = dict[str, Any]
Check = Callable[[Body], str | None]
"""Returns the member that is at fault, None where there is nothing to refuse."""

Says = Callable[[str], tuple[int, Any]]


@dataclass(frozen=True)
class Refusal:
    """What the host answers: its status, its body, and the member at fault (for tests)."""

    status: int
    body: bytes
    at: str


@dataclass(frozen=True)
class Strict:
    """One host's validation: its checks in order, and how it words a refusal."""

    checks: tuple[Check, ...]
    says: Says


def refusal(kind: str, body: bytes) -> Refusal | None:
    """Return what a host of this kind refuses `body` with, None when it takes it."""
    parsed = json.loads(body)
    host = host_of(kind, parsed.get("model", ""))
    for check in (_basic, *host.checks):
        at = check(parsed)
        if at is not None:
            status, answer = host.says(at)
            return Refusal(status, json.dumps(answer).encode(), at)
    return None


def host_of(kind: str, model: str) -> Strict:
    """Return the validation of a kind, or of one generation of its models."""
    for beginning, host in GENERATIONS.get(kind, ()):
        if model.startswith(beginning):
            return host
    return HOSTS[kind]


def _basic(body: Body) -> str | None:
    if not (isinstance(body.get("model"), str) and body["model"] not in ("", "auto")):
        return "model"
    return None if isinstance(body.get("messages"), list) and body["messages"] else "messages"


def only(*names: str) -> Check:
    """Refuse every other member."""
    return lambda body: next((name for name in body if name not in names), None)


def never(*names: str) -> Check:
    """Refuse these members, whatever their value."""
    return lambda body: next((name for name in names if name in body), None)


def one_of(name: str, *values: Any, objects: bool = False) -> Check:
    """Refuse other values of a member that is there; `objects` are taken where asked for."""

    def check(body: Body) -> str | None:
        value = body.get(name, values[0])
        return None if value in values or (objects and isinstance(value, dict)) else name

    return check


def within(name: str, low: float, high: float) -> Check:
    """Refuse what is no number within the bounds; null and absence pass."""

    def check(body: Body) -> str | None:
        value = body.get(name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if value is None or (number and low <= value <= high) else name

    return check


def most(name: str, count: int) -> Check:
    """Refuse longer lists."""
    return lambda body: name if isinstance(body.get(name), list) and len(body[name]) > count else None


def short_stops(body: Body) -> str | None:
    """Refuse more than five stop texts, or one of more than 32 bytes."""
    stop = body.get("stop") or []
    texts = [stop] if isinstance(stop, str) else stop
    return "stop" if len(texts) > 5 or any(len(text.encode()) > 32 for text in texts) else None


def tool_names(pattern: str) -> Check:
    """Refuse tools that are called otherwise."""

    def check(body: Body) -> str | None:
        named = [tool["function"]["name"] for tool in body.get("tools") or [] if tool.get("type") == "function"]
        return None if all(re.fullmatch(pattern, name) for name in named) else "tools"

    return check


def formats_kept(body: Body) -> str | None:
    """Refuse a format that the host behind may ignore."""
    demands = body.get("provider", {}).get("require_parameters")
    return "response_format" if "response_format" in body and demands is not True else None


def _openai(at: str) -> tuple[int, Any]:
    message = f"Unsupported parameter: '{at}'"
    return 400, {"error": {"message": message, "type": "invalid_request_error", "param": at, "code": None}}


def _mistral(at: str) -> tuple[int, Any]:
    if at == "tool_calls.id":
        told = {"message": "Tool call id was x but must be a-z, A-Z, 0-9, with a length of 9.", "code": "3280"}
        return 400, {"object": "error", "type": "invalid_function_call", "param": None, **told}
    if at == "messages.order":
        told = {"message": "Expected last role User or Tool (or Assistant with prefix True)", "code": "3230"}
        return 400, {"object": "error", "type": "invalid_request_message_order", "param": None, **told}
    forbidden = {"type": "extra_forbidden", "loc": ["body", at], "msg": "Extra inputs are not permitted", "input": "p"}
    told = {"type": "invalid_request_error", "param": None, "code": None}
    return 422, {"object": "error", "message": {"detail": [forbidden]}, **told}


def _moonshot(at: str) -> tuple[int, Any]:
    return 400, {"error": {"message": f"invalid {at}: not allowed for this model", "type": "invalid_request_error"}}


def _nvidia(at: str) -> tuple[int, Any]:
    detail = f"body -> {at}\n  Extra inputs are not permitted (type=extra_forbidden)"
    return 422, {"type": "urn:problem:unprocessable-entity", "title": "Unprocessable", "status": 422, "detail": detail}


def _baseten(at: str) -> tuple[int, Any]:
    return 400, {"error": f"invalid {at}"}


def _google(at: str) -> tuple[int, Any]:
    return 400, [{"error": {"code": 400, "message": f"invalid {at}", "status": "INVALID_ARGUMENT"}}]


def _amazon(at: str) -> tuple[int, Any]:
    return 400, {"message": f"{at} is not supported"}


def _morph(at: str) -> tuple[int, Any]:
    return 400, {"error": {"code": "invalid_request_error", "message": f"unknown field {at}"}}


# fmt: off
_MISTRAL_MEMBERS = (
    "model", "messages", "temperature", "top_p", "max_tokens", "stream",
    "stop", "random_seed", "metadata", "response_format", "tools", "tool_choice",
    "presence_penalty", "frequency_penalty", "n", "prediction", "parallel_tool_calls", "reasoning_effort",
    "prompt_mode", "guardrails", "safe_prompt", "prompt_cache_key", "service_tier", "top_k",
    "min_tokens", "repetition_penalty",
)
# fmt: on
_SAMPLING = ("temperature", "top_p", "n", "presence_penalty", "frequency_penalty")
_MOONSHOT_TOOLS = (most("tools", 128), tool_names(r"[a-zA-Z_][a-zA-Z0-9_-]{2,63}"), short_stops)
_MOONSHOT = (never("logit_bias", "functions", "function_call"), turns.partial_at_the_end, *_MOONSHOT_TOOLS)
_OPTIONAL_TOOLS = one_of("tool_choice", "auto", "none", None, objects=True)
_PLAIN = Strict((), _openai)
_OPENAI = Strict((turns.call_ids("_-", 1, 40), turns.known_members), _openai)

HOSTS: dict[str, Strict] = {
    "openai": _PLAIN,
    "azure": _OPENAI,
    "baseten": Strict((), _baseten),
    "bedrock": Strict((within("n", 1, 1), turns.call_ids("_.:-", 1, 64)), _amazon),
    "deepinfra": Strict(
        (never("max_completion_tokens"), one_of("tool_choice", "auto", "none"), turns.text_results), _openai
    ),
    "deepseek": Strict(
        (one_of("reasoning_effort", "high", "minimal", "low", "medium", "xhigh", "max"), turns.reasoning_throughout),
        _openai,
    ),
    "fireworks": _PLAIN,
    "groq": Strict((never("logprobs", "top_logprobs", "logit_bias"), within("n", 1, 1), turns.no_names), _openai),
    "llamacpp": Strict((within("n", 1, 1),), _openai),
    "mistral": Strict(
        (
            only(*_MISTRAL_MEMBERS),
            one_of("tool_choice", "auto", "none", "any", objects=True),
            one_of("reasoning_effort", "none", "high"),
            within("temperature", 0, 1.5),
            most("tools", 128),
            turns.mistral_messages,
            turns.call_ids("", 9, 9),
            turns.mistral_order,
        ),
        _mistral,
    ),
    "moonshot": Strict(
        (*_MOONSHOT, never(*_SAMPLING, "thinking"), one_of("reasoning_effort", "max", "high", "low")), _moonshot
    ),
    "morph": Strict((), _morph),
    "novita": _PLAIN,
    "nvidia": Strict((never("max_completion_tokens"),), _nvidia),
    "ollama": Strict((never("max_completion_tokens", "logit_bias", "user"), within("n", 1, 1)), _openai),
    "openrouter": Strict((never("models", "route", "preset"), formats_kept), _openai),
    "simulated": _PLAIN,
    "together": Strict(
        (
            never("max_completion_tokens", "stream_options", "parallel_tool_calls", "user", "top_logprobs"),
            lambda body: "logprobs" if isinstance(body.get("logprobs"), bool) else within("logprobs", 0, 20)(body),
            one_of("reasoning_effort", "low", "medium", "high"),
        ),
        _openai,
    ),
    "vertex": Strict((), _google),
    "vllm": _PLAIN,
}

_K2_TOGGLE = Strict(
    (*_MOONSHOT, never(*_SAMPLING, "reasoning_effort"), _OPTIONAL_TOOLS, turns.reasoning_sent_back), _moonshot
)
_EARLIER = Strict(
    (
        *_MOONSHOT,
        never("reasoning_effort"),
        _OPTIONAL_TOOLS,
        within("temperature", 0, 1),
        within("n", 1, 5),
        turns.texts_are_plain,
    ),
    _moonshot,
)
_ROUTED = (never("models", "route", "preset"), formats_kept)
GENERATIONS: dict[str, tuple[tuple[str, Strict], ...]] = {
    "azure": (("kimi", _PLAIN), ("Kimi", _PLAIN)),
    "bedrock": (("mistral.", Strict((within("n", 1, 1), turns.call_ids("", 9, 9)), _amazon)),),
    "openai": tuple((name, _OPENAI) for name in ("gpt-", "chatgpt-", "ft:", "o1", "o3", "o4")),
    "openrouter": (
        ("openai/", Strict((*_ROUTED, turns.call_ids("_-", 1, 40)), _openai)),
        ("anthropic/", Strict((*_ROUTED, turns.call_ids("_-", 1, 64)), _openai)),
        ("amazon/", Strict((*_ROUTED, turns.call_ids("_.:-", 1, 64)), _openai)),
        ("mistralai/", Strict((*_ROUTED, turns.call_ids("", 9, 9)), _openai)),
    ),
    "moonshot": (
        ("kimi-k2.7", Strict((*_K2_TOGGLE.checks, one_of("thinking", None, {"type": "enabled"})), _moonshot)),
        ("kimi-k2.6", _K2_TOGGLE),
        ("kimi-k2.5", _K2_TOGGLE),
        ("kimi-k2", _EARLIER),
        ("moonshot-v1", _EARLIER),
    ),
    "morph": (("morph-v3", Strict((only("model", "messages", "stream"),), _morph)),),
}
