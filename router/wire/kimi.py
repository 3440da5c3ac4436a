"""Moonshot's own platform: the generations of its models, each with the members that it takes.

Facts: Moonshot's OpenAPI description and its pages on parameters and on effort, August to October 2026.
"""

from router.wire.dialect import DROPPED, Dialect, History, Rule, StreamUsage, near, same

_THINKS = b'{"type":"enabled"}'
_ANSWERS = b'{"type":"disabled"}'

_SAMPLING = frozenset({"temperature", "top_p", "n", "presence_penalty", "frequency_penalty"})
"""Fixed by the platform from Kimi K2.5 on: another value than its own is an error, so none is sent."""

_REFUSED = frozenset({"logit_bias", "functions", "function_call"})

_LIMITS = {
    "max_tokens": Rule(to="max_completion_tokens", yields=True),
    "stop": Rule(items=5, item_bytes=32),
}
_NOT_REQUIRED = {"tool_choice": Rule(says={"required": near(b'"auto"')})}
"""Before Kimi K3 a tool cannot be demanded."""

_TOOL_NAME = r"[a-zA-Z_][a-zA-Z0-9_-]{2,63}"
_MOST_TOOLS = 128
_USAGE = ("usage", "choices[0].usage")
_CACHED = ("prompt_tokens_details.cached_tokens", "cached_tokens")
_HISTORY = History(reasoning="reasoning_content", reasoning_with_calls=True, prefix="partial")

EARLIER = Dialect(
    title="Moonshot: Moonshot v1, Kimi K2 (0711, 0905, turbo, Thinking)",
    stream_usage=StreamUsage.ASK,
    drop=_REFUSED | {"reasoning_effort"},
    rules={**_LIMITS, **_NOT_REQUIRED, "temperature": Rule(high=1), "n": Rule(high=5)},
    most_tools=_MOST_TOOLS,
    tool_name=_TOOL_NAME,
    history=History(reasoning="reasoning_content", prefix="partial", plain_text=True),
    usage=_USAGE,
    cached=_CACHED,
    note="temperature is cut to 1, n to 5",
)
K2_TOGGLE = Dialect(
    title="Moonshot: Kimi K2.5, K2.6",
    drop=_REFUSED | _SAMPLING,
    rules={
        **_LIMITS,
        **_NOT_REQUIRED,
        "reasoning_effort": Rule(
            to="thinking",
            yields=True,
            says={"none": same(_ANSWERS), "minimal": near(_ANSWERS)},
            otherwise=near(_THINKS),
        ),
    },
    most_tools=_MOST_TOOLS,
    tool_name=_TOOL_NAME,
    history=_HISTORY,
    usage=_USAGE,
    cached=_CACHED,
    note="thinking is on or off: an effort other than none is reported as not kept",
)
K2_CODE = Dialect(
    title="Moonshot: Kimi K2.7 Code",
    drop=_REFUSED | _SAMPLING | {"reasoning_effort"},
    rules={**_LIMITS, **_NOT_REQUIRED},
    most_tools=_MOST_TOOLS,
    tool_name=_TOOL_NAME,
    history=_HISTORY,
    usage=_USAGE,
    cached=_CACHED,
    note="always thinks, without degrees",
)
K3 = Dialect(
    title="Moonshot: Kimi K3, K3.1",
    drop=_REFUSED | _SAMPLING | {"thinking"},
    rules={
        **_LIMITS,
        "reasoning_effort": Rule(
            says={
                "low": same(b'"low"'),
                "high": same(b'"high"'),
                "max": same(b'"max"'),
                "none": near(b'"low"'),
                "minimal": near(b'"low"'),
                "medium": near(b'"high"'),
                "xhigh": near(b'"max"'),
            },
            otherwise=DROPPED,
        ),
    },
    most_tools=_MOST_TOOLS,
    tool_name=_TOOL_NAME,
    history=_HISTORY,
    usage=_USAGE,
    cached=_CACHED,
    note="always thinks; without an effort it thinks at its most",
)

GENERATIONS: tuple[tuple[str, Dialect], ...] = (
    ("kimi-k2.7-code", K2_CODE),
    ("kimi-k2.5", K2_TOGGLE),
    ("kimi-k2.6", K2_TOGGLE),
    ("kimi-k2", EARLIER),
    ("moonshot-v1", EARLIER),
)
"""The beginning of a model's name, the first that fits counts. Whatever is not listed is newer: K3."""
