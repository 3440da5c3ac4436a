"""The input items of a Responses request -> the messages of a chat completion.

Items that belong together become one message: what the assistant thought, said and called a tool for. What only the
Responses API can keep (files, pictures in a tool's output, built-in tools' calls, references to what a server stored)
is refused by name.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Raw

from router.errors import MalformedRequest
from router.wire.responses_body import FunctionCall, FunctionOutput, Kind, Message, Part, Reasoning, read_value
from router.wire.scrub import listed

_ROLES = {"user": "user", "system": "system", "developer": "system", "assistant": "assistant"}
"""Each role by its name in a chat completion; every upstream knows `system`, few know `developer`."""

SEND_ALL = "Send the whole conversation in 'input'."
"""What to do instead of naming something that a server would have stored."""

LOST_THOUGHT = "input.reasoning"
"""What is reported as dropped for a reasoning item without readable text, or with nothing after it."""


class Conversation:
    """Collects messages from items, in order. `messages` is complete after `end`; `dropped` names what was left out."""

    def __init__(self) -> None:
        """Start with no message."""
        self.messages: list[dict[str, Any]] = []
        self.dropped: set[str] = set()
        self._assistant: dict[str, Any] | None = None
        self._thought: list[str] = []
        self._called: dict[str, bool] = {}

    def say(self, role: str, content: Any) -> None:
        """Add a message of somebody else than the assistant."""
        self.end()
        self.messages.append({"role": role, "content": content})

    def answer(self, content: Any) -> None:
        """Add what the assistant said; a second text begins a second message."""
        if self._assistant is not None:
            self.end()
        self._open()["content"] = content

    def think(self, text: str) -> None:
        """Keep what the assistant thought for its next message."""
        if self._assistant is not None:
            self.end()
        self._thought.append(text)

    def call(self, call: FunctionCall) -> None:
        """Add a call to the assistant's message."""
        message = self._assistant or self._open()
        function = {"name": call.name, "arguments": call.arguments}
        message.setdefault("tool_calls", []).append({"id": call.call_id, "type": "function", "function": function})
        self._called[call.call_id] = False

    def reply(self, call_id: str, content: Any, where: str) -> None:
        """Add a tool's output; MalformedRequest when nothing before it called that tool."""
        if call_id not in self._called:
            raise MalformedRequest(
                f"'{where}.call_id' belongs to no function_call before it.",
                fix=SEND_ALL,
                param=f"{where}.call_id",
            )
        self.end()
        self._called[call_id] = True
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": content})

    def require_outputs(self) -> None:
        """Raise MalformedRequest where a call has no output: no upstream would answer."""
        unanswered = [name for name, answered in self._called.items() if not answered]
        if unanswered:
            raise MalformedRequest(
                f"'input': no output for the function_call of {listed(unanswered)}.",
                fix="Send one function_call_output for each function_call.",
                param="input",
            )

    def end(self) -> None:
        """Close the assistant's message; a thought that nothing followed belongs to no message and is left out."""
        if self._assistant is not None:
            self.messages.append(self._assistant)
            self._assistant = None
        elif self._thought:
            self.dropped.add(LOST_THOUGHT)
        self._thought = []

    def _open(self) -> dict[str, Any]:
        self._assistant = {"role": "assistant", "content": None}
        if self._thought:
            self._assistant["reasoning_content"] = "\n".join(self._thought)
        return self._assistant


def add_items(conversation: Conversation, items: list[Raw]) -> None:
    """Add the items of `input` to `conversation`; MalformedRequest names the first that cannot be kept."""
    for number, raw in enumerate(items):
        where = f"input[{number}]"
        kind = read_value(raw, Kind, where)
        name = kind.type or ("message" if kind.role is not None else "item_reference")
        add = _ADDERS.get(name)
        if add is None:
            raise _not_kept(f"{where}.type", f"items of this type ({_word(name)})", _fix(name))
        add(conversation, raw, where)


def _add_message(conversation: Conversation, raw: Raw, where: str) -> None:
    message = read_value(raw, Message, where)
    role = _ROLES.get(message.role)
    if role is None:
        raise MalformedRequest(f"'{where}.role': expected user, assistant, system or developer.", param=f"{where}.role")
    content = message.content
    if role == "assistant":
        conversation.answer(content if isinstance(content, str) else _said(content, f"{where}.content"))
    else:
        conversation.say(role, content if isinstance(content, str) else _shown(content, f"{where}.content"))


def _add_call(conversation: Conversation, raw: Raw, where: str) -> None:
    conversation.call(read_value(raw, FunctionCall, where))


def _add_output(conversation: Conversation, raw: Raw, where: str) -> None:
    item = read_value(raw, FunctionOutput, where)
    output = item.output if isinstance(item.output, str) else _told(item.output, f"{where}.output")
    conversation.reply(item.call_id, output, where)


def _add_reasoning(conversation: Conversation, raw: Raw, where: str) -> None:
    item = read_value(raw, Reasoning, where)
    text = "\n".join(part.text for part in item.content or () if part.text is not None)
    if text:
        conversation.think(text)
    else:
        conversation.dropped.add(LOST_THOUGHT)


_ADDERS: dict[str, Callable[[Conversation, Raw, str], None]] = {
    "message": _add_message,
    "function_call": _add_call,
    "function_call_output": _add_output,
    "reasoning": _add_reasoning,
}


def _said(parts: list[Part], where: str) -> Any:
    """Return what the assistant said; a refusal is a text like another: no upstream takes it apart."""
    texts = []
    for number, part in enumerate(parts):
        if part.type not in ("output_text", "input_text", "text", "refusal"):
            raise _not_kept(f"{where}[{number}].type", f"parts of this type ({_word(part.type)}) in an answer")
        texts.append(_text(part, f"{where}[{number}]"))
    return _joined(texts)


def _told(parts: list[Part], where: str) -> Any:
    """Return what a tool put out; only text has a place in a chat completion."""
    for number, part in enumerate(parts):
        if part.type not in ("input_text", "output_text", "text"):
            raise _not_kept(f"{where}[{number}].type", f"parts of this type ({_word(part.type)}) in a tool's output")
    return _joined([_text(part, f"{where}[{number}]") for number, part in enumerate(parts)])


def _shown(parts: list[Part], where: str) -> Any:
    """Return the content of a message by somebody else than the assistant: its text, or text and pictures in parts."""
    content: list[dict[str, Any]] = []
    for number, part in enumerate(parts):
        place = f"{where}[{number}]"
        if part.type in ("input_text", "output_text", "text"):
            content.append({"type": "text", "text": _text(part, place)})
        elif part.type == "input_image":
            content.append(_picture(part, place))
        else:
            raise _not_kept(f"{place}.type", f"parts of this type ({_word(part.type)})", _fix(part.type))
    if len(content) == 1 and content[0]["type"] == "text":
        return content[0]["text"]
    return content or ""


def _picture(part: Part, where: str) -> dict[str, Any]:
    """Return a picture by its address or its bytes in a data: URL."""
    if part.file_id is not None:
        raise _not_kept(f"{where}.file_id", "stored files", "Send the picture itself as a data: URL in 'image_url'.")
    if part.image_url is None:
        raise MalformedRequest(f"'{where}.image_url': it is required.", param=f"{where}.image_url")
    detail = {} if part.detail is None else {"detail": part.detail}
    return {"type": "image_url", "image_url": {"url": part.image_url, **detail}}


def _joined(texts: list[str]) -> Any:
    """Return one text as it is and several as parts, so that none runs into another."""
    if len(texts) > 1:
        return [{"type": "text", "text": text} for text in texts]
    return texts[0] if texts else ""


def _text(part: Part, where: str) -> str:
    field = "refusal" if part.type == "refusal" else "text"
    text = part.refusal if part.type == "refusal" else part.text
    if text is None:
        raise MalformedRequest(f"'{where}.{field}': it is required.", param=f"{where}.{field}")
    return text


def _word(name: str) -> str:
    """Return a type's name where it is a plain word, so that an error repeats nothing that a client wrote freely."""
    return name if name.isascii() and name.isidentifier() and len(name) <= 40 else "unknown"


def _fix(name: str) -> str | None:
    if name in ("item_reference", "compaction"):
        return SEND_ALL
    return "Send the file's text as 'input_text'." if name == "input_file" else None


def _not_kept(param: str, what: str, fix: str | None = None) -> MalformedRequest:
    """Return the refusal of what a chat completion has no place for."""
    return MalformedRequest(
        f"'{param}': {what} cannot be passed on by this proxy.",
        fix=fix or "Leave it out, or call the provider that offers it directly.",
        param=param,
    )
