"""Messages to the text the model reads: the same function in training and in serving.

Nothing here grows with the length of a prompt: long turns are cut to a head, a sample of the middle and a tail before
anything looks at their characters.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from classifier.noise import is_assent, without_noise

HARNESS_TAGS = (
    "system-reminder",
    "environment_details",
    "environment_context",
    "additional_data",
    "attached_files",
    "command-message",
    "command-name",
    "local-command-stdout",
    "open_and_recently_viewed_files",
    "rules",
    "user_info",
    "project_layout",
    "available_skills",
    "tool_listing",
)
"""Elements that agent harnesses put around what a person wrote; they and all they hold are not read."""

ASK_HEAD, ASK_MIDDLE, ASK_TAIL = 1700, 400, 900
QUESTION_CHARS = 900
"""A last paragraph of at most so many characters after a long text is what is asked; the text is what it is about."""

CONTEXT_CHARS = 900
SYSTEM_CHARS = 500
_WINDOW = 6000
_CONTEXT_TURNS = 12
_TURNS = 200
_QUESTION_END = 200
"""Characters of the turn before in which a question is looked for that "ok" answers."""

_PASTED = 6000
_LINE = 400  # characters: shorter lines are code, logs or tables, whose size tells something of the work
_INTRODUCTION = 1200


def harness(tags: Iterable[str] = ()) -> re.Pattern[str]:
    """Return what finds the elements of HARNESS_TAGS and those of an operator's own."""
    return re.compile(r"<(/?)(" + "|".join(map(re.escape, (*HARNESS_TAGS, *tags))) + r")>")


SHIPPED = harness()


class Turn(NamedTuple):
    """One message: its role (system, developer, user, assistant, tool) and its text parts joined by a newline."""

    role: str
    text: str


class Reading(NamedTuple):
    """What the model looks at: a few bounded texts and the counts that stand for the rest.

    `ask` is the last user turn, `after` what tools and the assistant said since, `before` the conversation that led
    to it, `system` the beginning of the instructions. `ask_chars` and `all_chars` count characters before cutting,
    without what is not read of the ask on purpose: harness elements, pleas, the long text before a question.
    `turns` counts messages; of the last 200, `user_turns` counts those of the user, `tool_results` those of tools and
    `tail_tools` the tool results after the ask. `last_role` is the role of the last message, or the empty string.
    """

    ask: str
    after: str
    before: str
    system: str
    ask_chars: int
    all_chars: int
    turns: int
    user_turns: int
    tool_results: int
    tail_tools: int
    last_role: str
    tools: int
    images: int
    json_output: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a client sent, as far as the classifier may look at it; nothing is copied or clipped here.

    `tools` counts the declared tools, `images` the image parts of all turns; `json_output` says that a
    response_format other than text was asked for.
    """

    turns: tuple[Turn, ...]
    tools: int = 0
    images: int = 0
    json_output: bool = False

    @classmethod
    def of(
        cls, turns: Iterable[tuple[str, str]], *, tools: int = 0, images: int = 0, json_output: bool = False
    ) -> "Prompt":
        """Build a prompt from (role, text) pairs."""
        return cls(turns=tuple(Turn(*turn) for turn in turns), tools=tools, images=images, json_output=json_output)

    @classmethod
    def from_messages(
        cls, messages: Iterable[Mapping[str, Any]], *, tools: int = 0, json_output: bool = False
    ) -> "Prompt":
        """Build a prompt from messages in OpenAI's shape: content a string, a list of parts or None.

        What is not text (images, audio, tool calls) adds no text; image parts are counted.
        """
        turns, images = [], 0
        for message in messages:
            text, pictures = _text_of(message.get("content"))
            turns.append(Turn(str(message.get("role") or "user"), text))
            images += pictures
        return cls(turns=tuple(turns), tools=tools, images=images, json_output=json_output)

    def reading(self, elements: re.Pattern[str] = SHIPPED) -> Reading:
        """Select what the model reads, without the `elements` of harnesses; the time does not grow with the prompt."""
        turns = self.turns if len(self.turns) <= _TURNS else self.turns[-_TURNS:]
        place, ask, ask_chars, rest = _last_ask(turns, elements)
        tail = turns[place + 1 :]
        if tail and tail[-1].role == "user":
            tail = tail[:-1]  # a bare yes was passed over: the "ok" in it tells of no success
        roles = [role for role, _ in turns]
        return Reading(
            ask,
            _join(tail) if tail else "",
            _join(turns[:place]) if place > 0 else "",
            _system(self.turns[:4]),
            ask_chars,
            sum([len(text) for _, text in turns]) - rest,
            len(self.turns),
            roles.count("user"),
            roles.count("tool") + roles.count("function"),
            sum([turn.role in _RESULTS for turn in tail]) if tail else 0,
            roles[-1] if roles else "",
            self.tools,
            self.images,
            self.json_output,
        )


_INSTRUCTIONS = ("system", "developer")
_RESULTS = ("tool", "function")


def _system(turns: tuple[Turn, ...]) -> str:
    """Return the beginning of the first instructions among `turns`."""
    for role, text in turns:
        if role in _INSTRUCTIONS:
            return text[:SYSTEM_CHARS]
    return ""


def _last_ask(turns: tuple[Turn, ...], elements: re.Pattern[str]) -> tuple[int, str, int, int]:
    """Return the last user turn that says something, or else the last turn: its place, cut text, size and rest.

    A bare assent is passed over where it is the last turn and an earlier one says what is assented to; not where tools
    have answered: what an agent is told to go on with is one step of it. The size is that of what is asked, before
    cutting, in characters; the rest are those passed over on purpose.
    """
    found = None
    talk = bool(turns) and turns[-1].role == "user" and not any(turn.role in _RESULTS for turn in turns)
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].role == "user":
            text, size = _clip(turns[place].text, elements)
            if text:
                ask = place, text, size, len(turns[place].text) - size
                if not talk or place == 0 or not is_assent(text, turns[place - 1].text[-_QUESTION_END:]):
                    return ask
                found = found or ask
    if found is not None:
        return found
    if not turns:
        return -1, "", 0, 0
    text, size = _clip(turns[-1].text, elements)
    return len(turns) - 1, text, size, len(turns[-1].text) - size


def clip(text: str) -> str:
    """Return `text` without harness elements, cut to a head, a sample of the middle and a tail.

    Of a long text with a short last paragraph only that is kept, with the first paragraph where it is short as well:
    what is asked, without what it is about.
    """
    return _clip(text, SHIPPED)[0]


def _clip(text: str, elements: re.Pattern[str]) -> tuple[str, int]:
    """Return the cut text, and the characters of what is asked before cutting."""
    whole = len(text)
    if whole <= 3 * _WINDOW:
        head = tail = text = without_noise(without_harness(text, elements))
        size = len(text)
    else:
        head = without_noise(without_harness(text[:_WINDOW], elements, cut_end=True))
        tail = without_noise(without_harness(text[-_WINDOW:], elements, cut_start=True))
        size = whole
    if size > _PASTED:
        asked = _question(head, tail)
        if asked:
            return asked, len(asked)
    if size <= ASK_HEAD + ASK_MIDDLE + ASK_TAIL:
        return text, size
    centre = len(text) // 2
    middle = text[centre : centre + ASK_MIDDLE]
    if size == whole:
        middle = without_harness(text[centre : centre + _WINDOW], elements, cut_start=True, cut_end=True)[:ASK_MIDDLE]
    return f"{head[:ASK_HEAD]}\n{middle}\n{tail[-ASK_TAIL:]}".strip(), size


def _question(head: str, tail: str) -> str:
    """Return what is asked at the end of long prose, after its first paragraph if that is short; empty if unclear."""
    before, _, asked = tail.rpartition("\n\n")
    if not before or len(asked) > QUESTION_CHARS or (head + tail).count("\n") * _LINE > len(head) + len(tail):
        return ""
    introduction = head[: _INTRODUCTION + 2].partition("\n\n")[0]
    return f"{introduction}\n{asked}" if len(introduction) <= _INTRODUCTION else asked


def without_harness(
    text: str, elements: re.Pattern[str] = SHIPPED, *, cut_start: bool = False, cut_end: bool = False
) -> str:
    """Return `text` without the elements of harnesses.

    `cut_start` and `cut_end` say that the text is a piece of a longer one: an element that is closed but was not
    opened in the piece reaches back to its start, one that is never closed reaches to its end. In a whole text an
    element that is not closed is somebody's words and stays.
    """
    if "<" not in text:
        return text.strip()
    kept, place, depth, opened = [], 0, 0, 0
    for mark in elements.finditer(text):
        if not mark.group(1):
            if depth == 0:
                opened = mark.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                kept.append(text[place:opened])
                place = mark.end()
        elif cut_start and place == 0:
            place = mark.end()
    kept.append(text[place:opened] if depth and cut_end else text[place:])
    return "".join(kept).strip()


def _join(turns: tuple[Turn, ...]) -> str:
    """Return the latest words of `turns` within CONTEXT_CHARS, each turn with at most half of the room that is left."""
    pieces: list[str] = []
    room = CONTEXT_CHARS
    for turn in reversed(turns[-_CONTEXT_TURNS:]):
        if turn.role in _INSTRUCTIONS:
            continue
        half = max(room // 2, 120) // 2
        text = turn.text if len(turn.text) <= 2 * half else turn.text[:half] + "\n" + turn.text[-half:]
        pieces.append(text)
        room -= len(text)
        if room <= 0:
            break
    return "\n".join(reversed(pieces))


def _text_of(content: Any) -> tuple[str, int]:
    """Return the text and the number of image parts of a message's content, whatever shape it has."""
    if isinstance(content, str):
        return content, 0
    if not isinstance(content, list):
        return "", 0
    texts, images = [], 0
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            text = part.get("text")
            if isinstance(text, str):
                texts.append(text)
            images += str(part.get("type", "")) in ("image_url", "input_image", "image")
    return "\n".join(texts), images
