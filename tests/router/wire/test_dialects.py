"""The dialects are data: legal, complete, and none of them asks Mistral for stream_options."""

import pytest

from router.wire.dialects import DIALECTS, GENERIC, StreamUsage, dialect_of

KINDS = [
    "moonshot",
    "mistral",
    "deepseek",
    "openrouter",
    "bedrock",
    "vertex",
    "nvidia",
    "fireworks",
    "together",
    "deepinfra",
    "baseten",
    "morph",
    "novita",
    "azure",
    "vllm",
    "simulated",
    "openai",
]


def test_every_kind_has_one():
    """The listed kinds are those of the catalogue; another kind is spoken to as OpenAI."""
    assert sorted(DIALECTS) == sorted(KINDS)
    assert dialect_of("somebody") is GENERIC


def test_mistral_is_never_sent_stream_options():
    """Its schema refuses unknown members with 422."""
    mistral = dialect_of("mistral")
    assert mistral.stream_usage is StreamUsage.ALWAYS
    assert "stream_options" in mistral.drop


@pytest.mark.parametrize("kind", KINDS)
def test_no_dialect_touches_what_decides(kind):
    """Model, messages and stream are never renamed or dropped, and no member is both."""
    dialect = dialect_of(kind)
    touched = {*dialect.drop, *dialect.rename, *dialect.replace}
    assert not touched & {"model", "messages", "stream", "tools"}
    assert not dialect.drop & dialect.rename.keys()
    assert {name.decode() for name in dialect.touched} == {f'"{name}"' for name in touched}
    assert set(dialect.finish.values()) <= {"stop", "length", "tool_calls", "content_filter"}


def test_openrouter_is_not_told_of_other_models():
    """Members that name models beside the decided one do not reach a host that would act on them."""
    assert {"models", "route", "preset"} <= dialect_of("openrouter").drop
