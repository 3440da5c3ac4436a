"""The anthropic SDK's own types, held strictly against what is on the wire: no leniency, no member that they lack.

Reads lines of JSON from standard input, [kind, value], and prints what is wrong with each, in the same order.
"""

import json
import sys

import pydantic
from anthropic import types

KINDS = {
    "message": types.Message,
    "event": types.RawMessageStreamEvent,
    "count": types.MessageTokensCount,
    "error": types.ErrorResponse,
}


def surplus(value, where="$"):
    """Yield the members that a type does not have, anywhere in a value of it."""
    if isinstance(value, pydantic.BaseModel):
        yield from (f"{where}.{name}: not in the type" for name in value.model_extra or ())
        for name in type(value).model_fields:
            yield from surplus(getattr(value, name), f"{where}.{name}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from surplus(item, f"{where}[{number}]")


def wrong(kind, value):
    """Return what is wrong with a value, None where nothing is."""
    try:
        found = list(surplus(pydantic.TypeAdapter(KINDS[kind]).validate_json(json.dumps(value), strict=True)))
    except pydantic.ValidationError as error:
        found = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
    return "; ".join(found) or None


sys.stdout.write(json.dumps([wrong(*json.loads(line)) for line in sys.stdin]) + "\n")
