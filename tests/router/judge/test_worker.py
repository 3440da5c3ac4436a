"""The process that judges, without the process."""

import io
import json
from typing import Any

import pytest

pytest.importorskip("jsonschema_rs")

from router.judge.worker import FITS, MISFIT, READY, UNKNOWN, serve, verdict

OBJECT = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
NODE = {"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}, "type": "object"}}, "$ref": "#/$defs/node"}


def frame(*checks: tuple[Any, str]) -> bytes:
    """Return checks as the process reads them."""
    return json.dumps(checks).encode()


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (OBJECT, '{"n": 1}', FITS),
        (OBJECT, '{"n": "1"}', MISFIT),
        (OBJECT, '{"n": 1, "m": 2}', MISFIT),
        (OBJECT, "{}", MISFIT),
        (NODE, '{"next": {"next": {}}}', FITS),
        (NODE, '{"next": {"next": 1}}', MISFIT),
        ({"$schema": "http://json-schema.org/draft-07/schema#", "type": "string"}, '"x"', FITS),
        (False, "1", MISFIT),
        ({"pattern": "^[a-z]+$"}, '"abc"', FITS),
        ({"type": "nonsense"}, "1", UNKNOWN),
        ({"$ref": "http://127.0.0.1:9/schema.json"}, "1", UNKNOWN),
        ({"$ref": "file:///etc/hostname"}, "1", UNKNOWN),
        ({"$schema": "http://127.0.0.1:9/schema.json"}, "1", UNKNOWN),
        ({"$ref": "#/nowhere"}, "1", UNKNOWN),
        ({"pattern": "(?=a)b"}, '"b"', UNKNOWN),
        ({"pattern": "((a{1000}){1000}){1000}"}, '"b"', UNKNOWN),
    ],
)
def test_verdicts(schema: Any, text: str, expected: bytes) -> None:
    """A text fits, does not, or cannot be judged; nothing is fetched."""
    assert verdict(frame((schema, text))) == expected


def test_the_worst_of_several_counts() -> None:
    """One that does not fit says more than one that cannot be judged."""
    assert verdict(frame((OBJECT, '{"n": 1}'), ({"type": "nonsense"}, "1"))) == UNKNOWN
    assert verdict(frame(({"type": "nonsense"}, "1"), (OBJECT, "{}"))) == MISFIT


def test_a_pattern_that_backtracks_elsewhere_takes_no_time() -> None:
    """100,000 letters against nested repetition: minutes for a backtracking matcher."""
    assert verdict(frame(({"pattern": "^(a+)+$"}, json.dumps("a" * 100_000 + "b")))) == MISFIT


def test_a_schema_nested_too_deeply_cannot_be_judged() -> None:
    """The validator has a bound of its own."""
    schema: dict[str, Any] = {}
    for _ in range(900):
        schema = {"not": schema}

    assert verdict(frame((schema, "1"))) == UNKNOWN


def test_it_serves_frames_until_they_end() -> None:
    """It says that it is ready, then one byte a frame, also for a frame that is none."""
    frames = [frame((OBJECT, '{"n": 1}')), b"no JSON", frame((OBJECT, "[]"))]
    source = io.BytesIO(b"".join(len(each).to_bytes(4, "big") + each for each in frames) + b"\0\0")
    sink = io.BytesIO()

    serve(source, sink)

    assert sink.getvalue() == READY + FITS + UNKNOWN + MISFIT
