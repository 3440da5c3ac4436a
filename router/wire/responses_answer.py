"""A chat completion's messages and deltas -> the output items of a Responses answer, and the events on their way.

A whole message is a delta like any other, so that streamed and whole answers come out the same. One text item is open
at a time; calls of tools stay open to the end, for their arguments may come in turns.
"""

from dataclasses import dataclass, field
from typing import Any

from router.usage import Usage
from router.wire.chat_answer import Answer, usage_of
from router.wire.openai_responses import COMPLETED, FAILED, IN_PROGRESS, INCOMPLETE, Frame, cut_off_of
from router.wire.reply_limit import AnswerTooLarge
from router.wire.responses_events import Sink, encode, piece_head
from router.wire.responses_text import OUTPUT_TEXT, PartKind, arguments_of, texts_of
from router.wire.usage_report import later_usage

UNBOUNDED = 1 << 62
"""The limit of what somebody else has bounded."""


@dataclass(slots=True)
class _Speech:
    """An item of text that is still growing: a message, or reasoning."""

    id: str
    index: int
    kind: PartKind
    head: bytes = b""
    parts: list[dict[str, Any]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def part(self) -> dict[str, Any]:
        """Return the open part as it is now."""
        return self.kind.part("".join(self.texts))

    def item(self, status: str, *, blank: bool = False) -> dict[str, Any]:
        """Return the item; `blank`: as it is announced."""
        return self.kind.item(self.id, status, [] if blank else [*self.parts, self.part()])


@dataclass(slots=True)
class _Call:
    """A call of a tool that is still growing. It has no index before its name is known."""

    call_id: str = ""
    name: str = ""
    id: str = ""
    index: int | None = None
    head: bytes = b""
    arguments: list[str] = field(default_factory=list)

    def item(self, status: str, *, blank: bool = False) -> dict[str, Any]:
        """Return the item; `blank`: as it is announced."""
        return {
            "id": self.id,
            "type": "function_call",
            "status": status,
            "call_id": self.call_id,
            "name": self.name,
            "arguments": "" if blank else "".join(self.arguments),
        }


class Output:
    """The output of one answer as it grows."""

    def __init__(self, frame: Frame, sink: Sink, most_bytes: int = UNBOUNDED) -> None:
        """Start with no item; `sink` gets every event. AnswerTooLarge past `most_bytes` of texts and arguments.

        All of it is kept to the end, because the last events repeat it.
        """
        self._room = most_bytes
        self._most_bytes = most_bytes
        self._frame = frame
        self._sink = sink
        self._items: list[dict[str, Any] | _Speech | _Call] = []
        self._speech: _Speech | None = None
        self._calls: list[_Call] = []
        self._growing: dict[int, _Call] = {}
        self._finish: str | None = None
        self._usage: Usage | None = None

    def take(self, answer: Answer) -> None:
        """Take a whole answer or a chunk; of several choices the first counts, which is all that was asked for."""
        self._usage = later_usage(self._usage, usage_of(answer))
        for choice in answer.choices or ():
            if choice.index:
                continue
            message = choice.message or choice.delta
            if message:
                self._grow(message)
            self._finish = choice.finish_reason or self._finish

    def complete(self) -> tuple[str, dict[str, Any]]:
        """Close every item; return the response's status and the response object."""
        cut_off = cut_off_of(self._finish)
        if not self._items and not self._calls and cut_off is None:
            self._speak(OUTPUT_TEXT, "")
        for call in self._calls:
            self._announce(call)
        last = len(self._items) - 1
        self._close_speech(INCOMPLETE if cut_off and self._speech and self._speech.index == last else COMPLETED)
        for call in self._calls:
            self._close_call(call, INCOMPLETE if cut_off and call.index == last else COMPLETED)
        status = COMPLETED if cut_off is None else INCOMPLETE
        return status, self._frame.response(status, self._so_far(), usage=self._usage, cut_off=cut_off)

    def broken(self, error: dict[str, Any]) -> dict[str, Any]:
        """Return the response object of an answer that failed with `error`: what there is of its items, unfinished."""
        return self._frame.response(FAILED, self._so_far(), usage=self._usage, error=error)

    def _so_far(self) -> list[dict[str, Any]]:
        return [item if isinstance(item, dict) else item.item(INCOMPLETE) for item in self._items]

    def _grow(self, message: dict[str, Any]) -> None:
        for kind, text in texts_of(message):
            self._speak(kind, text)
        calls = message.get("tool_calls")
        for place, call in enumerate(calls if isinstance(calls, list) else ()):
            if isinstance(call, dict):
                self._call(call, place)

    def more(self, text: bytes) -> None:
        """Take a piece of what is said, plain UTF-8 that stands in JSON as it is: what most chunks hold, made quick."""
        speech = self._speech
        if speech is None or speech.kind is not OUTPUT_TEXT:
            speech = self._open(OUTPUT_TEXT)
        self._take_room(len(text))
        speech.texts.append(text.decode())
        self._sink.piece(speech.head, b'"%s"' % text)

    def _speak(self, kind: PartKind, text: str) -> None:
        """Add text to the open item, after opening one of this kind where none is."""
        speech = self._speech
        if speech is None or speech.kind is not kind:
            speech = self._open(kind)
        if text:
            self._take_room(len(text.encode()))
            speech.texts.append(text)
            self._sink.piece(speech.head, encode(text))

    def _take_room(self, size: int) -> None:
        self._room -= size
        if self._room < 0:
            raise AnswerTooLarge(f"The upstream's answer is larger than {self._most_bytes} bytes.")

    def _open(self, kind: PartKind) -> _Speech:
        """Open a part of this kind, in the open item where that can hold it, else in a new one."""
        speech = self._speech
        if speech is not None and speech.kind.item_type == kind.item_type:
            self._close_part(speech)
            speech.parts.append(speech.part())
            speech.kind, speech.texts = kind, []
        else:
            self._close_speech(COMPLETED)
            index = len(self._items)
            speech = self._speech = _Speech(f"{kind.id_prefix}_{self._frame.stem}_{index}", index, kind)
            self._items.append(speech)
            self._added(index, speech.item(IN_PROGRESS, blank=True))
        where = self._where(speech)
        speech.head = piece_head(kind.delta_event, {**where, **kind.event_extra})
        self._sink.emit("response.content_part.added", {**where, "part": kind.part("")})
        return speech

    def _close_part(self, speech: _Speech) -> None:
        part, where = speech.part(), self._where(speech)
        kind = speech.kind
        self._sink.emit(kind.done_event, {**where, kind.field: part[kind.field], **kind.event_extra})
        self._sink.emit("response.content_part.done", {**where, "part": part})

    def _close_speech(self, status: str) -> None:
        speech, self._speech = self._speech, None
        if speech is not None:
            self._close_part(speech)
            self._done(speech.index, speech.item(status))

    def _where(self, speech: _Speech) -> dict[str, Any]:
        return {"item_id": speech.id, "output_index": speech.index, "content_index": len(speech.parts)}

    def _call(self, piece: dict[str, Any], place: int) -> None:
        """Add a piece of a call: its id and name come first, its arguments in pieces."""
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        name, call_id, more = function.get("name"), piece.get("id"), function.get("arguments")
        call = self._which(piece, place, begins=bool(name))
        if isinstance(call_id, str) and not call.call_id:
            call.call_id = call_id
        if isinstance(name, str) and not call.name:
            call.name = name
        if call.index is None and call.name:
            self._announce(call)
        arguments = arguments_of(more)
        if arguments:
            self._take_room(len(arguments.encode()))
            call.arguments.append(arguments)
            if call.index is not None:
                self._sink.piece(call.head, encode(arguments))

    def _which(self, piece: dict[str, Any], place: int, *, begins: bool) -> _Call:
        """Return the call that a piece belongs to: that of its index; one with a name and another id begins anew."""
        index, call_id = piece.get("index"), piece.get("id")
        key = index if isinstance(index, int) else place
        call = self._growing.get(key)
        if call is None or (begins and call_id and call.call_id and call_id != call.call_id):
            call = self._growing[key] = _Call()
            self._calls.append(call)
        return call

    def _announce(self, call: _Call) -> None:
        """Open a call's item, and send what came of its arguments before its name."""
        if call.index is not None:
            return
        self._close_speech(COMPLETED)
        call.index = len(self._items)
        call.id = f"fc_{self._frame.stem}_{call.index}"
        call.call_id = call.call_id or f"call_{self._frame.stem}_{call.index}"
        self._items.append(call)
        self._added(call.index, call.item(IN_PROGRESS, blank=True))
        where = {"item_id": call.id, "output_index": call.index}
        call.head = piece_head("response.function_call_arguments.delta", where)
        if call.arguments:
            self._sink.piece(call.head, encode("".join(call.arguments)))

    def _close_call(self, call: _Call, status: str) -> None:
        item = call.item(status)
        where = {"item_id": call.id, "output_index": call.index}
        self._sink.emit(
            "response.function_call_arguments.done", {**where, "name": call.name, "arguments": item["arguments"]}
        )
        self._done(call.index or 0, item)

    def _added(self, index: int, item: dict[str, Any]) -> None:
        self._sink.emit("response.output_item.added", {"output_index": index, "item": item})

    def _done(self, index: int, item: dict[str, Any]) -> None:
        self._items[index] = item
        self._sink.emit("response.output_item.done", {"output_index": index, "item": item})
