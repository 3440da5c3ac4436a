"""What each kind of provider does differently from OpenAI's chat completions: one table a kind.

Facts: the hosts' documentation, their OpenAPI descriptions and client libraries as of November 2026. Where two of them
disagree, what is sent is what both accept.
"""

from dataclasses import replace

from router.wire import kimi
from router.wire.dialect import Dialect, ErrorShape, Fixed, History, Rule, Said, Scalar, StreamUsage, near, same

_OLD_LIMIT = {"max_completion_tokens": Rule(to="max_tokens")}
_COUNTED: dict[Scalar, Said] = {True: same(b"1"), False: same(b"0")}
_ONE_CHOICE = {"n": Rule(high=1)}

GENERIC = Dialect(title="OpenAI, and any compatible server")
"""OpenAI itself, and whoever is not listed."""

_OPENAI_IDS = r"[a-zA-Z0-9_-]{1,40}"
"""Tool-call ids that OpenAI's models take: longer ones are a 400. A colon is Kimi's habit, and no loss here."""

_AMAZON_IDS = r"[a-zA-Z0-9_.:-]{1,64}"
"""Tool-call ids that Bedrock takes."""

_OPENAI = replace(GENERIC, title="OpenAI: its own models", history=History(call_id=_OPENAI_IDS))

_AZURE = Dialect(title="Azure AI Foundry", history=History(call_id=_OPENAI_IDS))
_AZURE_KIMI = replace(_AZURE, title="Azure AI Foundry: Kimi", history=History())
"""Kimi loses its way when its own ids, functions.name:0, come back as others."""

_BASETEN = Dialect(title="Baseten", errors=(ErrorShape.TEXT, ErrorShape.OBJECT))

_BEDROCK = Dialect(
    title="Amazon Bedrock",
    rules=_ONE_CHOICE,
    history=History(call_id=_AMAZON_IDS),
    errors=(ErrorShape.MESSAGE, ErrorShape.OBJECT),
    note='one choice only; 429 "Too many tokens, please wait" is throttling, not a long prompt',
)
_DEEPINFRA = Dialect(
    title="DeepInfra",
    rules={
        **_OLD_LIMIT,
        "tool_choice": Rule(says={"none": same(b'"none"')}, otherwise=near(b'"auto"')),
    },
    history=History(text_only_tool=True, reasoning="reasoning_content"),
    errors=(ErrorShape.OBJECT,),
    note="tool_choice is auto or none",
)
_DEEPSEEK = Dialect(
    title="DeepSeek",
    rules={
        **_OLD_LIMIT,
        "reasoning_effort": Rule(yields=True, says={"none": same(b'{"type":"disabled"}', "thinking")}),
    },
    history=History(reasoning="reasoning_content", reasoning_with_calls=True, reasoning_after_calls=True),
    cached=("prompt_cache_hit_tokens",),
    failing=frozenset({"error", "insufficient_system_resource"}),
    note="ignores temperature, top_p and penalties while thinking",
)
_FIREWORKS = Dialect(
    title="Fireworks AI", stream_usage=StreamUsage.ALWAYS, history=History(reasoning="reasoning_content")
)
_GROQ = Dialect(
    title="Groq",
    drop=frozenset({"logprobs", "top_logprobs", "logit_bias"}),
    rules=_ONE_CHOICE,
    history=History(names_on=frozenset(), reasoning="reasoning"),
)
_LLAMACPP = Dialect(
    title="llama.cpp",
    rules=_ONE_CHOICE,
    history=History(reasoning="reasoning_content"),
    note="serves tools only when started with --jinja",
)
_MISTRAL_IDS = r"[a-zA-Z0-9]{9}"
_MISTRAL = Dialect(
    title="Mistral",
    stream_usage=StreamUsage.ALWAYS,  # stream_options is no member of its schema
    knows=frozenset(
        {
            "frequency_penalty",
            "guardrails",
            "max_tokens",
            "messages",
            "metadata",
            "min_tokens",
            "model",
            "n",
            "parallel_tool_calls",
            "prediction",
            "presence_penalty",
            "prompt_cache_key",
            "prompt_mode",
            "random_seed",
            "reasoning_effort",
            "repetition_penalty",
            "response_format",
            "safe_prompt",
            "service_tier",
            "stop",
            "stream",
            "temperature",
            "tool_choice",
            "tools",
            "top_k",
            "top_p",
        }
    ),
    rules={
        **_OLD_LIMIT,
        "seed": Rule(to="random_seed"),
        "temperature": Rule(high=1.5),
        "tool_choice": Rule(says={"required": same(b'"any"')}),
        "reasoning_effort": Rule(
            says={
                "none": same(b'"none"'),
                "minimal": near(b'"none"'),
            },
            otherwise=near(b'"high"'),
        ),
    },
    most_tools=128,
    history=History(
        call_id=_MISTRAL_IDS,
        after_tool=frozenset({"assistant", "tool"}),
        last=frozenset({"user", "tool"}),
        prefix="prefix",
        names_on=frozenset({"tool"}),
        empty_assistant=False,
        reasoning="content[].thinking",
        assistant=frozenset({"role", "content", "tool_calls", "prefix"}),
    ),
    cached=("prompt_tokens_details.cached_tokens", "num_cached_tokens"),
    finish={"model_length": "length"},
    errors=(ErrorShape.FLAT, ErrorShape.DETAIL),
    note="422 on any member that it does not know; json_object needs the word JSON in the prompt",
)
_MORPH = Dialect(
    title="Morph",
    stream_usage=StreamUsage.NEVER,
    note="names the wait only in the message of a 429",
)
_MORPH_APPLY = Dialect(
    title="Morph: morph-v3",
    stream_usage=StreamUsage.NEVER,
    knows=frozenset({"messages", "model", "stream"}),
    note="applies edits to code; every other member is dropped",
)
_NOVITA = Dialect(title="Novita", history=History(reasoning="reasoning_content"))

_NVIDIA = Dialect(
    title="NVIDIA NIM",
    rules=_OLD_LIMIT,
    history=History(reasoning="reasoning_content"),
    errors=(ErrorShape.PROBLEM, ErrorShape.OBJECT),
    note="trial service whose limits are not published",
)
_OLLAMA = Dialect(
    title="Ollama",
    drop=frozenset({"logit_bias", "user"}),
    rules={**_OLD_LIMIT, **_ONE_CHOICE},
    history=History(reasoning="reasoning"),
)
_OPENROUTER = Dialect(
    title="OpenRouter",
    stream_usage=StreamUsage.ALWAYS,
    reports_cost=True,
    drop=frozenset({"models", "route", "preset"}),  # each names another model than the one that was decided
    fixed=(
        Fixed(name="provider", value=b'{"require_parameters":true}', beside=frozenset({"response_format"})),
    ),  # else it may choose a host that ignores the format
    history=History(reasoning="reasoning", beside_reasoning=frozenset({"reasoning_details"})),
    errors=(ErrorShape.OBJECT, ErrorShape.INSIDE),
    note="usage.cost is the bill; a format is only asked of hosts that keep to it, unless `provider` is sent",
)
_BEDROCK_MISTRAL = replace(_BEDROCK, title="Amazon Bedrock: Mistral", history=History(call_id=_MISTRAL_IDS))
_BEHIND_OPENROUTER = tuple(
    (
        f"{maker}/",
        replace(_OPENROUTER, title=f"OpenRouter: {maker}/", history=replace(_OPENROUTER.history, call_id=pattern)),
    )
    for maker, pattern in (
        ("openai", _OPENAI_IDS),
        ("anthropic", r"[a-zA-Z0-9_-]{1,64}"),
        ("amazon", _AMAZON_IDS),
        ("mistralai", _MISTRAL_IDS),
    )
)
"""What OpenRouter hands on unchanged to makers whose own APIs bound the ids of tool calls."""

_SIMULATED = Dialect(title="Simulated upstreams")

_TOGETHER = Dialect(
    title="Together AI",
    stream_usage=StreamUsage.ALWAYS,
    drop=frozenset({"stream_options", "user", "parallel_tool_calls"}),
    rules={
        **_OLD_LIMIT,
        "logprobs": Rule(says=_COUNTED),
        "top_logprobs": Rule(to="logprobs", says=_COUNTED, high=20),
        "reasoning_effort": Rule(
            yields=True,
            says={
                "none": same(b'{"enabled":false}', "reasoning"),
                "minimal": near(b'"low"'),
                "xhigh": near(b'"high"'),
                "max": near(b'"high"'),
            },
        ),
    },
    history=History(reasoning="reasoning"),
    cached=(),
    finish={"eos": "stop"},
    note="429: you are over your limit; 503: they are full; a prompt too long is a 400, or is cut where "
    'context_length_exceeded_behavior is "truncate"',
)
_VERTEX = Dialect(
    title="Google Vertex AI",
    history=History(reasoning="reasoning_content"),
    errors=(ErrorShape.LIST, ErrorShape.OBJECT),
    note="the key is a token that lives one hour",
)
_VLLM = Dialect(
    title="vLLM",
    history=History(reasoning="reasoning"),
    errors=(ErrorShape.OBJECT, ErrorShape.FLAT),
    note="cached tokens only with --enable-prompt-tokens-details",
)

DIALECTS: dict[str, Dialect] = {
    "openai": GENERIC,
    "azure": _AZURE,
    "baseten": _BASETEN,
    "bedrock": _BEDROCK,
    "deepinfra": _DEEPINFRA,
    "deepseek": _DEEPSEEK,
    "fireworks": _FIREWORKS,
    "groq": _GROQ,
    "llamacpp": _LLAMACPP,
    "mistral": _MISTRAL,
    "moonshot": kimi.K3,
    "morph": _MORPH,
    "novita": _NOVITA,
    "nvidia": _NVIDIA,
    "ollama": _OLLAMA,
    "openrouter": _OPENROUTER,
    "simulated": _SIMULATED,
    "together": _TOGETHER,
    "vertex": _VERTEX,
    "vllm": _VLLM,
}

GENERATIONS: dict[str, tuple[tuple[str, Dialect], ...]] = {
    "azure": tuple((name, _AZURE_KIMI) for name in ("kimi", "Kimi")),
    "bedrock": (("mistral.", _BEDROCK_MISTRAL),),
    "moonshot": kimi.GENERATIONS,
    "openai": tuple((name, _OPENAI) for name in ("gpt-", "chatgpt-", "ft:", "o1", "o3", "o4")),
    "openrouter": _BEHIND_OPENROUTER,
    "morph": (("morph-v3", _MORPH_APPLY),),
}
"""By kind: the beginnings of models' names that have a table of their own, the first that fits counts."""


def dialect_of(kind: str, model: str = "") -> Dialect:
    """Return the dialect of a provider kind, or of this model there; the generic one when it has none of its own."""
    for beginning, dialect in GENERATIONS.get(kind, ()):
        if model.startswith(beginning):
            return dialect
    return DIALECTS.get(kind, GENERIC)
