"""OpenAI's published schemas, which lie beside the project and are no part of it, and what of a value violates one."""

import functools
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SPEC = Path(__file__).resolve().parents[3] / "shared" / "spec" / "openai_subset.json"
ABSENT = not SPEC.is_file() or find_spec("jsonschema_rs") is None
ABSENT_BECAUSE = "OpenAI's schemas are not beside the project, or there is no validator"


@functools.cache
def _validator(name: str) -> Any:
    """Return the validator of one schema."""
    import jsonschema_rs

    read = functools.partial(json.loads, object_hook=_without_anchors)
    definitions = read(SPEC.read_text(encoding="utf-8"))["$defs"]
    return jsonschema_rs.Draft202012Validator({"$defs": definitions, "$ref": f"#/$defs/{name}"}, offline=True)


def _without_anchors(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without the one word of an older draft: what it says, the references here say."""
    return {word: value for word, value in schema.items() if word != "$recursiveAnchor"}


def violations(name: str, value: Any) -> list[str]:
    """Return what is wrong with a value by the schema of this name."""
    return [f"{name}{list(error.instance_path)}: {error.message}" for error in _validator(name).iter_errors(value)]


def events(body: bytes) -> list[Any]:
    """Return the data of a stream's events, but for [DONE]."""
    lines = [line.removeprefix(b"data: ") for line in body.split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]
