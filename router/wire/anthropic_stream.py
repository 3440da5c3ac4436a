"""A streamed chat completion as the events of Anthropic's Messages API, piece by piece as it comes.

Blocks come one after the other, as Anthropic sends them. Most hosts send calls that way; what comes of another block
while a call's arguments are not complete is kept until the end of the stream.
"""

import sys
from typing import Any

import msgspec
from msgspec import Raw

from router.errors import UpstreamBroken
from router.wire.anthropic_answer import Telling, call_id
from router.wire.anthropic_messages import (
    EMPTY,
    Call,
    Said,
    arguments_of,
    decode_string,
    error_event,
    event,
    message,
    spoken,
    stop_of,
    usage_of,
)
from router.wire.chat_answer import MALFORMED
from router.wire.event_stream import EventCutter, event_fields
from router.wire.reply_limit import AnswerTooLarge
from router.wire.same_text import SameText
from router.wire.surrogates import lenient
from router.wire.usage_report import counts_nothing

_PING = event("ping", {})
_STOP = event("message_stop", {})
_DELTA = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":%b%b}}\n\n'


class _Choice(msgspec.Struct, gc=False):
    delta: Said | None = None
    finish_reason: str | None = None
    stop_reason: Raw = Raw(b"")
    usage: Any = None


class _Chunk(msgspec.Struct, gc=False):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_decode = lenient(msgspec.json.Decoder(_Chunk).decode)
_decode_object = msgspec.json.Decoder(dict[str, Raw]).decode


class _Block:
    """One block of the answer. `number` is its place once it has been started; `held` are pieces that had to wait."""

    __slots__ = ("call", "closed", "head", "held", "kind", "number", "prefix", "said")

    def __init__(self, kind: str, head: dict[str, Any], prefix: bytes, call: str | None = None) -> None:
        self.kind = kind
        self.head = head
        self.prefix = prefix
        self.call = call
        self.number = -1
        self.closed = False
        self.held: list[bytes] = []
        self.said: list[bytes] = []

    def is_complete(self) -> bool:
        """Whether nothing can follow: a text can always end, a call when its arguments are an object."""
        if self.kind != "tool_use":
            return True
        try:
            _decode_object("".join([decode_string(raw) for raw in self.said]))
        except MALFORMED:
            return False
        return True


def _text() -> _Block:
    return _Block("text", {"type": "text", "text": ""}, b'{"type":"text_delta","text":')


def _thinking() -> _Block:
    head = {"type": "thinking", "thinking": "", "signature": ""}
    return _Block("thinking", head, b'{"type":"thinking_delta","thinking":')


class MessageStream:
    """Translates one stream. What is fed may be cut anywhere."""

    def __init__(self, telling: Telling, most_bytes: int = sys.maxsize) -> None:
        """Begin before the first byte; an answer that calls tools may have `most_bytes`.

        Arguments are kept until they are complete, and what comes of another block meanwhile until the end.
        """
        self._most_bytes = most_bytes
        self._telling = telling
        self._cutter = EventCutter(sys.maxsize)  # the stream's reader bounds the events
        self._begun = False
        self._open: _Block | None = None
        self._blocks = 0
        self._calls: dict[int, _Block] = {}
        self._called = 0
        self._waiting: list[_Block] = []
        self._finish: str | None = None
        self._matched = Raw(b"")
        self._usage: Any = None
        self._size = 0
        self._same = SameText()

    def feed(self, data: bytes) -> bytes:
        """Return the events for `data`, maybe none; UpstreamBroken at what no event can say."""
        if not self._cutter.pending:
            block = self._open
            if block is not None and block.kind == "text" and not self._waiting:
                text = self._same.text(data)
                if text is not None:
                    self._size += len(text)
                    return _DELTA % (block.number, block.prefix, b'"%b"' % text) if text else b""
            if _is_one_event(data):
                return self._take(data[6:-2], data)
        self._cutter.push(data)
        out = []
        while piece := self._cutter.pop():
            _, payload = event_fields(piece)
            out.append(_PING if payload is None else self._take(payload, piece))
        return b"".join(out)

    def _take(self, payload: bytes, piece: bytes) -> bytes:
        """Return the events for the chunk that `payload` is; `piece` is the whole event."""
        if payload.strip() == b"[DONE]":
            return self._end()
        try:
            chunk = _decode(payload)
            if chunk.error is not None:
                return error_event(msgspec.convert(chunk.error, dict[str, Any]))
            return self._begin(chunk) + self._relay(chunk, piece)
        except MALFORMED:
            raise UpstreamBroken("The upstream's stream holds a chunk that no event can tell.") from None

    def _begin(self, chunk: _Chunk) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        telling = self._telling
        usage = {"input_tokens": telling.input_tokens, "output_tokens": 0}
        return event("message_start", {"message": message(telling.message_id, chunk.model or telling.model, [], usage)})

    def _relay(self, chunk: _Chunk, piece: bytes) -> bytes:
        """Return the events for what a chunk says."""
        if chunk.usage is not None:
            self._count(chunk.usage)
        if not chunk.choices:
            return b""
        choice = chunk.choices[0]
        if choice.usage is not None:
            self._count(choice.usage)
        if choice.finish_reason:
            self._finish, self._matched = choice.finish_reason, choice.stop_reason
        said = choice.delta
        if said is None:
            return b""
        words = spoken(said)
        if len(words) == 1 and words[0][0] == "text" and not (said.tool_calls or choice.finish_reason or chunk.usage):
            self._same.learn(piece, {"content": decode_string(words[0][1])})
        out = [self._speak(kind, raw) for kind, raw in words]
        for call in said.tool_calls or ():
            block = self._call(call)
            raw = EMPTY if call.function is None else arguments_of(call.function)
            self._size += len(raw) - len(EMPTY)
            out.append(self._give(block, raw))
        return b"".join(out)

    def _count(self, usage: Any) -> None:
        """Keep the usage that counts: the last that counts anything."""
        if self._usage is None or not counts_nothing(usage):
            self._usage = usage

    def _speak(self, kind: str, raw: bytes) -> bytes:
        """Return the events for a piece of text or of reasoning."""
        self._size += len(raw) - len(EMPTY)
        if kind == "thinking" and not self._telling.shows_thinking:
            return b""
        last = self._waiting[-1] if self._waiting else self._open
        if last is not None and last.kind == kind:
            return self._give(last, raw)
        return self._give(_text() if kind == "text" else _thinking(), raw)

    def _call(self, call: Call) -> _Block:
        """Return the block of a call: the one begun under its index, unless another call begins there.

        Some hosts give every call the same index, or none; a name under a new id, or without both, is a new call.
        """
        index = call.index or 0
        name = call.function.name if call.function is not None else None
        known = self._calls.get(index)
        is_new = call.id != known.call if known is not None and call.id else call.index is None
        if known is not None and not (name and is_new):
            return known
        if not name:
            raise UpstreamBroken("The upstream calls a tool without naming it.")
        given = call.id or call_id(self._telling.message_id, self._called)
        self._called += 1
        self._size += len(name)
        head = {"type": "tool_use", "id": given, "name": name, "input": {}}
        block = _Block("tool_use", head, b'{"type":"input_json_delta","partial_json":', given)
        self._calls[index] = block
        return block

    def _give(self, block: _Block, raw: bytes) -> bytes:
        """Return the events for a piece of `block`: now if it is its turn, else at the end."""
        if block.closed:
            return b""
        if self._size > self._most_bytes:
            raise AnswerTooLarge(f"The upstream's answer is larger than {self._most_bytes} bytes.")
        if block is self._open:
            return self._piece(block, raw)
        if self._waiting or not (self._open is None or self._open.is_complete()):
            if block not in self._waiting:
                self._waiting.append(block)
            block.held.append(raw)
            return b""
        return self._close() + self._start(block) + self._piece(block, raw)

    def _piece(self, block: _Block, raw: bytes) -> bytes:
        if raw == EMPTY:
            return b""
        if block.call is not None:
            block.said.append(raw)
        return _DELTA % (block.number, block.prefix, raw)

    def _start(self, block: _Block) -> bytes:
        self._open = block
        block.number = self._blocks
        self._blocks += 1
        return event("content_block_start", {"index": block.number, "content_block": block.head})

    def _close(self) -> bytes:
        block, self._open = self._open, None
        if block is None:
            return b""
        block.closed = True
        return event("content_block_stop", {"index": block.number})

    def _end(self) -> bytes:
        """Return what waited, and the events that end the message."""
        out = [self._begin(_Chunk()), self._close()]
        for block in self._waiting:
            out.append(self._start(block))
            out += [self._piece(block, raw) for raw in block.held]
            out.append(self._close())
        reason, sequence = stop_of(
            self._finish, calls=bool(self._calls), matched=self._matched, stops=self._telling.stops
        )
        usage = usage_of(self._usage, self._telling.input_tokens, self._size)
        stopped = {"delta": {"stop_reason": reason, "stop_sequence": sequence}, "usage": usage}
        return b"".join([*out, event("message_delta", stopped), _STOP])


def _is_one_event(data: bytes) -> bool:
    """Tell whether `data` is one whole event, its lines ended by LF alone."""
    return data.startswith(b"data: ") and data.endswith(b"\n\n") and data.count(b"\n") == 2 and b"\r" not in data
