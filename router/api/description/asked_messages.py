"""The body that Anthropic's Messages API takes: what is checked here, and no more. A null counts as absent."""

from router.api.description.schema import (
    ANYTHING,
    COUNT,
    FLAG,
    NAME,
    NUMBER,
    TEXT,
    Schema,
    a_list,
    an_object,
    either,
    one_of,
    or_null,
)

_MAYBE = or_null(TEXT)

_BLOCK = an_object(
    {"type": TEXT},
    {
        "text": _MAYBE,
        "source": ANYTHING,
        "id": _MAYBE,
        "name": _MAYBE,
        "input": ANYTHING,
        "tool_use_id": _MAYBE,
        "content": ANYTHING,
        "is_error": or_null(FLAG),
        "thinking": _MAYBE,
        "signature": _MAYBE,
    },
)
_CONTENT = either(TEXT, a_list(_BLOCK))
_MESSAGE = an_object({"role": one_of("user", "assistant", "system"), "content": _CONTENT})
_TOOL = an_object(
    {"name": NAME, "input_schema": {"type": "object"}},
    {"type": one_of("custom", None), "description": _MAYBE, "strict": or_null(FLAG)},
)
_CHOICE = an_object(
    {"type": one_of("auto", "any", "tool", "none")},
    {"name": _MAYBE, "disable_parallel_tool_use": or_null(FLAG)},
)
_THINKING = an_object(
    {"type": one_of("enabled", "adaptive", "between_tools", "disabled")},
    {"budget_tokens": or_null(COUNT), "display": _MAYBE},
)
_FORM = an_object({"type": one_of("json_schema"), "schema": {"type": "object"}})

_COUNTED = {"model": NAME, "messages": a_list(_MESSAGE, minItems=1)}
_OPTIONAL = {
    "system": either(or_null(TEXT), a_list(_BLOCK)),
    "stream": or_null(FLAG),
    "temperature": or_null(NUMBER),
    "top_p": or_null(NUMBER),
    "stop_sequences": or_null(a_list(TEXT)),
    "tools": or_null(a_list(_TOOL)),
    "tool_choice": or_null(_CHOICE),
    "metadata": or_null(an_object({}, {"user_id": _MAYBE})),
    "thinking": or_null(_THINKING),
    "output_config": or_null(an_object({}, {"effort": _MAYBE, "format": or_null(_FORM)})),
}

MESSAGE: Schema = an_object({**_COUNTED, "max_tokens": COUNT}, _OPTIONAL)
COUNTING: Schema = an_object(_COUNTED, {**_OPTIONAL, "max_tokens": or_null(COUNT)})
