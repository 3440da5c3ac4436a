"""The kinds of text in a Responses answer (said, refused, thought), and where a chat completion keeps each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class PartKind:
    """One kind of text part: its type and field, the item that holds it, the events that tell of it.

    `part_extra` and `event_extra` are members that the API requires and for which there is nothing to say.
    """

    type: str
    field: str
    item_type: str
    id_prefix: str
    event: str
    part_extra: dict[str, Any]
    event_extra: dict[str, Any]

    @property
    def delta_event(self) -> str:
        """The event for a piece of the text."""
        return f"{self.event}.delta"

    @property
    def done_event(self) -> str:
        """The event for the whole text."""
        return f"{self.event}.done"

    def part(self, text: str) -> dict[str, Any]:
        """Return a part with this text."""
        return {"type": self.type, self.field: text, **self.part_extra}

    def item(self, item_id: str, status: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the item that holds these parts."""
        own: dict[str, Any] = {"role": "assistant"} if self.item_type == "message" else {"summary": []}
        return {"id": item_id, "type": self.item_type, "status": status, **own, "content": parts}


OUTPUT_TEXT = PartKind(
    type="output_text",
    field="text",
    item_type="message",
    id_prefix="msg",
    event="response.output_text",
    part_extra={"annotations": [], "logprobs": []},
    event_extra={"logprobs": []},
)
REFUSAL = PartKind(
    type="refusal",
    field="refusal",
    item_type="message",
    id_prefix="msg",
    event="response.refusal",
    part_extra={},
    event_extra={},
)
REASONING = PartKind(
    type="reasoning_text",
    field="text",
    item_type="reasoning",
    id_prefix="rs",
    event="response.reasoning_text",
    part_extra={},
    event_extra={},
)


def texts_of(message: dict[str, Any]) -> Iterator[tuple[PartKind, str]]:
    """Yield what a message or delta of a chat completion says, each text with its kind; empty ones are left out."""
    for name in ("reasoning_content", "reasoning"):  # hosts have the one or the other; who has both says it twice
        thought = message.get(name)
        if isinstance(thought, str) and thought:
            yield REASONING, thought
            break
    content = message.get("content")
    if isinstance(content, str):
        if content:
            yield OUTPUT_TEXT, content
    elif isinstance(content, list):
        yield from _texts_of_parts(content)
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        yield REFUSAL, refusal


def _texts_of_parts(parts: list[Any]) -> Iterator[tuple[PartKind, str]]:
    """Yield the texts of content that comes in parts, among them thoughts: {"type": "thinking", "thinking": [...]}."""
    for part in parts:
        if not isinstance(part, dict):
            continue
        thought, text = part.get("thinking"), part.get("text")
        if isinstance(thought, list):
            yield from ((REASONING, said) for _, said in _texts_of_parts(thought))
        elif isinstance(thought, str) and thought:
            yield REASONING, thought
        elif isinstance(text, str) and text:
            yield OUTPUT_TEXT, text


def arguments_of(value: Any) -> str:
    """Return a piece of a call's arguments; some hosts write the object itself where a string of JSON belongs."""
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, dict) else ""
