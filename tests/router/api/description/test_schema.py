"""The forms of schemas say what they are named for."""

import jsonschema_rs
import pytest

from router.api.description.schema import COUNT, TEXT, a_list, an_object, either, named, one_of, or_null


@pytest.mark.parametrize(
    ("schema", "fits", "fails"),
    [
        (or_null(TEXT), ["a", None], [1, {}]),
        (or_null(COUNT), [1, None], [0, "1"]),
        (or_null({"type": "string", "enum": ["a"]}), ["a", None], ["b"]),
        (either(TEXT, a_list(TEXT)), ["a", [], ["a"]], [1, [1]]),
        (one_of("a", None), ["a", None], ["b", 0]),
        (a_list(TEXT, minItems=1, maxItems=2), [["a"], ["a", "b"]], [[], ["a", "b", "c"], "a"]),
        (an_object({"a": TEXT}, {"b": COUNT}), [{"a": ""}, {"a": "", "b": 1, "c": None}], [{}, {"a": "", "b": 0}, []]),
        (an_object({}), [{}, {"a": 1}], [[], None]),
    ],
)
def test_forms(schema, fits, fails) -> None:
    """What fits fits, and nothing else."""
    validator = jsonschema_rs.validator_for(schema)

    assert [value for value in fits if not validator.is_valid(value)] == []
    assert [value for value in fails if validator.is_valid(value)] == []


def test_a_reference_leads_into_the_document() -> None:
    """Where OpenAPI keeps its schemas."""
    assert named("Error") == {"$ref": "#/components/schemas/Error"}
