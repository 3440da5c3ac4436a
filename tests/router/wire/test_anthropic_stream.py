"""A streamed chat completion becomes Anthropic's events, in Anthropic's order, wherever the bytes are cut."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from router.errors import StreamFailed, UpstreamBroken, UpstreamTimeout
from router.wire import openai_chat
from router.wire.anthropic_answer import Telling
from router.wire.anthropic_stream import MessageStream
from tests.fakes.anthropic_events import blocks, parsed
from tests.fakes.completion import DONE, chunk, event, stream_events, usage

TELLING = Telling(message_id="msg_1", model="asked-for", input_tokens=5, stops=("END",))


def told(*pieces: bytes, telling: Telling = TELLING) -> list[dict[str, Any]]:
    """Return the data of the events that these pieces lead to; the names of the events are checked."""
    stream = MessageStream(telling)
    return parsed(b"".join(map(stream.feed, pieces)))


def text(words: str, **more: Any) -> bytes:
    """Return a chunk of text."""
    return event(chunk({"content": words}, **more))


def call(index: int | None, arguments: Any = "", **more: Any) -> bytes:
    """Return a chunk of a call; `more` may hold its id and its name."""
    function: dict[str, Any] = {"arguments": arguments}
    if "name" in more:
        function["name"] = more.pop("name")
    return event(chunk({"tool_calls": [{"index": index, "function": function, **more}]}))


def kinds(events: list[dict[str, Any]]) -> str:
    """Return the events' types in short."""
    return " ".join(one["type"].replace("content_block_", "") for one in events)


def test_a_text_in_the_order_that_is_documented() -> None:
    """message_start, one block, message_delta with the reported usage, message_stop."""
    assert told(*stream_events(["Pa", "ris"], model="small-1", tokens=usage(12, 2))) == [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "small-1",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": 5, "output_tokens": 0},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Pa"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "ris"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"input_tokens": 12, "output_tokens": 2},
        },
        {"type": "message_stop"},
    ]


def test_thinking_text_and_a_call() -> None:
    """Each is a block of its own; the arguments come in the pieces in which they came."""
    events = told(
        event(chunk({"role": "assistant", "reasoning_content": "Hm"})),
        event(chunk({"reasoning_content": "m."})),
        text("Let me see."),
        call(0, id="call_1", name="get_weather"),
        call(0, '{"city":'),
        call(0, ' "Paris"}'),
        event(chunk(finish="tool_calls")),
        DONE,
    )

    assert kinds(events) == (
        "message_start start delta delta stop start delta stop start delta delta stop message_delta message_stop"
    )
    assert blocks(events) == [
        {"type": "thinking", "thinking": "Hmm.", "signature": "", "json": ""},
        {"type": "text", "text": "Let me see.", "json": ""},
        {"type": "tool_use", "id": "call_1", "name": "get_weather", "input": {}, "json": '{"city": "Paris"}'},
    ]
    assert events[-2]["delta"]["stop_reason"] == "tool_use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How a host sends two calls."""

    id: str
    pieces: tuple[bytes, ...]
    ids: tuple[str, str] = ("a", "b")


CASES = (
    Case(
        id="one-after-the-other",
        pieces=(call(0, id="a", name="f"), call(0, '{"n":1}'), call(1, id="b", name="g"), call(1, '{"n":2}')),
    ),
    Case(id="whole", pieces=(call(0, '{"n":1}', id="a", name="f"), call(1, '{"n":2}', id="b", name="g"))),
    Case(id="as-objects", pieces=(call(0, {"n": 1}, id="a", name="f"), call(1, {"n": 2}, id="b", name="g"))),
    Case(id="all-under-one-index", pieces=(call(0, '{"n":1}', id="a", name="f"), call(0, '{"n":2}', id="b", name="g"))),
    Case(
        id="without-an-index", pieces=(call(None, '{"n":1}', id="a", name="f"), call(None, '{"n":2}', id="b", name="g"))
    ),
    Case(
        id="without-index-and-id",
        pieces=(call(None, '{"n":1}', name="f"), call(None, '{"n":2}', name="g")),
        ids=("toolu_1_0", "toolu_1_1"),
    ),
    Case(
        id="a-new-id-in-every-piece",
        pieces=(call(0, '{"n"', id="a", name="f"), call(0, ":1}", id="x"), call(1, '{"n":2}', id="b", name="g")),
    ),
    Case(
        id="crossing-each-other",
        pieces=(
            call(0, id="a", name="f"),
            call(1, id="b", name="g"),
            call(0, '{"n"'),
            call(1, '{"n":'),
            call(0, ":1}"),
            call(1, "2}"),
        ),
    ),
    Case(
        id="with-words-in-between",
        pieces=(call(0, '{"n":', id="a", name="f"), text("word"), call(0, "1}"), call(1, '{"n":2}', id="b", name="g")),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_two_calls_however_they_come(case: Case) -> None:
    """Blocks follow each other, each call has its own arguments, whatever a host does with ids and indices."""
    whole = blocks(told(*case.pieces, event(chunk(finish="tool_calls")), DONE))

    calls = [(block["id"], block["name"], block["json"]) for block in whole if block["type"] == "tool_use"]
    assert [(one[0], one[1], json.loads(one[2])) for one in calls] == [
        (case.ids[0], "f", {"n": 1}),
        (case.ids[1], "g", {"n": 2}),
    ]
    assert [block["text"] for block in whole if block["type"] == "text"] == ["word"] * (
        case.id == "with-words-in-between"
    )


def test_a_call_is_not_kept_back_when_the_one_before_is_complete() -> None:
    """The second call's first piece goes out when it comes."""
    stream = MessageStream(TELLING)
    stream.feed(call(0, '{"n":1}', id="a", name="f"))

    assert kinds(parsed(stream.feed(call(1, '{"n"', id="b", name="g")))) == "stop start delta"


def test_what_follows_a_complete_call_is_no_part_of_it() -> None:
    """A blank piece under a closed block is left out."""
    events = told(call(0, '{"n":1}', id="a", name="f"), call(1, "{}", id="b", name="g"), call(0, " "), DONE)

    assert [block["json"] for block in blocks(events)] == ['{"n":1}', "{}"]


@pytest.mark.parametrize(
    ("finish", "extra", "expected"),
    [
        ("stop", {}, ("end_turn", None)),
        ("length", {}, ("max_tokens", None)),
        ("content_filter", {}, ("refusal", None)),
        ("stop", {"stop_reason": "END"}, ("stop_sequence", "END")),
    ],
)
def test_why_it_stopped(finish: str, extra: dict[str, Any], expected: tuple[str, str | None]) -> None:
    """The last delta says it."""
    last = chunk(finish=finish)
    last["choices"][0] |= extra
    delta = told(text("a"), event(last), DONE)[-2]["delta"]

    assert (delta["stop_reason"], delta["stop_sequence"]) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ((event(chunk(choices=[], usage=usage(9, 4))),), {"input_tokens": 9, "output_tokens": 4}),
        (
            (event(chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage(9, 4)}])),),
            {"input_tokens": 9, "output_tokens": 4},
        ),
        (
            (event(chunk(choices=[], usage=usage(9, 4))), event(chunk(choices=[], usage=usage(0, 0)))),
            {"input_tokens": 9, "output_tokens": 4},
        ),
        ((), {"input_tokens": 5, "output_tokens": 3}),
    ],
)
def test_the_usage_at_the_end(pieces: tuple[bytes, ...], expected: dict[str, int]) -> None:
    """It is what the upstream reports, wherever it stands, else the estimate."""
    assert told(text("1234"), text("5678"), text("9"), *pieces, DONE)[-2]["usage"] == expected


def test_thoughts_that_are_not_wanted_stay_here() -> None:
    """A client that switched thinking off gets the text alone."""
    telling = Telling(message_id="msg_1", model="m", input_tokens=5, shows_thinking=False)
    events = told(event(chunk({"reasoning": "Hm."})), text("Yes"), DONE, telling=telling)

    assert [block["type"] for block in blocks(events)] == ["text"]


def test_a_comment_is_a_ping() -> None:
    """What keeps the upstream's connection alive keeps the client's alive as well."""
    assert kinds(told(text("a"), b": keep-alive\n\n", text("b"), DONE)) == (
        "message_start start delta ping delta stop message_delta message_stop"
    )


@pytest.mark.parametrize(
    ("error", "kind"), [(StreamFailed("It broke."), "api_error"), (UpstreamTimeout("Too late."), "timeout_error")]
)
def test_an_error_ends_the_stream(error: Exception, kind: str) -> None:
    """The error event is the last: no message_stop says that all is well."""
    events = told(text("a"), openai_chat.error_event(error))

    assert kinds(events) == "message_start start delta error"
    assert (events[-1]["error"]["type"], events[-1]["error"]["message"][:9]) == (kind, error.message)


@pytest.mark.parametrize(
    "piece",
    [
        b"data: nothing\n\n",
        b'data: {"choices":[{"delta":{"tool_calls":7}}]}\n\n',
        b'data: {"choices":[{"delta":{"content":[7]}}]}\n\n',
        call(0, "{}", id="a"),
        call(0),
    ],
)
def test_what_no_event_can_say(piece: bytes) -> None:
    """It is the upstream that broke."""
    with pytest.raises(UpstreamBroken):
        told(text("a"), piece)


@pytest.mark.parametrize("index", [0, 1], ids=["one call", "a call that waits"])
def test_what_is_kept_of_calls_has_a_bound(index) -> None:
    """Arguments are kept until they are complete, and other blocks until the end: past the limit the stream breaks."""
    stream = MessageStream(TELLING, 1000)
    stream.feed(call(0, '{"n":', id="a", name="f"))
    stream.feed(call(index, '{"n":', id="a" if index == 0 else "b", name="f"))
    for _ in range(9):
        stream.feed(call(index, "x" * 100))
    with pytest.raises(UpstreamBroken, match="1000 bytes"):
        stream.feed(call(index, "x" * 100))
