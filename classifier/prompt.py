"""Messages to the text the model reads: the same function in training and in serving."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Turn(NamedTuple):
    """One message: its role (system, developer, user, assistant, tool) and its text parts joined by a newline."""

    role: str
    text: str


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
