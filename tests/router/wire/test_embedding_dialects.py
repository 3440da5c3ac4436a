"""What each kind of host is asked in place of OpenAI's words for embeddings."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.wire.dialect_edit import edited
from router.wire.embedding_dialects import embedding_dialect_of

PLAIN = {"model": "m", "input": ["a"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a client sends to a kind of host, what the host gets of it besides, and what is named as lost."""

    id: str
    kind: str
    given: dict[str, Any]
    sent: dict[str, Any]
    lost: tuple[str, ...] = field(default=())


CASES = (
    Case(id="openai", kind="openai", given={"encoding_format": "base64"}, sent={"encoding_format": "base64"}),
    Case(id="vllm", kind="vllm", given={"dimensions": 8, "user": "u"}, sent={"dimensions": 8, "user": "u"}),
    Case(id="numbers", kind="deepinfra", given={"encoding_format": "base64"}, sent={"encoding_format": "float"}),
    Case(id="numbers-too", kind="together", given={"encoding_format": "float"}, sent={"encoding_format": "float"}),
    Case(
        id="mistral",
        kind="mistral",
        given={"dimensions": 8, "encoding_format": "base64", "user": "u"},
        sent={"output_dimension": 8, "encoding_format": "base64"},
        lost=("user",),
    ),
    Case(
        id="openrouter",
        kind="openrouter",
        given={"models": ["other"], "encoding_format": "base64"},
        sent={"encoding_format": "float"},
        lost=("models",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_a_host_is_asked(case: Case) -> None:
    """Encodings that are turned here are not lost; what has no word there is named."""
    body, lost = edited(json.dumps(PLAIN | case.given).encode(), embedding_dialect_of(case.kind))

    assert json.loads(body) == PLAIN | case.sent
    assert lost == case.lost


def test_the_bill_of_openrouter_is_read() -> None:
    """Only where a host sends its own bill it counts."""
    assert embedding_dialect_of("openrouter").reports_cost
    assert not embedding_dialect_of("novita").reports_cost
