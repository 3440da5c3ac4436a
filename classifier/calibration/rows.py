"""Lines of JSON to labelled prompts; what is wrong with a line is told with its number and never quotes its text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from classifier.prompt import Prompt
from classifier.tier import Tier

_LABELS = tuple(tier.label for tier in Tier)
_WANTED = '{"prompt": "...", "tier": "easy"}'
_TIER = f'write "tier" as one of {", ".join(_LABELS)}'
_QUALITY = 'write "quality" as {"easy": 0.7, "medium": 0.9, "hard": 1}, each between 0 and 1'


class RowsInvalid(Exception):
    """Lines that are no labelled prompts; `problems` has one sentence for each, with its fix."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One prompt of a file. `line` counts from 1.

    `tier` is the weakest tier that answers it well enough, `quality` the measured quality, in 0..1, of the answer of
    each tier's model, easy first; None where the file does not say.
    """

    line: int
    prompt: Prompt
    tier: Tier | None = None
    quality: tuple[float, float, float] | None = None


def parse(lines: Iterable[bytes]) -> tuple[Row, ...]:
    """Return the prompts of JSON Lines, blank lines left out; RowsInvalid with every line that is none.

    A line is an object with `messages` (OpenAI's shape) or `prompt` (text), and `tier` or `quality` or neither. An
    object with `calls`, each with `upto` and a label, is one prompt for each call: the first `upto` messages.
    """
    rows: list[Row] = []
    problems: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.extend(_rows_of(line, number))
        except ValueError as error:
            problems.append(f"Line {number}: {error}.")
    if not rows and not problems:
        problems.append(f"There is no prompt in it: write one on each line, as in {_WANTED}.")
    if problems:
        raise RowsInvalid(problems)
    return tuple(rows)


def _rows_of(line: bytes, number: int) -> Iterator[Row]:
    """Yield the prompts of one line; ValueError says what is wrong with it."""
    try:
        found = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8 text; save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        what = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else "it is too deep"
        raise ValueError(f"it is not JSON ({what}); write one object a line, as in {_WANTED}") from None
    if not isinstance(found, dict):
        raise ValueError(  # noqa: TRY004 - what is wrong with a line is one kind of error
            f"it is {_kind(found)}, not an object; write one object a line, as in {_WANTED}"
        )
    if "calls" in found:
        yield from _calls_of(found, number)
    else:
        yield _row(found, number)


def _calls_of(found: Mapping[str, Any], number: int) -> Iterator[Row]:
    """Yield a prompt for each labelled call of a conversation."""
    calls, messages = found["calls"], found.get("messages")
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise ValueError('"calls" must be a list of objects, each with "upto" and "tier"')
    for call in calls:
        upto = call.get("upto")
        if not isinstance(messages, list) or not isinstance(upto, int) or not 0 < upto <= len(messages):
            raise ValueError('"upto" of a call must count some of the "messages"')
        yield _row({**call, "messages": messages[:upto]}, number)


def _row(found: Mapping[str, Any], number: int) -> Row:
    tier, quality = found.get("tier"), found.get("quality")
    if tier is not None and tier not in _LABELS:
        raise ValueError(f"its tier has another name; {_TIER}")
    return Row(
        line=number,
        prompt=_prompt(found),
        tier=None if tier is None else Tier.parse(tier),
        quality=None if quality is None else _quality(quality),
    )


def _prompt(found: Mapping[str, Any]) -> Prompt:
    text, messages, tools = found.get("prompt"), found.get("messages"), found.get("tools")
    if isinstance(messages, list) and messages and all(isinstance(message, dict) for message in messages):
        return Prompt.from_messages(messages, tools=len(tools) if isinstance(tools, list) else 0)
    if messages is not None:
        raise ValueError('"messages" must be a list of objects with "role" and "content"')
    if isinstance(text, str):
        return Prompt.of((("user", text),))
    raise ValueError(f"it holds no prompt; write it as {_WANTED}, or with OpenAI's messages")


def _quality(found: Any) -> tuple[float, float, float]:
    if not isinstance(found, dict) or set(found) != set(_LABELS):
        raise ValueError(_QUALITY)
    easy, medium, hard = (found[label] for label in _LABELS)
    for value in (easy, medium, hard):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(_QUALITY)
    return float(easy), float(medium), float(hard)


def _kind(value: Any) -> str:
    """Name the kind of a JSON value."""
    if value is None:
        return "null"
    return {list: "a list", str: "a text", bool: "true or false"}.get(type(value), "a number")
