"""Rows of the data sets to labelled examples: which columns mean what, and which rows belong to one family.

The scale is that of the annotation rubric. Tiers that come from models' correctness, contests or teaching tracks are
other notions of difficulty and are not pooled with it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from classifier.assessment import AMBIGUITIES
from classifier.prompt import Prompt, Turn
from classifier.tier import Tier

OWN = "own_"
"""Sources of the rows that are written beside the code begin with this: they are trained on, never tested on."""

OWN_WORTH = {"en": 0.1}
"""What the tier of an own row counts in the second stage against a row of others, by language."""

ELSEWHERE = 0.5
"""The same in languages in which there are hardly any rows of others."""

_WRITTEN_KINDS = {"np": "pairs", "tr": "triplets", "ap": "apps"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One labelled prompt. None where the source has no such label.

    `ambiguity` is 0 (low), 1 (med) or 2 (high); `missing` is whether something is missing that the answer depends on.
    Examples of one `group` stay on one side of every split. `public` marks prompts of real people and public sets.
    """

    id: str
    source: str
    group: str
    prompt: Prompt
    language: str
    public: bool
    missing: bool
    tier: Tier | None = None
    ambiguity: int | None = None
    domain: str | None = None


def written(row: Mapping[str, Any]) -> Example:
    """Return the example of a prompt written for this project; applications that share a system prompt are a family."""
    source = _WRITTEN_KINDS.get(row["id"].split("-")[0], "written")
    group = row.get("group") or row["id"]
    if source == "apps":
        system = next((turn["content"] for turn in row["messages"] if turn["role"] == "system"), row["id"])
        group = "app:" + system[:200]
    return _annotated(row, source=source, group=group, public=False)


def public(row: Mapping[str, Any]) -> Example:
    """Return the example of an annotated public prompt; variants of one item are a family."""
    return _annotated(row, source=row["source"], group=_family(row["source"], row["id"]), public=True)


def session(row: Mapping[str, Any]) -> Iterable[Example]:
    """Yield an example for each labelled model call of an agent session; a session is a family.

    Each call is offered all functions that are called in the session: there is no list of them.
    """
    called = [call for message in row["messages"] for call in message.get("tool_calls") or ()]
    tools = len({call["function"]["name"] for call in called})
    for call in row["calls"]:
        seen = {
            **row,
            **call,
            "tools": tools,
            "messages": row["messages"][: call["upto"]],
            "id": f"{row['id']}:{call['upto']}",
        }
        yield _annotated(seen, source="sessions", group=row["id"], public=False)


def own(row: Mapping[str, Any], name: str) -> Iterable[Example]:
    """Yield the example of a row of the project's own file `name`, or those of the labelled calls of a session."""
    if "calls" in row:
        yield from (replace(call, source=OWN + name) for call in session(row))
    else:
        yield _annotated(row, source=OWN + name, group=f"{OWN}{row.get('group') or row['id']}", public=False)


def told(example: Example, instructions: Sequence[str]) -> Example:
    """Return every second own prompt of one turn with some of the `instructions` before it, any other as it is.

    Most clients send instructions that change nothing of what is asked ("You are a helpful assistant."); prompts with
    instructions in the data are an application's, and mostly easy. The same prompts get the same ones in every run.
    """
    draw = int.from_bytes(sha256(example.id.encode()).digest()[:8], "little")
    turns = example.prompt.turns
    if draw % 2 or len(turns) != 1 or turns[0].role != "user" or not is_own(example):
        return example
    system = Turn("system", instructions[draw // 2 % len(instructions)])
    return replace(example, prompt=replace(example.prompt, turns=(system, *turns)))


def is_own(example: Example) -> bool:
    """Return whether an example is one of the project's own rows."""
    return example.source.startswith(OWN)


def worth_of(example: Example) -> float:
    """Return what the tier of an example counts in the second stage: 1 for rows of others, less for own ones."""
    return OWN_WORTH.get(example.language, ELSEWHERE) if is_own(example) else 1.0


def flagged(row: Mapping[str, Any]) -> Example:
    """Return the example of a row with a missing-information flag and nothing else; no flag means nothing lacks."""
    return Example(
        id=row["id"],
        source=row["source"],
        group=_family(row["source"], row["id"]),
        prompt=Prompt.of((("user", row["prompt"]),)),
        language="en",
        public=True,
        missing=bool(row.get("needs_info", 0)),
    )


def _annotated(row: Mapping[str, Any], *, source: str, group: str, public: bool) -> Example:
    ambiguity = AMBIGUITIES.index(row["ambiguity"])
    return Example(
        id=row["id"],
        source=source,
        group=group,
        prompt=Prompt.from_messages(
            row["messages"], tools=row.get("tools", 0), json_output=row.get("json_output", False)
        ),
        language=row["language"] or _script(row["messages"][-1]["content"]),
        public=public,
        tier=Tier.parse(row["tier"]),
        ambiguity=ambiguity,
        missing=ambiguity == len(AMBIGUITIES) - 1,
        domain=row["domain"],
    )


def _family(source: str, identity: str) -> str:
    """Return the name that the variants of one item share."""
    if source == "mip":
        return re.sub(r"-(ok|mip)$", "", identity)
    if source == "bfcl_multi":
        return identity.rsplit("-", 1)[0]
    if source == "exercism":
        return "exercism:" + identity.rsplit("/", 1)[-1]
    if source == "synth_needs_info":
        return "seed:" + identity.rsplit("_", 1)[-1]
    if source == "self_instruct_seed":
        return "seed:" + identity.rsplit("_", 1)[-1]
    return identity


def _script(text: str) -> str:
    """Return a rough language of a prompt that has none: by its script, `en` for Latin."""
    for name, first, last in (("zh", "\u4e00", "\u9fff"), ("ru", "\u0400", "\u04ff"), ("ko", "\uac00", "\ud7af")):
        if sum(first <= letter <= last for letter in text[:400]) > len(text[:400]) // 10:
            return name
    return "en"
