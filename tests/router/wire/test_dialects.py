"""The dialects are data: legal, complete, and what the documentation says of them is what they say.

TIERWISE_WRITE_DOCS=1 writes the section of docs/compatibility.md anew.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.wire.dialect import Dialect, Rule, Said, StreamUsage
from router.wire.dialects import DIALECTS, GENERATIONS, GENERIC, dialect_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "compatibility.md"
BEGIN, END = "<!-- dialects: begin -->", "<!-- dialects: end -->"

ALL = [*DIALECTS.values(), *(dialect for models in GENERATIONS.values() for _, dialect in models)]
KINDS = {
    "openai", "azure", "baseten", "bedrock", "deepinfra", "deepseek", "fireworks", "groq", "llamacpp", "mistral",
    "moonshot", "morph", "novita", "nvidia", "ollama", "openrouter", "simulated", "together", "vertex", "vllm",
}  # fmt: skip


def test_every_kind_has_one():
    """Another kind is spoken to as OpenAI."""
    assert DIALECTS.keys() == KINDS
    assert dialect_of("somebody") is dialect_of("somebody", "kimi-k2.6") is GENERIC


def test_mistral_is_never_sent_stream_options():
    """Its schema refuses unknown members with 422."""
    mistral = dialect_of("mistral")
    assert mistral.stream_usage is StreamUsage.ALWAYS
    assert "stream_options" not in mistral.knows


def test_openrouter_is_not_told_of_other_models():
    """Members that name models beside the decided one do not reach a host that would act on them."""
    assert {"models", "route", "preset"} <= dialect_of("openrouter").drop


@pytest.mark.parametrize(
    ("model", "title"),
    [
        ("moonshot-v1-8k", "Moonshot v1"),
        ("kimi-k2-0711-preview", "Kimi K2 ("),
        ("kimi-k2-thinking-turbo", "Kimi K2 ("),
        ("kimi-k2.5", "K2.5"),
        ("kimi-k2.6", "K2.6"),
        ("kimi-k2.7-code-highspeed", "K2.7"),
        ("kimi-k3", "K3"),
        ("kimi-k3.1-pro", "K3.1"),
        ("kimi-k4", "K3"),
    ],
)
def test_moonshot_is_spoken_to_by_generation(model, title):
    """The name of a model tells its generation; what is newer than all is taken for the newest."""
    assert title in dialect_of("moonshot", model).title


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.title)
def test_no_dialect_touches_what_decides(dialect):
    """Model, messages, stream and tools are never renamed, dropped or added, and no member is both."""
    touched = {*dialect.drop, *dialect.rules, *(fixed.name for fixed in dialect.fixed)}
    assert not touched & {"model", "messages", "stream", "tools"}
    assert not dialect.drop & dialect.rules.keys()
    assert dialect.knows is None or {"model", "messages", "stream"} <= dialect.knows


@pytest.mark.parametrize("dialect", ALL, ids=lambda dialect: dialect.title)
def test_what_a_dialect_says_is_known_there(dialect):
    """A closed schema knows the names that the rules lead to; answers end in OpenAI's words."""
    names = {rule.to or name for name, rule in dialect.rules.items()}
    names |= {said.name for rule in dialect.rules.values() for said in rule.says.values() if said.name}
    assert dialect.knows is None or names <= dialect.knows
    assert not names & dialect.drop
    assert set(dialect.finish.values()) <= {"stop", "length", "tool_calls", "content_filter"}
    assert not dialect.failing & dialect.finish.keys()
    for pattern in (dialect.tool_name, dialect.history.call_id):
        assert pattern is None or re.compile(pattern)


def _words(said: Said, name: str) -> str:
    if not said.value:
        return "nothing (named)"
    there = said.value.decode() if said.name in (None, name) else f"{said.name}: {said.value.decode()}"
    return f"`{there}`" if said.kept else f"`{there}` (named)"


def _rule(name: str, rule: Rule) -> Iterator[str]:
    there = rule.to or name
    if there != name:
        yield f"`{name}` as `{there}`"
    for value, said in rule.says.items():
        if said.value.decode() not in (f'"{value}"', str(value)):
            yield f"`{name}: {str(value).lower() if isinstance(value, bool) else value}` as {_words(said, there)}"
    if rule.otherwise is not None:
        values = ", ".join(f"`{value}`" for value in rule.says)
        yield f"`{name}`{f', if not {values},' if values else ''} as {_words(rule.otherwise, there)}"
    if rule.high is not None:
        yield f"`{name}` at most {rule.high} (named)"
    if rule.items is not None:
        yield f"`{name}` not sent (named) with more than {rule.items} texts or one above {rule.item_bytes} bytes"


def _request(dialect: Dialect) -> str:
    dropped = ", ".join(f"`{name}`" for name in sorted(dialect.drop))
    if dialect.knows is not None:
        listed = ", ".join(f"`{name}`" for name in sorted(dialect.knows))
        dropped = f"all but what its schema lists: {listed}"
    said = "; ".join(part for name, rule in sorted(dialect.rules.items()) for part in _rule(name, rule))
    added = "; ".join(
        f"adds `{fixed.name}: {fixed.value.decode()}` to a request with `{'`, `'.join(sorted(fixed.beside))}`"
        for fixed in dialect.fixed
    )
    tools = f"at most {dialect.most_tools} tools, else not called" if dialect.most_tools else ""
    names = f"names of tools like `{dialect.tool_name}`, else not called" if dialect.tool_name else ""
    return f"| {dialect.title} | {dropped} | {'; '.join(filter(None, (said, added, tools, names)))} | {dialect.note} |"


_ASKED = {StreamUsage.ASK: "asked for", StreamUsage.ALWAYS: "comes unasked", StreamUsage.NEVER: "as it comes"}


def _answer(dialect: Dialect) -> str:
    cached = ", ".join(f"`{name}`" for name in dialect.cached) or "not told"
    finish = ", ".join(f"`{theirs}` as `{ours}`" for theirs, ours in dialect.finish.items())
    usage = f"{_ASKED[dialect.stream_usage]}, in " + " or ".join(f"`{place}`" for place in dialect.usage)
    failing = ", ".join(f"`{reason}`" for reason in sorted(dialect.failing))
    errors = ", ".join(f"`{shape}`" for shape in dialect.errors)
    return f"| {dialect.title} | {usage} | {cached} | {finish} | {failing} | {errors} |"


def _section() -> str:
    once = list(
        {id(dialect): dialect for dialect in sorted(ALL, key=lambda dialect: dialect.title.casefold())}.values()
    )
    return "\n".join(
        [
            "What tierwise changes in a request for a provider. `model` is always set; every member that is not named",
            "here is sent as it came. *Named*: the response names the member in `x-router-dropped-params`, as it does",
            "for each member that is not sent, unless its value says no more than its absence (null, `n: 1`).",
            "What becomes of the messages stands under Histories.",
            "",
            "| provider | not sent | said otherwise | note |",
            "|---|---|---|---|",
            *map(_request, once),
            "",
            "What is read from its answers.",
            "",
            "| provider | token counts of a stream | cached tokens | finish_reason | a failure | errors |",
            "|---|---|---|---|---|---|",
            *map(_answer, once),
            "",
            "OctoAI shut down on 2024-10-31: a configuration that names it is refused with that sentence.",
        ]
    )


def test_the_documentation_says_what_the_tables_say():
    """The section of docs/compatibility.md is what the tables make of it."""
    page = PAGE.read_text(encoding="utf-8")
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin
    assert end
    expected = f"{before}{BEGIN}\n\n{_section()}\n\n{END}{after}"
    if os.environ.get("TIERWISE_WRITE_DOCS") == "1":
        PAGE.write_text(expected, encoding="utf-8")
        page = expected
    assert page == expected
