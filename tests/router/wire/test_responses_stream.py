"""A stream of chunks to the events of the Responses API."""

import itertools
import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import StreamInterrupted, UpstreamBroken
from router.wire.openai_chat import error_event
from router.wire.openai_responses import Frame
from router.wire.responses_request import translated
from router.wire.responses_stream import ResponseStream, whole_response
from tests.fakes.completion import DONE, chunk, completion, event, stream_events, usage
from tests.fakes.responses import LAST, events_of, kinds, replayed, response_of

FRAME = Frame(stem="d1", created_at=7, model="small-1", echo=translated(b'{"model":"auto","input":"hi"}').echo)
TEXT = ["output_text.delta", "output_text.done", "content_part.done", "output_item.done"]
OPENED = ["output_item.added", "content_part.added"]
CALLED = ["function_call_arguments.delta", "function_call_arguments.done", "output_item.done"]


def read(*pieces: bytes) -> list[dict]:
    """Return the events that these pieces lead to; every one is held against the SDK's types."""
    stream = ResponseStream(FRAME)
    events = events_of(b"".join(map(stream.feed, pieces)))
    assert [one["type"] for one in events if one["type"] in LAST] == [events[-1]["type"]]
    return events


def call(index, arguments, name=None, call_id=None) -> dict:
    """Return a delta with a piece of a call."""
    function = {"arguments": arguments} | ({"name": name} if name else {})
    return {"tool_calls": [{"index": index, "function": function} | ({"id": call_id} if call_id else {})]}


@dataclass(frozen=True)
class Case:
    id: str
    events: list[bytes]
    expected: list[str]


CASES = [
    Case(
        "text",
        stream_events(["Pa", "ris"], tokens=usage()),
        ["created", "in_progress", *OPENED, *TEXT, "completed"],
    ),
    Case(
        "thought and text",
        [event(chunk({"reasoning_content": "hm"})), *stream_events(["Paris"])],
        [
            "created",
            "in_progress",
            *OPENED,
            "reasoning_text.delta",
            "reasoning_text.done",
            "content_part.done",
            "output_item.done",
            *OPENED,
            *TEXT,
            "completed",
        ],
    ),
    Case(
        "a call",
        [event(chunk(call(0, "", "f", "c1"))), event(chunk(call(0, "{}"))), event(chunk(finish="tool_calls")), DONE],
        ["created", "in_progress", "output_item.added", *CALLED, "completed"],
    ),
    Case(
        "text and two calls",
        [
            event(chunk({"content": "I look"})),
            event(chunk(call(0, "{}", "f", "c1"))),
            event(chunk(call(1, "{}", "g", "c2"))),
            event(chunk(finish="tool_calls")),
            DONE,
        ],
        [
            "created",
            "in_progress",
            *OPENED,
            *TEXT,
            "output_item.added",
            "function_call_arguments.delta",
            "output_item.added",
            *CALLED,
            "function_call_arguments.done",
            "output_item.done",
            "completed",
        ],
    ),
    Case(
        "a refusal",
        [event(chunk({"refusal": "No."})), event(chunk(finish="stop")), DONE],
        [
            "created",
            "in_progress",
            *OPENED,
            "refusal.delta",
            "refusal.done",
            "content_part.done",
            "output_item.done",
            "completed",
        ],
    ),
    Case(
        "cut off",
        stream_events(["Pa"], finish="length"),
        ["created", "in_progress", *OPENED, *TEXT, "incomplete"],
    ),
    Case(
        "nothing said",
        stream_events([]),
        ["created", "in_progress", *OPENED, "output_text.done", "content_part.done", "output_item.done", "completed"],
    ),
    Case(
        "an error",
        [*stream_events(["Pa"], finish=None, done=False), error_event(StreamInterrupted("It broke."))],
        [
            "created",
            "in_progress",
            *OPENED,
            "output_text.delta",
            "failed",
        ],
    ),
    Case("an error at once", [error_event(StreamInterrupted("It broke."))], ["created", "in_progress", "failed"]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_events_come_in_the_order_of_the_api(case) -> None:
    """Each item is opened, grown and closed; one last event says how it ended; deltas add up to its output."""
    events = read(*case.events)

    assert kinds(events) == case.expected
    if events[-1]["type"] != "response.failed":
        assert replayed(events[:-1]) == events[-1]["response"]["output"]


def test_the_first_events_show_an_empty_response() -> None:
    """Before anything is said, the response is there, in progress, under the id that it keeps."""
    created, in_progress, *_, last = read(*stream_events(["Paris"]))

    assert created["response"] == in_progress["response"]
    assert (created["response"]["status"], created["response"]["output"]) == ("in_progress", [])
    assert created["response"]["id"] == last["response"]["id"] == "resp_d1"


def test_usage_comes_with_the_last_event() -> None:
    """What the upstream counted is in the completed response, and only there."""
    created, *_, last = read(*stream_events(["Paris"], tokens=usage(12, 7)))

    assert "usage" not in created["response"]
    assert (last["response"]["usage"]["input_tokens"], last["response"]["usage"]["output_tokens"]) == (12, 7)


def test_a_failure_is_told_in_the_response() -> None:
    """The last event has the message; no item is closed that was not finished; nothing follows."""
    part = stream_events(["Pa"], finish=None, done=False)
    stream = ResponseStream(FRAME)
    data = b"".join(map(stream.feed, [*part, error_event(StreamInterrupted("It broke off."))]))

    last = events_of(data)[-1]

    assert last["type"] == "response.failed"
    assert last["response"]["error"]["code"] == "server_error"
    assert last["response"]["error"]["message"].startswith("It broke off.")
    assert last["response"]["output"][0]["status"] == "incomplete"
    assert stream.feed(stream_events(["x"])[1]) == stream.feed(DONE) == b""


def test_the_order_of_text_calls_and_text_again_is_kept() -> None:
    """Chunks that look like an earlier one still begin a new message when a call came between."""
    events = read(
        *stream_events(["a", "b"], finish=None, done=False),
        event(chunk(call(0, "{}", "f", "c1"))),
        event(chunk({"content": "c"})),
        event(chunk({"content": "d"})),
        DONE,
    )

    output = events[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call", "message"]
    assert [item["content"][0]["text"] for item in output[::2]] == ["ab", "cd"]


DELTAS = st.one_of(
    st.text(max_size=8).map(lambda text: {"content": text}),
    st.sampled_from([{"content": "a"}, {"content": "b"}]),
    st.text(max_size=4).map(lambda text: {"reasoning_content": text}),
    st.text(max_size=4).map(lambda text: {"refusal": text}),
    st.builds(call, st.integers(0, 2), st.text(max_size=6), st.sampled_from(["f", "g"]), st.just("c")),
)


def as_events(deltas, newline="\n") -> bytes:
    """Return a whole stream with these deltas."""
    chunks = [*[chunk(delta) for delta in deltas], chunk(finish="stop"), chunk(choices=[], usage=usage())]
    return b"".join(event(one, newline=newline) for one in chunks) + DONE


@settings(deadline=None, max_examples=150)
@given(
    deltas=st.lists(DELTAS, max_size=8), cuts=st.lists(st.integers(0, 4000)), newline=st.sampled_from(["\n", "\r\n"])
)
def test_any_cut_gives_the_same_events(deltas, cuts, newline) -> None:
    """Where the bytes are cut, and how lines end, changes nothing."""
    data = as_events(deltas, newline)
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]

    cut = read(*[data[start:end] for start, end in itertools.pairwise(places)])

    assert cut == read(as_events(deltas))
    assert replayed(cut[:-1]) == cut[-1]["response"]["output"]


@settings(deadline=None, max_examples=150)
@given(deltas=st.lists(DELTAS, max_size=8))
def test_texts_and_arguments_survive(deltas) -> None:
    """Each kind of text, and the arguments of each call, is what the chunks said, to the last character."""
    output = read(as_events(deltas))[-1]["response"]["output"]

    parts = [part for item in output for part in item.get("content", ())]
    for kind, member in (("output_text", "content"), ("refusal", "refusal"), ("reasoning_text", "reasoning_content")):
        field = "refusal" if kind == "refusal" else "text"
        assert "".join(part[field] for part in parts if part["type"] == kind) == "".join(
            delta.get(member, "") for delta in deltas
        )
    pieces = [delta["tool_calls"][0] for delta in deltas if "tool_calls" in delta]
    order = dict.fromkeys(piece["index"] for piece in pieces)
    said = ["".join(one["function"]["arguments"] for one in pieces if one["index"] == index) for index in order]
    assert [item["arguments"] for item in output if item["type"] == "function_call"] == said


@settings(deadline=None)
@given(thought=st.text(max_size=9), text=st.text(min_size=1, max_size=9), arguments=st.text(max_size=9))
def test_a_whole_answer_is_what_a_stream_of_it_ends_with(thought, text, arguments) -> None:
    """Streamed or not, the response object is the same."""
    message = {"reasoning_content": thought, "content": text, **call(0, arguments, "f", "c1")}
    whole = completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}], tokens=usage())
    chunks = [chunk({key: value}) for key, value in message.items()]
    chunks += [chunk(finish="tool_calls"), chunk(choices=[], usage=usage())]

    streamed = read(*map(event, chunks), DONE)[-1]["response"]

    assert response_of(whole_response(FRAME, json.dumps(whole).encode())) == streamed


def test_comments_and_empty_events_lead_to_nothing() -> None:
    """What carries no data is passed over."""
    stream = ResponseStream(FRAME)

    assert stream.feed(b": keep-alive\n\n") == b""
    assert stream.feed(b"\n\n") == b""


@pytest.mark.parametrize("data", [b"data: {not json}\n\n", b'data: {"choices": 3}\n\n'])
def test_what_is_no_chunk_breaks_the_stream(data) -> None:
    """The reader before lets none through; if one came, it would be an error and not a wrong answer."""
    with pytest.raises(UpstreamBroken):
        ResponseStream(FRAME).feed(data)


def test_what_is_no_completion_is_no_response() -> None:
    """As above, for a whole answer."""
    with pytest.raises(UpstreamBroken):
        whole_response(FRAME, b"[]")


@pytest.mark.parametrize(
    "delta", [{"content": "é" * 30}, {"reasoning_content": "x" * 60}, call(0, "x" * 60, "f", "c1")], ids=str
)
def test_an_answer_that_is_too_large_fails_with_what_there_is(delta) -> None:
    """All of it is kept for the last event, so it has a bound; the stream ends in response.failed."""
    stream = ResponseStream(FRAME, 100)
    told = stream.feed(event(chunk(delta)))
    with pytest.raises(UpstreamBroken, match="100 bytes"):
        stream.feed(event(chunk(delta)))

    told += stream.feed(event({"error": {"message": "too large", "type": "api_error"}}))

    last = events_of(told)[-1]
    assert last["type"] == "response.failed"
    assert len(json.dumps(last["response"]["output"], ensure_ascii=False).encode()) < 400


def test_pieces_that_are_alike_count_too() -> None:
    """The shorter way for plain text has the same bound."""
    stream = ResponseStream(FRAME, 1000)
    for _ in range(100):
        stream.feed(event(chunk({"content": "0123456789"})))
    with pytest.raises(UpstreamBroken, match="1000 bytes"):
        stream.feed(event(chunk({"content": "x"})))
