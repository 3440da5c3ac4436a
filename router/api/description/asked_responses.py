"""The body that OpenAI's Responses API takes: what is checked here, and no more."""

from router.api.description.schema import (
    ANYTHING,
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
from router.wire.responses_body import MOST_ITEMS
from router.wire.usage_report import MOST_TOKENS

_MAYBE = or_null(TEXT)

_PART = an_object(
    {"type": TEXT},
    {"text": _MAYBE, "refusal": _MAYBE, "image_url": _MAYBE, "file_id": _MAYBE, "detail": _MAYBE},
)
_MESSAGE = an_object(
    {"role": one_of("user", "assistant", "system", "developer"), "content": either(TEXT, a_list(_PART))},
    {"type": one_of("message", None)},
)
_CALL = an_object({"type": one_of("function_call"), "call_id": TEXT, "name": TEXT, "arguments": TEXT})
_OUTPUT = an_object(
    {"type": one_of("function_call_output"), "call_id": TEXT, "output": either(TEXT, a_list(_PART))},
)
_REASONING = an_object({"type": one_of("reasoning")}, {"content": or_null(a_list(_PART))})
_ITEM = either(_MESSAGE, _CALL, _OUTPUT, _REASONING)

_ITEMS = {**a_list(_ITEM), "description": f"At most {MOST_ITEMS:,}."}

_TOOL = an_object(
    {"type": one_of("function"), "name": TEXT},
    {"description": _MAYBE, "parameters": or_null({"type": "object"}), "strict": or_null(FLAG)},
)
_CHOICE = an_object(
    {"type": one_of("function", "allowed_tools")},
    {"name": _MAYBE, "mode": _MAYBE, "tools": or_null(a_list(an_object({"type": TEXT}, {"name": _MAYBE})))},
)
_FORM = either(
    an_object({"type": one_of("text", "json_object")}, {"name": _MAYBE}),
    an_object(
        {"type": one_of("json_schema"), "name": TEXT, "schema": {"type": "object"}},
        {"strict": or_null(FLAG), "description": _MAYBE},
    ),
)

RESPONSE: Schema = an_object(
    {"model": NAME, "input": either(TEXT, _ITEMS)},
    {
        "instructions": _MAYBE,
        "tools": or_null(a_list(_TOOL)),
        "tool_choice": either(one_of("auto", "none", "required", None), _CHOICE),
        "parallel_tool_calls": or_null(FLAG),
        "text": or_null(an_object({}, {"format": or_null(_FORM)})),
        "reasoning": or_null(an_object({}, {"effort": _MAYBE, "summary": ANYTHING})),
        "max_output_tokens": or_null({"type": "integer", "minimum": 1, "maximum": MOST_TOKENS}),
        "temperature": or_null(NUMBER),
        "top_p": or_null(NUMBER),
        "metadata": or_null({"type": "object", "additionalProperties": TEXT}),
        "user": _MAYBE,
        "prompt_cache_key": _MAYBE,
        "truncation": _MAYBE,
        "stream": or_null(FLAG),
        "store": or_null(FLAG),
        "previous_response_id": _MAYBE,
    },
)
