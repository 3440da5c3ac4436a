"""The smallest value that a JSON schema allows: what a simulated model answers where a form is asked for."""

import math
import re
from collections.abc import Iterable
from typing import Any

_DEPTH = 24
_STEPS = 10_000
_LONGEST_STRING = 65_536
_LONGEST_FOR_PATTERN = 10  # a pattern of the client's runs on no more than this: some take exponential time
_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "00:00:00Z",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_GUESSES = ("simulated", "SIM", "a", "A", "0", "00", "000", "0000", "00000", *_FORMATS.values())


class Impossible(ValueError):
    """No value was found that the schema allows."""


def smallest(schema: Any) -> Any:
    """Return a small value that `schema` allows.

    Understands types, const, enum, properties, required, items, anyOf, oneOf, allOf, local $ref, lengths, bounds and
    formats; a `pattern` where one of a few guesses fits it. Raises Impossible where nothing of these fits.
    """
    return _Maker(schema).make(schema, _DEPTH)


class _Maker:
    """One schema's root, which its references start from, and the way down."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._steps = 0

    def make(self, schema: Any, depth: int) -> Any:
        """Return a value for this part of the schema, at most `depth` steps further down."""
        self._steps += 1
        if depth < 0 or self._steps > _STEPS or not isinstance(schema, dict | bool) or schema is False:
            raise Impossible("the schema allows no finite value")
        if schema is True:
            return None
        if "const" in schema or schema.get("enum"):
            return schema["const"] if "const" in schema else schema["enum"][0]
        if {"$ref", "allOf", "anyOf", "oneOf"} & schema.keys():
            return self._combined(schema, depth - 1)
        return self._of_type(schema, depth)

    def _combined(self, schema: dict[str, Any], depth: int) -> Any:
        """Return a value for a schema that is put together of others."""
        if "$ref" in schema:
            beside = {name: value for name, value in schema.items() if name != "$ref"}
            return self.make({**self._follow(schema["$ref"]), **beside}, depth)
        if "allOf" in schema:
            return self.make(self._merged(schema), depth)
        key = "anyOf" if "anyOf" in schema else "oneOf"
        beside = {name: value for name, value in schema.items() if name != key}
        return self._first(({**beside, **one} for one in schema[key]), depth)

    def _first(self, choices: Iterable[dict[str, Any]], depth: int) -> Any:
        """Return a value for the first of these schemas that has one."""
        for choice in choices:
            try:
                return self.make(choice, depth)
            except Impossible:
                continue
        raise Impossible("none of the alternatives has a finite value")

    def _follow(self, reference: Any) -> dict[str, Any]:
        """Return what a local reference (#, #/$defs/Name) points at."""
        target = self._root
        for step in str(reference).removeprefix("#").split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            raise Impossible("a reference of the schema points nowhere")
        return target

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema with its allOf parts merged in: properties and required joined, the rest overruled."""
        merged = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            found = self._follow(part["$ref"]) if "$ref" in part else part
            properties = {**merged.get("properties", {}), **found.get("properties", {})}
            required = [*merged.get("required", []), *found.get("required", [])]
            merged = {**merged, **found, "properties": properties, "required": required}
        return merged if merged.get("properties") or "type" in merged else {**merged, "type": "object"}

    def _of_type(self, schema: dict[str, Any], depth: int) -> Any:
        """Return a value of the schema's type, the first where it names several."""
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._first(({**schema, "type": one} for one in kind), depth - 1)
        if kind == "object" or (kind is None and "properties" in schema):
            return self._object(schema, depth)
        if kind == "array" or (kind is None and ("items" in schema or "prefixItems" in schema)):
            return self._array(schema, depth)
        if kind in ("integer", "number"):
            return _number(schema, whole=kind == "integer")
        if kind == "boolean":
            return False
        return None if kind == "null" else _string(schema)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = [name for name in properties if name in schema.get("required", ())]
        names += [name for name in schema.get("required", ()) if name not in properties]
        return {name: self.make(properties.get(name, {}), depth - 1) for name in dict.fromkeys(names)}

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        fixed = schema.get("prefixItems", [])
        count = min(schema.get("minItems", 0), 1_000)
        parts = [*fixed, *[schema.get("items", {})] * (count - len(fixed))]
        return [self.make(part, depth - 1) for part in parts]


def _number(schema: dict[str, Any], *, whole: bool) -> int | float:
    """Return the number nearest to zero from below that the bounds and multipleOf allow."""
    step = schema.get("multipleOf") or 1
    low = schema.get("minimum", -math.inf)
    if "exclusiveMinimum" in schema:
        low = max(low, schema["exclusiveMinimum"] + (step if whole or "multipleOf" in schema else 1e-6))
    high = schema.get("maximum", math.inf)
    if "exclusiveMaximum" in schema:
        high = min(high, schema["exclusiveMaximum"] - (step if whole or "multipleOf" in schema else 1e-6))
    if low > high:
        raise Impossible("the bounds of a number exclude each other")
    if low <= 0 <= high:
        return 0
    if whole or "multipleOf" in schema:
        value = math.ceil(low / step) * step if low > 0 else math.floor(high / step) * step
        if not low <= value <= high:
            raise Impossible("no multiple lies within the bounds of a number")
        return int(value) if whole else value
    return float(low if low > 0 else high)


def _string(schema: dict[str, Any]) -> str:
    """Return a string that keeps to the schema's format, pattern and lengths."""
    shortest, longest, pattern = schema.get("minLength", 0), schema.get("maxLength", math.inf), schema.get("pattern")
    known = _FORMATS.get(schema.get("format", ""))
    if known is not None and pattern is None:
        return known
    if shortest > min(longest, _LONGEST_STRING):
        raise Impossible("no string is that long")
    for guess in _GUESSES:
        text = guess.ljust(shortest, guess[-1])
        text = text[: int(longest)] if longest < len(text) else text
        if _fits(pattern, text):
            return text
    raise Impossible("no guess fits the pattern of a string")


def _fits(pattern: Any, text: str) -> bool:
    """Tell whether the text fits the pattern; one that Python cannot read or that is risky to try fits nothing."""
    if pattern is None:
        return True
    if len(text) > _LONGEST_FOR_PATTERN:
        return False
    try:
        return re.search(str(pattern), text) is not None
    except re.error:
        return False
