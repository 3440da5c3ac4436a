"""What the exchange hands over for the client (a chat completion, whole or as events) -> a Responses answer as bytes.

The events come in the order that clients of the API rely on: response.created, response.in_progress, then item by item,
at last exactly one of response.completed, response.incomplete and response.failed. No [DONE] follows.
"""

from typing import Any

from router.errors import UpstreamBroken
from router.wire.chat_answer import MALFORMED, Answer, decode_answer
from router.wire.event_stream import EventCutter, event_fields
from router.wire.openai_responses import FAILED, IN_PROGRESS, Frame, response_error
from router.wire.responses_answer import UNBOUNDED, Output
from router.wire.responses_events import Events, Silence, encode
from router.wire.same_text import SameText


class ResponseStream:
    """Writes one streamed answer. `feed` it what would go to a client of chat completions, cut anywhere."""

    def __init__(self, frame: Frame, most_bytes: int = UNBOUNDED) -> None:
        """Start before the first event; an answer may have `most_bytes` of texts and arguments."""
        self._frame = frame
        self._events = Events()
        self._output = Output(frame, self._events, most_bytes)
        self._cutter = EventCutter(UNBOUNDED)  # whoever read the stream before bounded its events
        self._same = SameText()
        self._closed = False
        self.final: bytes | None = None
        """The response object of the answer, once it is complete."""

    @property
    def number(self) -> int:
        """The number of the next event."""
        return self._events.number

    def reopen(self, number: int) -> None:
        """Take back what came from event `number` on, which was not sent: the answer fails after all."""
        self._events.number = number
        self._closed, self.final = False, None

    def feed(self, data: bytes) -> bytes:
        """Return the events that `data` leads to, maybe none; UpstreamBroken when it holds no chunks."""
        if self._cutter.pending or not data.endswith(b"\n\n"):
            self._cut(data)
        elif not self._is_more_text(data):
            if b"\r" in data:
                self._cut(data)
            else:
                for piece in data[:-2].split(b"\n\n"):
                    self._read(piece + b"\n\n")
        return self._events.taken()

    def _cut(self, data: bytes) -> None:
        """Take what is not whole events with lines ended by LF alone."""
        self._cutter.push(data)
        while event := self._cutter.pop():
            self._read(event)

    def _is_more_text(self, event: bytes) -> bool:
        """Take an event that differs from one before in its text alone; False for any other, which is not taken."""
        text = self._same.text(event)
        if text is None:
            return False
        if text:
            self._output.more(text)
        return True

    def _read(self, event: bytes) -> None:
        """Take one event."""
        if self._is_more_text(event):
            return
        data = event_fields(event)[1]
        if data is not None and not self._closed:
            self._take(event, data)

    def _take(self, event: bytes, data: bytes) -> None:
        """Take one event with its data."""
        if not self._events.number:
            self._events.emit("response.created", {"response": self._frame.response(IN_PROGRESS)})
            self._events.emit("response.in_progress", {"response": self._frame.response(IN_PROGRESS)})
        if data.strip() == b"[DONE]":
            self._close(*self._output.complete())
            return
        try:
            answer = decode_answer(data)
        except MALFORMED:
            raise UpstreamBroken("The upstream's stream holds an event that is not a chunk in JSON.") from None
        if answer.error:
            self._close(FAILED, self._output.broken(response_error(answer.error)))
            return
        self._output.take(answer)
        self._learn(answer, event)

    def _learn(self, answer: Answer, event: bytes) -> None:
        """Remember an event that holds a piece of the answer's text and nothing else that counts."""
        if answer.choices and len(answer.choices) == 1 and answer.usage is None:
            choice = answer.choices[0]
            if not choice.index and choice.finish_reason is None and choice.usage is None and choice.delta is not None:
                self._same.learn(event, choice.delta)

    def _close(self, status: str, response: dict[str, Any]) -> None:
        """Write the last event."""
        self._events.emit(f"response.{status}", {"response": response})
        self.final = encode(response) if status != FAILED and self._frame.echo.get("store") else None
        self._closed = True
        self._same = SameText()


def whole_response(frame: Frame, data: bytes) -> bytes:
    """Return the response object for a whole chat completion; UpstreamBroken when `data` is none."""
    try:
        answer = decode_answer(data)
    except MALFORMED:
        raise UpstreamBroken("The upstream's answer is not a chat completion in JSON.") from None
    output = Output(frame, Silence())
    output.take(answer)
    return encode(output.complete()[1])
