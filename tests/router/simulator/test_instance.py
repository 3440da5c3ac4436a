"""The smallest instance keeps to its schema."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.simulator.instance import Impossible, smallest


@dataclass(frozen=True, kw_only=True)
class Case:
    """A schema and the value that is made for it."""

    id: str
    schema: Any
    expected: Any


PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 18}, "note": {"type": "string"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
TREE = {
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
            "required": ["next"],
        }
    },
    "type": "object",
    "properties": {"root": {"$ref": "#/$defs/Node"}},
    "required": ["root"],
}
CASES = (
    Case(id="required only", schema=PERSON, expected={"name": "simulated", "age": 18}),
    Case(id="no schema", schema={}, expected="simulated"),
    Case(id="anything", schema=True, expected=None),
    Case(id="const", schema={"const": 3}, expected=3),
    Case(id="enum", schema={"enum": ["red", "blue"]}, expected="red"),
    Case(id="boolean", schema={"type": "boolean"}, expected=False),
    Case(id="nullable", schema={"type": ["null", "string"]}, expected=None),
    Case(id="empty array", schema={"type": "array", "items": PERSON}, expected=[]),
    Case(id="array of two", schema={"type": "array", "items": {"type": "integer"}, "minItems": 2}, expected=[0, 0]),
    Case(id="tuple", schema={"prefixItems": [{"type": "null"}, {"const": 1}]}, expected=[None, 1]),
    Case(id="any of", schema={"anyOf": [{"type": "null"}, {"type": "string"}]}, expected=None),
    Case(id="one of", schema={"oneOf": [{"$ref": "#/nowhere"}, {"const": 1}]}, expected=1),
    Case(
        id="all of",
        schema={"allOf": [PERSON, {"properties": {"id": {"const": 1}}, "required": ["id"]}]},
        expected={"name": "simulated", "age": 18, "id": 1},
    ),
    Case(id="exclusive", schema={"type": "integer", "exclusiveMinimum": 5}, expected=6),
    Case(id="multiple", schema={"type": "integer", "minimum": 7, "multipleOf": 5}, expected=10),
    Case(id="negative", schema={"type": "integer", "maximum": -3}, expected=-3),
    Case(id="number", schema={"type": "number", "minimum": 0.5}, expected=0.5),
    Case(id="long string", schema={"type": "string", "minLength": 12}, expected="simulatedddd"),
    Case(id="short string", schema={"type": "string", "maxLength": 3}, expected="sim"),
    Case(id="date", schema={"type": "string", "format": "date"}, expected="2026-01-01"),
    Case(id="pattern", schema={"type": "string", "pattern": "^[A-Z]{3}$"}, expected="SIM"),
    Case(id="digits", schema={"type": "string", "pattern": r"^\d{5}$"}, expected="00000"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_smallest_value_is_made(case: Case) -> None:
    """Each keyword that is understood is kept."""
    assert smallest(case.schema) == case.expected


def test_recursion_ends_where_the_schema_lets_it() -> None:
    """A recursive schema is followed down to the depth limit and then takes its way out."""
    text = json.dumps(smallest(TREE))
    assert text.startswith('{"root": {"next": ')
    assert text.endswith("null" + "}" * text.count("{"))


@pytest.mark.parametrize(
    "schema",
    [
        False,
        {"$ref": "#/$defs/Missing"},
        {"$defs": {"A": {"$ref": "#/$defs/A"}}, "$ref": "#/$defs/A"},
        {"type": "integer", "minimum": 3, "maximum": 2},
        {"type": "string", "pattern": "^never quite like this$"},
        {"type": "string", "pattern": "("},
        {"type": "string", "pattern": "^(a+)+$", "minLength": 60},
        {"type": "string", "minLength": 10**12},
        {"type": "array", "minItems": 999, "items": {"type": "array", "minItems": 999, "items": {"type": "null"}}},
        {"anyOf": []},
    ],
    ids=str,
)
def test_what_cannot_be_made_is_refused_quickly(schema: Any) -> None:
    """A schema without a finite value, or one that would cost too much to meet, is Impossible."""
    with pytest.raises(Impossible):
        smallest(schema)


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.sampled_from(["string", "integer", "boolean", "null"])))
def test_every_required_property_is_there(kinds: dict[str, str]) -> None:
    """An object holds exactly the properties that it must."""
    schema = {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in kinds.items()},
        "required": [*kinds],
    }
    assert smallest(schema).keys() == kinds.keys()
