"""The bodies that chat completions, completions and embeddings take: what is checked here, and no more.

A member that is not described goes to the upstream as it came, and what it may be is for the upstream to say.
"""

from router.api.description.schema import (
    ANYTHING,
    COUNT,
    FLAG,
    NAME,
    TEXT,
    TOKENS,
    Schema,
    a_list,
    an_object,
    either,
    one_of,
    or_null,
)
from router.api.inbound import MOST_MESSAGES
from router.wire.embeddings_request import MOST_INPUTS

_PART = an_object({}, {"type": TEXT, "text": or_null(TEXT)})
_TURN = an_object({"role": TEXT}, {"content": either(or_null(TEXT), a_list(_PART)), "tool_calls": ANYTHING})
_TURNS = {
    **a_list(_TURN, minItems=1),
    "description": f"At most {MOST_MESSAGES:,}. What a role or a type of part means is the upstream's to say.",
}
_STREAM = {
    "stream": or_null(FLAG),
    "stream_options": or_null(an_object({}, {"include_usage": or_null(FLAG)})),
}

CHAT: Schema = an_object(
    {"model": NAME, "messages": _TURNS},
    {
        **_STREAM,
        "max_tokens": or_null(COUNT),
        "max_completion_tokens": or_null(COUNT),
        "n": or_null(COUNT),
        "tools": or_null(a_list()),
        "functions": or_null(a_list()),
        "tool_choice": ANYTHING,
        "parallel_tool_calls": ANYTHING,
        "response_format": or_null(an_object({"type": TEXT}, {"json_schema": ANYTHING})),
        "reasoning_effort": or_null(TEXT),
        "modalities": ANYTHING,
        "temperature": ANYTHING,
        "top_p": ANYTHING,
        "presence_penalty": ANYTHING,
        "frequency_penalty": ANYTHING,
        "seed": ANYTHING,
        "stop": ANYTHING,
        "prompt_cache_key": or_null(TEXT),
        "metadata": or_null(an_object({}, {"session_id": or_null(TEXT)})),
    },
)

COMPLETIONS: Schema = an_object(
    {"model": NAME, "prompt": either(NAME, a_list(NAME, minItems=1, maxItems=1))},
    {
        **_STREAM,
        "max_tokens": or_null(COUNT),
        "n": or_null(COUNT),
        "best_of": or_null({"type": "integer"}),
        "echo": one_of(False, None),
        "suffix": one_of("", None),
        "temperature": ANYTHING,
        "top_p": ANYTHING,
        "presence_penalty": ANYTHING,
        "frequency_penalty": ANYTHING,
        "seed": ANYTHING,
        "stop": ANYTHING,
        "logit_bias": ANYTHING,
        "user": ANYTHING,
        "prompt_cache_key": or_null(TEXT),
    },
)

_TOKEN_IDS = a_list(TOKENS, minItems=1)

EMBEDDINGS: Schema = an_object(
    {
        "model": NAME,
        "input": either(
            TEXT,
            a_list(TEXT, minItems=1, maxItems=MOST_INPUTS),
            _TOKEN_IDS,
            a_list(_TOKEN_IDS, minItems=1, maxItems=MOST_INPUTS),
        ),
    },
    {
        "dimensions": or_null({"type": "integer", "minimum": 1, "maximum": 1_000_000}),
        "encoding_format": one_of("float", "base64", None),
        "output_dtype": or_null(TEXT),
    },
)
