"""The demo's prompts: one JSON object a line in prompts.jsonl, written for this project (CC0)."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

PROMPTS = Path(__file__).with_name("prompts.jsonl")
SHOWN = 46


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One prompt. `expected` is our judgement (easy, medium, hard, needs_info); `request` goes to the SDK as it is."""

    id: str
    kind: str
    language: str
    expected: str
    stream: bool
    request: dict[str, Any]

    @property
    def text_only(self) -> bool:
        """Whether every model can take it: no tools, no images, no demanded output format."""
        plain = all(isinstance(message.get("content"), str) for message in self.request["messages"])
        return plain and not {"tools", "response_format"} & self.request.keys()

    def limited(self, tokens: int) -> "Row":
        """Return the same prompt with an answer of at most `tokens` tokens."""
        return replace(self, request={**self.request, "max_tokens": tokens})

    @property
    def title(self) -> str:
        """The last message's text on one line, shortened."""
        content = self.request["messages"][-1]["content"]
        text = content if isinstance(content, str) else "🖼 " + content[0]["text"]
        line = " ".join(text.split())
        return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"


def load(path: Path = PROMPTS) -> tuple[Row, ...]:
    """Return all prompts in file order."""
    with path.open(encoding="utf-8") as lines:
        return tuple(Row(**json.loads(line)) for line in lines)


def spread(rows: tuple[Row, ...], limit: int | None) -> tuple[Row, ...]:
    """Return at most `limit` rows, taken evenly over the file, so that every kind is among them."""
    if limit is None or limit >= len(rows):
        return rows
    return tuple(rows[index * len(rows) // limit] for index in range(limit))
