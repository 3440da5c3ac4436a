"""The answers of the surfaces, as far as tierwise makes or checks them: what else stands there is the upstream's."""

from router.api.description.schema import (
    INTEGER,
    NAME,
    NUMBER,
    TEXT,
    TOKENS,
    Schema,
    a_list,
    an_object,
    either,
    one_of,
    or_null,
)

CHAT_COMPLETION: Schema = an_object(
    {"choices": a_list(an_object({"message": {"type": "object"}}), minItems=1)},
    {
        "id": TEXT,
        "object": TEXT,
        "created": INTEGER,
        "model": TEXT,
        "usage": or_null({"type": "object"}),
    },
)

COMPLETION: Schema = an_object(
    {
        "id": NAME,
        "object": one_of("text_completion"),
        "created": INTEGER,
        "model": TEXT,
        "choices": a_list(
            an_object({"text": TEXT, "index": INTEGER, "finish_reason": or_null(TEXT), "logprobs": {"type": "null"}})
        ),
    },
    {"usage": {"type": "object"}, "system_fingerprint": TEXT},
)

EMBEDDINGS: Schema = an_object(
    {"data": a_list(an_object({"embedding": either(TEXT, a_list(NUMBER))}), minItems=1)},
    {"usage": or_null({"type": "object"})},
)

_ITEM = an_object({"id": NAME, "type": one_of("message", "reasoning", "function_call")})

RESPONSE: Schema = an_object(
    {
        "id": NAME,
        "object": one_of("response"),
        "created_at": INTEGER,
        "status": one_of("completed", "incomplete", "failed", "in_progress"),
        "error": or_null({"type": "object"}),
        "incomplete_details": or_null(an_object({"reason": TEXT})),
        "model": TEXT,
        "output": a_list(_ITEM),
        "store": {"type": "boolean"},
    },
    {"usage": an_object({"input_tokens": TOKENS, "output_tokens": TOKENS, "total_tokens": TOKENS})},
)

DELETED_RESPONSE: Schema = an_object({"id": NAME, "object": one_of("response"), "deleted": one_of(True)})

INPUT_ITEMS: Schema = an_object(
    {
        "object": one_of("list"),
        "data": a_list({"type": "object"}),
        "first_id": TEXT,
        "last_id": TEXT,
        "has_more": {"type": "boolean"},
    }
)

MESSAGE: Schema = an_object(
    {
        "id": NAME,
        "type": one_of("message"),
        "role": one_of("assistant"),
        "model": TEXT,
        "content": a_list(an_object({"type": one_of("text", "thinking", "tool_use")})),
        "stop_reason": TEXT,
        "stop_sequence": or_null(TEXT),
        "usage": an_object(
            {"input_tokens": TOKENS, "output_tokens": TOKENS},
            {"cache_creation_input_tokens": TOKENS, "cache_read_input_tokens": TOKENS},
        ),
    }
)

COUNTED: Schema = an_object({"input_tokens": TOKENS})

EVENTS: Schema = {"type": "string", "description": "Server-sent events, where the request says stream."}

DESCRIPTION: Schema = an_object({"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}})
