"""A chat completion, whole or as events, as an answer of OpenAI's older completions: its text alone."""

import sys
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import UpstreamBroken
from router.wire.chat_answer import MALFORMED
from router.wire.event_stream import EventCutter, event_fields
from router.wire.same_text import SameText
from router.wire.surrogates import lenient

_FINISH = {"tool_calls": "stop", "function_call": "stop"}
"""finish_reasons that the older API does not know."""

_EMPTY = Raw(b'""')
_NULL = Raw(b"null")


class _Said(msgspec.Struct, gc=False):
    """A message, or a piece of one: what is said, in text or in parts, or refused."""

    content: Raw = _NULL
    refusal: str | None = None


class _Choice(msgspec.Struct, gc=False):
    index: int | None = 0
    message: _Said | None = None
    delta: _Said | None = None
    finish_reason: str | None = None


class _Answer(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    created: int | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    usage: Raw = _NULL
    error: Raw = _NULL


class _Part(msgspec.Struct, gc=False):
    text: str | None = None


_decode = lenient(msgspec.json.Decoder(_Answer).decode)
_decode_parts = msgspec.json.Decoder(list[_Part]).decode


class Completion:
    """What every object of one answer has in common: `name` is its id, `created` seconds since 1970, and the model.

    `created` and `model` are what the upstream says where it says so.
    """

    __slots__ = ("_created", "_model", "_name")

    def __init__(self, name: str, created: int, model: str) -> None:
        """Begin with what is known before the upstream has said anything."""
        self._name = name
        self._created = created
        self._model = model

    def learn(self, answer: _Answer) -> None:
        """Take what the upstream says of itself."""
        self._created = answer.created or self._created
        self._model = answer.model or self._model

    def object(self, answer: _Answer, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """Return an object with these choices."""
        said: dict[str, Any] = {
            "id": self._name,
            "object": "text_completion",
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }
        if answer.system_fingerprint is not None:
            said["system_fingerprint"] = answer.system_fingerprint
        if _says(answer.usage):
            said["usage"] = answer.usage
        return said


def whole_completion(data: bytes, completion: Completion) -> bytes:
    """Return the completion that a whole chat completion says; UpstreamBroken when `data` is none."""
    try:
        answer = _decode(data)
        choices = [
            _choice(choice, choice.message or _Said(), place) for place, choice in enumerate(answer.choices or ())
        ]
    except MALFORMED:
        raise UpstreamBroken("The upstream's answer cannot be told as a completion.") from None
    completion.learn(answer)
    return msgspec.json.encode(completion.object(answer, choices))


class CompletionStream:
    """Translates one stream. What is fed may be cut anywhere."""

    def __init__(self, completion: Completion) -> None:
        """Begin before the first byte."""
        self._completion = completion
        self._cutter = EventCutter(sys.maxsize)  # the stream's reader bounds the events
        self._same = SameText()
        self._frame = (b"", b"")

    def feed(self, data: bytes) -> bytes:
        """Return the events for `data`, maybe none; UpstreamBroken where it holds no chunks."""
        if not self._cutter.pending:
            text = self._same.text(data)
            if text is not None:
                return self._frame[0] + text + self._frame[1] if text else b""
        self._cutter.push(data)
        events = []
        while event := self._cutter.pop():
            events.append(self._event(event))
        return b"".join(events)

    def _event(self, event: bytes) -> bytes:
        """Return one event in the client's terms; comments and the end of the stream are the same in both APIs."""
        data = event_fields(event)[1]
        if data is None or data.strip() == b"[DONE]":
            return event
        try:
            answer = _decode(data)
            return event if _says(answer.error) else self._chunk(answer, event)
        except MALFORMED:
            raise UpstreamBroken("The upstream's stream holds an event that is not a chunk in JSON.") from None

    def _chunk(self, answer: _Answer, event: bytes) -> bytes:
        """Return a chunk; nothing for one that says nothing, as the first that only names the role."""
        self._completion.learn(answer)
        told = [_choice(choice, choice.delta or _Said(), 0) for choice in answer.choices or ()]
        choices = [choice for choice in told if choice["finish_reason"] or bytes(choice["text"]) != b'""']
        if not choices and not _says(answer.usage):
            return b""
        out = b"data: " + msgspec.json.encode(self._completion.object(answer, choices)) + b"\n\n"
        self._learn(answer, event, choices, out)
        return out

    def _learn(self, answer: _Answer, event: bytes, choices: list[dict[str, Any]], out: bytes) -> None:
        """Remember an event that is one piece of text and nothing else, and what stands around that text here."""
        if len(choices) != 1 or _says(answer.usage) or choices[0]["finish_reason"]:
            return
        text = bytes(choices[0]["text"])
        mark = b'"text":' + text
        if out.count(mark) == 1:
            head, _, tail = out.partition(mark)
            self._frame = (head + b'"text":"', b'"' + tail)
            self._same.learn(event, {"content": msgspec.json.decode(text)})


def _choice(choice: _Choice, said: _Said, place: int) -> dict[str, Any]:
    """Return a choice: its text, and why it ends."""
    reason = choice.finish_reason
    return {
        "text": _text(said),
        "index": place if choice.index is None else choice.index,
        "logprobs": None,
        "finish_reason": reason if reason is None else _FINISH.get(reason, reason),
    }


def _text(said: _Said) -> Raw:
    """Return what is said as a JSON string, its bytes as they came where it is one text."""
    content = bytes(said.content)
    if content.startswith(b'"'):
        return said.content
    if content.startswith(b"["):
        return Raw(msgspec.json.encode("".join(part.text or "" for part in _decode_parts(content))))
    return Raw(msgspec.json.encode(said.refusal)) if said.refusal else _EMPTY


def _says(raw: Raw) -> bool:
    """Tell whether a member is there and not null."""
    return bytes(raw) != b"null"
