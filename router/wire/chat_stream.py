"""A chat completion that comes as server-sent events: relayed as it comes, every event looked at.

Events pass through byte for byte. What is changed: the usage that only tierwise asked for is taken out; a provider's
own finish_reason becomes OpenAI's; `data: [DONE]` waits for `finish`, so that the ledger can be written before it.
Until there is something worth sending (text, a tool call, a finish), nothing is given out: role-only and empty chunks
wait, comments are dropped, so that another upstream may still be tried.
"""

from collections.abc import Callable
from typing import Any

from router.errors import RouterError, StreamFailed, StreamInterrupted, UpstreamBroken
from router.request import Request
from router.usage import Usage
from router.wire.call import RELAYED_BYTES, Relay
from router.wire.chat_answer import MALFORMED, Answer, Choice, decode_answer, reported_error, usage_of, with_finish
from router.wire.dialect import Dialect
from router.wire.event_stream import EventCutter, EventTooLarge, event_fields
from router.wire.json_body import drop_fields, drop_in_items
from router.wire.same_text import SameText
from router.wire.tokens import text_bytes
from router.wire.usage_report import estimate, later_usage, spoken_bytes

DONE = b"data: [DONE]\n\n"
_USAGE = ("usage",)


class StreamReader:
    """Reads one stream.

    `began`: something worth sending was read. `done`: [DONE] was read or the stream failed, nothing after it
    matters. `failure`: why it cannot go on; `feed` raises it once what came before it has been given out, `finish`
    always.
    """

    def __init__(self, request: Request, dialect: Dialect, limit_bytes: int) -> None:
        """Start before the first byte; `limit_bytes` bounds one event."""
        self.began = False
        self.done = False
        self.held = 0
        self.failure: RouterError | None = None
        self.usage: Usage | None = None
        self._request = request
        self._dialect = dialect
        self._limit = limit_bytes
        self._cutter = EventCutter(limit_bytes)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._spoken = 0
        self._closed = False
        self._seen: set[int | None] = set()
        self._ended: set[int | None] = set()
        self._same = SameText()

    @property
    def finished(self) -> bool:
        """Whether the answer is complete: [DONE] was read, or as many choices as were asked for have their end."""
        return self._closed or (len(self._ended) >= self._request.choices and self._seen <= self._ended)

    def feed(self, chunk: bytes) -> bytes:
        """Return what goes to the client now; the failure is raised when there is nothing left before it."""
        whole = not self.done and not self._cutter.pending and len(chunk) <= self._limit
        if whole:
            size = self._same.size(chunk)
            if size is not None:
                self._spoken += size
                return chunk
        if self.done:
            out = b""
        elif whole and chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") and b"\r" not in chunk:
            out = self._take(chunk, chunk[6:-2]) if chunk.count(b"\n") == 2 else self._split(chunk)
        else:
            out = self._cut(chunk)
        if not out and self.failure is not None:
            raise self.failure
        return out

    def relaying(self, push: Callable[[bytes], bool]) -> Relay | None:
        """Return what relays chunks of text as they are framed; None where an event may be larger than its limit."""
        return self._same.relaying(push, self._cutter.pending) if self._limit >= RELAYED_BYTES else None

    def finish(self) -> bytes:
        """Return the last bytes, [DONE] among them; the failure when the stream broke off or held no answer."""
        rest = b"" if self.done else self._cutter.rest()
        out = self._event(rest) if rest else b""
        if not self.done and not self.finished:
            self._fail(StreamInterrupted("The upstream's stream ended without a finish."))
        if self.failure is None and not self.began:
            self._fail(UpstreamBroken("The upstream's stream held no answer."))
        if self.failure is not None:
            raise self.failure
        return out + DONE

    def consumed(self) -> Usage | None:
        """Return the tokens used so far, as reported or else estimated; None before the first answer."""
        if self.usage is not None:
            return self.usage
        spoken = self._spoken + self._same.passed
        return estimate(self._request.input_tokens, spoken) if self.began else None

    def _split(self, chunk: bytes) -> bytes:
        """Take several whole events, lines ended by LF alone."""
        out = []
        for piece in chunk[:-2].split(b"\n\n"):
            event = piece + b"\n\n"
            plain = piece.startswith(b"data: ") and b"\n" not in piece
            if self._is_more_text(event):
                out.append(event)
            else:
                out.append(self._take(event, piece[6:]) if plain else self._event(event))
            if self.done:
                break
        return b"".join(out)

    def _cut(self, chunk: bytes) -> bytes:
        """Take what is not exactly one event."""
        out = []
        self._cutter.push(chunk)
        try:
            while event := self._cutter.pop():
                out.append(event if self._is_more_text(event) else self._event(event))
                if self.done:
                    break
        except EventTooLarge as error:
            self._fail(StreamInterrupted(f"The upstream sent {error}."))
        return b"".join(out)

    def _event(self, event: bytes) -> bytes:
        """Take one event, whatever its fields."""
        name, data = event_fields(event)
        if data is None:
            return event if self.began else b""
        if name == b"error":
            self._fail_by_report(None)
            return b""
        return self._take(event, data)

    def _take(self, event: bytes, data: bytes) -> bytes:
        """Take one event with its data; return what the client gets of it."""
        try:
            answer = decode_answer(data)
        except MALFORMED:
            if data.strip() == b"[DONE]":
                self.done = self._closed = True
            else:
                self._fail(StreamInterrupted("The upstream's stream holds an event that is not a chunk in JSON."))
            return b""
        choices = answer.choices
        if self.began and choices and answer.usage is None and answer.error is None and len(choices) == 1:
            choice = choices[0]
            if choice.finish_reason is choice.usage is choice.error is None and choice.delta is not None:
                self._speak(choice)
                self._same.learn(event, choice.delta)
                return event
        return self._weigh(answer, event, data)

    def _is_more_text(self, event: bytes) -> bool:
        """Count an event that differs from one before in its text alone; False for any other."""
        size = self._same.size(event) if len(event) <= self._limit else None
        if size is None:
            return False
        self._spoken += size
        return True

    def _speak(self, choice: Choice) -> None:
        """Count what a choice says."""
        if choice.index not in self._seen:
            self._seen.add(choice.index)
        delta = choice.delta
        if delta is None:
            return
        content = delta.get("content")
        if len(delta) == 1 and isinstance(content, str):
            self._spoken += len(content) if content.isascii() else text_bytes(content)
        else:
            self._spoken += spoken_bytes(delta)

    def _weigh(self, answer: Answer, event: bytes, data: bytes) -> bytes:
        """Take an event that is more than a piece of text: an error, a finish, usage, or the first."""
        error = reported_error(answer, data)
        if error is not None:
            self._fail_by_report(error)
            return b""
        for choice in answer.choices or ():
            self._speak(choice)
            if choice.finish_reason in self._dialect.failing:
                self._fail_by_report(None)
                return b""
            if choice.finish_reason:
                self._ended.add(choice.index)
        return self._pass(answer, self._edited(answer, event, data))

    def _edited(self, answer: Answer, event: bytes, data: bytes) -> bytes:
        """Return the event as the client gets it: b"" for usage that it did not ask for."""
        reported = usage_of(answer)
        changed = data
        self.usage = later_usage(self.usage, reported, reports_cost=self._dialect.reports_cost)
        if reported is not None and not self._request.wants_usage:
            if not answer.choices:
                return b""
            if answer.usage is not None:
                changed = drop_fields(changed, _USAGE)
            if any(choice.usage is not None for choice in answer.choices):
                changed = drop_in_items(changed, "choices", _USAGE)
        if self._dialect.finish:
            changed = with_finish(changed, self._dialect.finish)
        if changed == data:
            return event
        if data in event:
            return event.replace(data, changed, 1)
        return b"data: " + changed.replace(b"\n", b" ") + b"\n\n"

    def _pass(self, answer: Answer, out: bytes) -> bytes:
        """Return `out`, or keep it until there is something worth sending."""
        if self.began:
            return out
        self._held.append(out)
        self._held_bytes += len(out)
        if any(choice.finish_reason or _says_something(choice.delta) for choice in answer.choices or ()):
            self.began = True
            out = b"".join(self._held)
            self._held.clear()
            return out
        if self._held_bytes > self._limit:
            self._fail(UpstreamBroken(f"The upstream's stream holds nothing in {self._limit} bytes."))
        return b""

    def _fail_by_report(self, error: RouterError | None) -> None:
        """Fail because the upstream said so; its own words matter only while somebody else may be asked."""
        if self.began or error is None:
            error = StreamFailed("The upstream reported an error in the middle of its stream.")
        self._fail(error)

    def _fail(self, error: RouterError) -> None:
        self.failure = error
        self.done = True


def _says_something(delta: dict[str, Any] | None) -> bool:
    return delta is not None and any(value for key, value in delta.items() if key != "role")
