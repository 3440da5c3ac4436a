"""JSON schemas as plain values, in the few forms that the API needs."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

ANYTHING: Schema = {}
TEXT: Schema = {"type": "string"}
NAME: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
TOKENS: Schema = {"type": "integer", "minimum": 0}
COUNT: Schema = {"type": "integer", "minimum": 1}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}


def or_null(schema: Schema) -> Schema:
    """Return the schema of what `schema` describes, or null."""
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return either(schema, {"type": "null"})


def either(*schemas: Schema) -> Schema:
    """Return the schema of what one of `schemas` describes."""
    return {"anyOf": list(schemas)}


def one_of(*values: Any) -> Schema:
    """Return the schema of one of these JSON values."""
    return {"enum": list(values)}


def a_list(of: Schema = ANYTHING, **bounds: int) -> Schema:
    """Return the schema of a list; `bounds` are minItems and maxItems."""
    return {"type": "array", "items": of, **bounds}


def an_object(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object with these members; others may always stand beside them."""
    described: dict[str, Any] = {"type": "object", "properties": {**required, **(optional or {})}}
    if required:
        described["required"] = list(required)
    return {**described, "additionalProperties": True}


def named(name: str) -> Schema:
    """Return a reference to the schema of this name in the document."""
    return {"$ref": f"#/components/schemas/{name}"}
