"""A conversation in Anthropic's blocks, as the messages of a chat completion.

Texts stay byte for byte; several of them become one text, for not every upstream takes a list: a line each in what the
client says, and without anything between them in what the model said. A result's pictures go into the user message that
follows, because a tool's message holds text only. A block that has no counterpart is refused by its name.
"""

from collections.abc import Iterable
from typing import Any

from router.errors import MalformedRequest
from router.wire.anthropic_schema import (
    FIX,
    NOTHING,
    Block,
    Message,
    Source,
    decode_blocks,
    decode_source,
    decoded,
    is_object,
    is_string,
    is_there,
    missing,
    refused,
)
from router.wire.scrub import listed

ChatMessage = dict[str, Any]

_ROLES = ("user", "assistant", "system")
_KIND_CHARS = 60
_IMAGES_ONLY = "(The result is in the next message.)"
_KEPT = "Send text, images, tool_use and tool_result blocks; this proxy can keep no others."


class History:
    """Writes messages. `dropped` gathers the names of what has no counterpart and does not matter enough to refuse."""

    def __init__(self) -> None:
        """Begin with no messages."""
        self.messages: list[ChatMessage] = []
        self.dropped: set[str] = set()
        self._asked: dict[str, bool] = {}
        self._speaks = False
        self._spoke_at = ""

    def instruct(self, system: str | list[Block], place: str = "system") -> None:
        """Add instructions; `place` is the field that they stand in."""
        text = system if isinstance(system, str) else self._texts(system, place, "\n")
        if text:
            self.messages.append({"role": "system", "content": text})

    def add(self, message: Message, place: str) -> None:
        """Add what becomes of one message, which stands in the field `place`."""
        role, content = message.role, message.content
        if role not in _ROLES:
            raise refused(f"{place}.role", "it must be user, assistant or system", FIX)
        self._turn(role, place)
        if isinstance(content, str):
            self.messages.append({"role": role, "content": content})
        elif role == "user":
            self._say(content, f"{place}.content")
        elif role == "assistant":
            self._answer(content, f"{place}.content")
        else:
            self.instruct(content, f"{place}.content")

    def _turn(self, role: str, place: str) -> None:
        """Forget the calls of an earlier turn once the model speaks again; its messages in a row are one turn."""
        if role == "assistant":
            if not self._speaks:
                self.end()
            self._speaks, self._spoke_at = True, place
        elif role == "user":
            self._speaks = False

    def end(self) -> None:
        """End the turn: each of its calls must have a result by now, else MalformedRequest names those without one."""
        unanswered = [name for name, answered in self._asked.items() if not answered]
        if unanswered:
            raise refused(
                self._spoke_at,
                f"tool_use without a tool_result in the message after it: {listed(unanswered)}",
                "Send one tool_result for each tool_use, in the user message right after it.",
            )
        self._asked.clear()

    def _say(self, blocks: Iterable[Block], place: str) -> None:
        """Add what the client says: results first, as messages of their own, then everything else as one."""
        pictures: list[Any] = []
        parts: list[Any] = []
        for number, block in enumerate(blocks):
            at = f"{place}[{number}]"
            if block.type == "tool_result":
                pictures += self._result(block, at)
            else:
                parts.append(self._part(block, at))
        self._speak([*pictures, *parts])

    def _speak(self, parts: list[Any]) -> None:
        """Add a user message of `parts`, as one text if they are texts alone; none if there are no parts."""
        texts = [part["text"] for part in parts if part["type"] == "text"]
        if parts:
            content = "\n".join(texts) if len(texts) == len(parts) else parts
            self.messages.append({"role": "user", "content": content})

    def _result(self, block: Block, place: str) -> list[Any]:
        """Add a tool's result; return its pictures as parts that say whose they are."""
        if block.tool_use_id is None:
            raise missing(f"{place}.tool_use_id")
        if block.tool_use_id not in self._asked:
            raise refused(
                f"{place}.tool_use_id",
                "it is the result of no tool_use in the assistant's message before",
                "Send each tool_result right after the tool_use that it answers.",
            )
        if self._asked[block.tool_use_id]:
            raise refused(f"{place}.tool_use_id", "the tool_use has a result already", "Send one result for each.")
        self._asked[block.tool_use_id] = True
        self._note(block)
        if block.is_error:
            self.dropped.add("tool_result.is_error")
        pictures: list[Any] = []
        content: Any = ""
        if is_string(block.content):
            content = block.content  # most of an agent's traffic: it stays raw, and is read with the messages
        elif is_there(block.content):
            blocks = decoded(decode_blocks, block.content, f"{place}.content")
            parts = [self._part(inner, f"{place}.content[{number}]") for number, inner in enumerate(blocks)]
            pictures = [part for part in parts if part["type"] != "text"]
            content = "\n".join(part["text"] for part in parts if part["type"] == "text")
        if pictures:
            pictures.insert(0, {"type": "text", "text": f"Images in the result of {block.tool_use_id}:"})
            content = content or _IMAGES_ONLY
        self.messages.append({"role": "tool", "tool_call_id": block.tool_use_id, "content": content})
        return pictures

    def _part(self, block: Block, place: str) -> Any:
        """Return a block as one part of a content."""
        self._note(block)
        if block.type == "text":
            if block.text is None:
                raise missing(f"{place}.text")
            return {"type": "text", "text": block.text}
        if block.type == "image":
            return {"type": "image_url", "image_url": {"url": _picture(_source(block, place), place)}}
        if block.type == "document":
            return {"type": "text", "text": _document(block, place)}
        raise _unkept(block, place)

    def _answer(self, blocks: Iterable[Block], place: str) -> None:
        """Add what the model said: its text, its calls, and the thoughts that a chat completion had given it."""
        texts: list[str] = []
        thoughts: list[str] = []
        calls: list[Any] = []
        for number, block in enumerate(blocks):
            at = f"{place}[{number}]"
            if block.type == "text":
                texts.append(self._part(block, at)["text"])
            elif block.type == "tool_use":
                calls.append(self._call(block, at))
            elif block.type in ("thinking", "redacted_thinking"):
                thoughts += self._thought(block, at)
            else:
                raise _unkept(block, at)
        message: ChatMessage = {"role": "assistant", "content": "".join(texts)}
        if thoughts:
            message["reasoning_content"] = "\n".join(thoughts)
        if calls:
            message["content"] = message["content"] or None
            message["tool_calls"] = calls
        self.messages.append(message)

    def _call(self, block: Block, place: str) -> Any:
        """Return a tool_use block as a call; its arguments are the input's own bytes."""
        if block.id is None or block.name is None:
            raise missing(f"{place}.{'id' if block.id is None else 'name'}")
        if not is_object(block.input):
            raise refused(f"{place}.input", "it must be an object", FIX)
        if block.id in self._asked:
            raise refused(f"{place}.id", "another tool_use of this turn has it too", "Give each tool_use its own id.")
        self._note(block)
        self._asked[block.id] = False
        arguments = bytes(block.input).decode()
        return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": arguments}}

    def _thought(self, block: Block, place: str) -> list[str]:
        """Return a thought without a signature. A signed one belongs to another family of models: nobody here reads it.

        This proxy signs none, so what comes back unsigned was an upstream's own reasoning.
        """
        if block.type == "redacted_thinking" or block.signature:
            self.dropped.add(block.type)
            return []
        if block.thinking is None:
            raise missing(f"{place}.thinking")
        return [block.thinking] if block.thinking else []

    def _texts(self, blocks: Iterable[Block], place: str, between: str) -> str:
        """Return the texts of blocks that may be nothing else."""
        texts = []
        for number, block in enumerate(blocks):
            if block.type != "text":
                raise _unkept(block, f"{place}[{number}]", "Send text blocks here.")
            texts.append(self._part(block, f"{place}[{number}]")["text"])
        return between.join(texts)

    def _note(self, block: Block) -> None:
        """Note what is left out of a block."""
        if block.cache_control is NOTHING and block.citations is NOTHING and block.transformations is NOTHING:
            return
        if is_there(block.cache_control):
            self.dropped.add("cache_control")
        if is_there(block.citations) and bytes(block.citations) != b"[]":
            self.dropped.add("citations")
        if is_there(block.transformations):
            self.dropped.add("image.transformations")


def _source(block: Block, place: str) -> Source:
    if not is_there(block.source):
        raise missing(f"{place}.source")
    return decoded(decode_source, block.source, f"{place}.source")


def _picture(source: Source, place: str) -> str:
    """Return where a picture is: its address, or a data address that holds it."""
    if source.type == "url" and source.url:
        return source.url
    if source.type == "base64" and source.data is not None and source.media_type:
        return f"data:{source.media_type};base64,{source.data}"
    raise refused(
        f"{place}.source", "an image must be base64 (media_type, data) or url (url)", "Send the image itself, no file."
    )


def _document(block: Block, place: str) -> str:
    """Return a plain-text document as text, under its title and context; any other is refused."""
    source = _source(block, place)
    if source.type != "text" or source.data is None:
        raise _unkept(block, place, "Send its text: only documents of plain text can be kept.")
    if is_there(block.citations) and b"true" in bytes(block.citations):
        raise refused(f"{place}.citations", "no upstream here cites documents", "Leave citations out.")
    return "\n".join(part for part in (block.title, block.context, source.data) if part)


def _unkept(block: Block, place: str, fix: str = _KEPT) -> MalformedRequest:
    return refused(place, f"a block of type '{block.type[:_KIND_CHARS]}' cannot be kept", fix)
