"""The stream reader: bytes through unchanged, our own usage taken out, every way of breaking off told apart."""

import json
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import (
    RouterError,
    StreamFailed,
    StreamInterrupted,
    UpstreamBroken,
    UpstreamRateLimited,
    UpstreamRejected,
)
from router.usage import Usage
from router.wire.chat_stream import DONE, StreamReader
from router.wire.dialects import dialect_of
from tests.fakes.completion import chunk, event, read, stream_events, usage
from tests.fakes.values import a_request

ROLE = event(chunk({"role": "assistant", "content": ""}))
WORD = event(chunk({"content": "word"}))
STOP = event(chunk(finish="stop"))
COUNTS = event(chunk(choices=[], usage=usage(9, 4)))


def reader_for(kind="openai", *, limit=1 << 20, **request):
    return StreamReader(a_request(stream=True, **request), dialect_of(kind), limit)


def told(failure):
    return failure if failure is None else (type(failure), failure.message)


TRICKY = ["a\u2028b\u2029c", "😀é", "\\n data: [DONE]\n\n", '"usage":{"prompt_tokens":1}', "\r\n\r\n", ""]
GOLDEN = {
    "tricky": b"".join(stream_events(TRICKY, tokens=usage(5, 6))),
    "crlf": b"".join(stream_events(TRICKY, tokens=usage(5, 6))).replace(b"\n\n", b"\r\n\r\n"),
    "cr": b"".join(stream_events(TRICKY, tokens=usage(5, 6))).replace(b"\n\n", b"\r\r"),
    "mixed-ends": ROLE + WORD[:-2] + b"\n\r\n" + WORD[:-2] + b"\r\n\n" + STOP + COUNTS[:-2] + b"\r\n\r\n" + DONE,
    "comments": b": ping\n\n" + ROLE + b": ping\r\n\r\n" + WORD + b": ping\n\n: and\ndata:" + WORD[5:] + STOP + DONE,
    "usage-in-last-chunk": ROLE + WORD + event(chunk(finish="stop", usage=usage(7, 1))) + DONE,
    "usage-null": event(chunk({"content": "x"}, usage=None)) * 3 + STOP + COUNTS + DONE,
    "many-lines": b'event: m\ndata: {"choices": [{"index": 0,\ndata: "delta": {"content": "x"}}],\nid: 1\n'
    b'data: "usage": {"prompt_tokens": 3, "completion_tokens": 1}}\n\n' + STOP + DONE,
    "bom": b"\xef\xbb\xbf" + ROLE + WORD + STOP + DONE,
    "no-done": ROLE + WORD + STOP,
    "no-last-newline": ROLE + WORD + STOP + b"data: [DONE]",
    "after-done": ROLE + WORD + STOP + DONE + b"data: {broken\n\n" + WORD,
    "two-choices": WORD + event(chunk(choices=[{"index": 1, "delta": {"content": "x"}, "finish_reason": None}])) + STOP,
    "cut": ROLE + WORD + WORD[:30],
    "malformed": ROLE + WORD + b"data: {no json}\n\n" + WORD,
    "error": ROLE + WORD + event({"error": {"message": "at sk-123456789", "code": 502}}) + WORD,
    "blank-lines": b"\n\n" + ROLE + b"\n" + WORD + b"\n\n\n" + STOP + DONE,
    "invalid-utf8": WORD + b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n' + DONE,
}


@pytest.mark.parametrize("wants", [False, True])
@pytest.mark.parametrize("name", GOLDEN)
def test_any_cut_gives_the_same_bytes_and_usage(name, wants):
    """Cut in two at every byte, fed byte by byte or whole: same client bytes, usage and failure."""
    stream = GOLDEN[name]
    whole = reader_for(wants_usage=wants)
    expected = (*read(whole, stream), whole.consumed())
    cuts = [(stream[:at], stream[at:]) for at in range(1, len(stream), 1 + len(stream) // 400)]
    cuts.append(tuple(stream[at : at + 1] for at in range(len(stream))))
    for pieces in cuts:
        reader = reader_for(wants_usage=wants)
        out, failure = read(reader, *pieces)
        assert (out, told(failure), reader.consumed()) == (expected[0], told(expected[1]), expected[2])


@settings(deadline=None, max_examples=60)
@given(data=st.data(), texts=st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_arbitrary_cuts_of_arbitrary_texts_arrive(data, texts):
    """Whatever the texts and the cuts, the client reads the texts."""
    stream = b"".join(stream_events(texts, tokens=usage(5, 6)))
    places = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    pieces = [stream[start:end] for start, end in zip([0, *places], [*places, len(stream)], strict=True)]
    reader = reader_for()
    out, failure = read(reader, *pieces)
    events = [json.loads(line[6:]) for line in out.split(b"\n\n") if line and line != DONE.strip()]
    assert failure is None
    assert [each["choices"][0]["delta"].get("content") for each in events][1:-1] == texts
    assert reader.usage == Usage(input=5, output=6)


@dataclass(frozen=True)
class Relayed:
    id: str
    stream: bytes
    out: bytes
    wants: bool = False


RELAYED = [
    Relayed("usage-hidden", ROLE + WORD + STOP + COUNTS + DONE, ROLE + WORD + STOP + DONE),
    Relayed("usage-shown", ROLE + WORD + STOP + COUNTS + DONE, ROLE + WORD + STOP + COUNTS + DONE, wants=True),
    Relayed(
        "usage-cut-out-of-a-content-chunk",
        WORD + b'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}, "id":"x"}\n\n',
        WORD + b'data: {"choices":[{"delta":{},"finish_reason":"stop"}], "id":"x"}\n\n' + DONE,
    ),
    Relayed("done-completed", WORD + STOP, WORD + STOP + DONE),
    Relayed("comment-first-dropped-later-kept", b": a\n\n" + WORD + b": b\n\n" + STOP, WORD + b": b\n\n" + STOP + DONE),
    Relayed("unknown-fields", event(chunk({"content": "x", "odd": [1]}, more={"a": 1})) + STOP, b""),
]


@pytest.mark.parametrize("case", RELAYED, ids=lambda case: case.id)
def test_relays(case):
    """The client gets exactly these bytes."""
    out, failure = read(reader_for(wants_usage=case.wants), case.stream)
    assert failure is None
    assert out == (case.out or case.stream + DONE)


def test_done_waits_for_finish():
    """[DONE] is given out by finish alone, so that the row can be committed before it."""
    reader = reader_for()
    assert reader.feed(WORD + STOP + DONE) == WORD + STOP
    assert reader.done
    assert reader.finish() == DONE


def test_gives_nothing_out_before_there_is_something_to_say():
    """Role-only and empty chunks wait for the first text, then go out before it."""
    reader = reader_for()
    empty = event(chunk({"content": ""}))
    assert [reader.feed(piece) for piece in (ROLE, empty)] == [b"", b""]
    assert not reader.began
    assert reader.consumed() is None
    assert reader.feed(WORD) == ROLE + empty + WORD
    assert reader.began


@pytest.mark.parametrize(
    "delta", [{"reasoning_content": "hm"}, {"reasoning": "hm"}, {"refusal": "no"}, {"tool_calls": [{"index": 0}]}]
)
def test_begins_with_anything_said(delta):
    """Reasoning, refusals and tool calls are something to say."""
    reader = reader_for()
    assert reader.feed(event(chunk({"role": "assistant", **delta}))) != b""


@dataclass(frozen=True)
class Broken:
    id: str
    stream: bytes
    error: type[RouterError]
    out: bytes = b""
    kind: str = "openai"


BROKEN = [
    Broken("empty", b"", StreamInterrupted),
    Broken("only-done", DONE, UpstreamBroken),
    Broken("role-and-done", ROLE + DONE, UpstreamBroken),
    Broken("no-finish", ROLE + WORD, StreamInterrupted, ROLE + WORD),
    Broken("half-event-after-finish", WORD + STOP + COUNTS[:20], StreamInterrupted, WORD + STOP),
    Broken("one-of-two-choices", GOLDEN["two-choices"], StreamInterrupted, GOLDEN["two-choices"]),
    Broken("html", b"<html>\n\n<body>", StreamInterrupted),
    Broken("json-instead", b'{"choices": []}', StreamInterrupted),
    Broken("not-json", b"data: {not json}\n\n" + DONE, StreamInterrupted),
    Broken("wrong-types", b'data: {"choices": 5}\n\n', StreamInterrupted),
    Broken("deep", b'data: {"choices": ' + b"[" * 100_000 + b"\n\n", StreamInterrupted),
    Broken("error-later", WORD + event({"error": {"message": "x"}}), StreamFailed, WORD),
    Broken("error-text", WORD + event({"error": "x"}), StreamFailed, WORD),
    Broken("error-event", WORD + b'event: error\ndata: {"message": "x"}\n\n', StreamFailed, WORD),
    Broken("object-error", WORD + event({"object": "error", "message": "x"}), StreamFailed, WORD),
    Broken("finish-error", WORD + event(chunk(finish="error")), StreamFailed, WORD),
    Broken("deepseek", WORD + event(chunk(finish="insufficient_system_resource")), StreamFailed, WORD, kind="deepseek"),
    Broken("error-first-429", event({"error": {"message": "slow down", "code": 429}}), UpstreamRateLimited),
    Broken("error-first-400", event({"error": {"message": "bad tool", "code": 400}}), UpstreamRejected),
    Broken("error-first", ROLE + event({"error": {"message": "x"}}), UpstreamBroken),
]


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_tells_a_broken_stream(case):
    """The client's bytes stop before the fault and no [DONE] follows."""
    reader = reader_for(case.kind)
    out, failure = read(reader, case.stream)
    assert type(failure) is case.error
    assert out == case.out
    assert reader.failure is failure


def test_a_failure_in_the_middle_carries_no_words_of_the_upstream():
    """What the upstream wrote into its error event stays here."""
    _, failure = read(reader_for(), WORD + event({"error": {"message": "secret sk-12345678 at 10.0.0.7"}}))
    assert failure.code == "upstream_stream_error"
    assert "secret" not in failure.message


def test_fails_at_once_after_what_came_before():
    """The bytes before a fault are given out, and the reader asks for no more."""
    reader = reader_for()
    assert reader.feed(WORD + event({"error": {"message": "x"}})) == WORD
    assert reader.done
    with pytest.raises(StreamFailed):
        reader.feed(WORD)


@pytest.mark.parametrize(
    "pieces", [[b"data: " + b"x" * 400 + b"\n\n"], [b"data: ", b"x" * 400], [b": c\n\n" * 3, b"x" * 400]]
)
def test_an_event_has_a_limit(pieces):
    """An event that passes the limit ends the stream, complete or not."""
    _, failure = read(reader_for(limit=300), *pieces)
    assert type(failure) is StreamInterrupted
    assert "300 bytes" in failure.message


def test_waiting_chunks_have_a_limit():
    """An upstream that only ever sends empty chunks is given up."""
    _, failure = read(reader_for(limit=1000), *[event(chunk({"content": ""}))] * 20)
    assert type(failure) is UpstreamBroken


def test_estimates_what_is_not_reported():
    """Without usage: the request's estimate, and a token per 4 bytes of text, reasoning and tool arguments."""
    call = {"index": 0, "id": "call_123456789", "type": "function", "function": {"name": "f", "arguments": "123"}}
    reader = reader_for(input_tokens=50)
    read(reader, ROLE, event(chunk({"content": "éé"})), event(chunk({"tool_calls": [call]})), STOP, DONE)
    assert reader.consumed() == Usage(input=50, output=2, estimated=True)


def test_a_reported_zero_stays_zero():
    """Usage of 0 is a report, not a gap."""
    reader = reader_for()
    read(reader, WORD, STOP, event(chunk(choices=[], usage=usage(0, 0))), DONE)
    assert reader.consumed() == Usage(input=0, output=0)


def test_the_last_usage_counts():
    """A host that counts up on every chunk is read at its last count."""
    reader = reader_for()
    out, _ = read(reader, *[event(chunk({"content": "x"}, usage=usage(5, n))) for n in range(1, 4)], STOP, DONE)
    assert reader.consumed() == Usage(input=5, output=3)
    assert b"usage" not in out


def test_reads_usage_inside_a_choice():
    """Moonshot's place for the usage of a stream."""
    choice = {"index": 0, "delta": {}, "finish_reason": "stop", "usage": usage(8, 2, cached_tokens=4)}
    reader = reader_for("moonshot")
    read(reader, WORD, event(chunk(choices=[choice])), DONE)
    assert reader.consumed() == Usage(input=8, output=2, cached_input=4)


def test_reads_the_bill_where_the_host_sends_one():
    """OpenRouter's usage.cost is the cost; elsewhere a field of that name is not."""
    costs = [reader_for(kind) for kind in ("openrouter", "openai")]
    for reader in costs:
        read(reader, WORD, STOP, event(chunk(choices=[], usage=usage(8, 2, cost=0.00014))), DONE)
    assert [reader.consumed().reported_cost for reader in costs] == [Decimal("0.00014"), None]


def test_translates_the_finish_reason():
    """A host's own finish_reason becomes OpenAI's, and only there."""
    text = event(chunk({"content": '"finish_reason": "model_length"'}))
    out, _ = read(reader_for("mistral"), text, event(chunk(finish="model_length")), DONE)
    assert out == text + event(chunk(finish="length")) + DONE


@pytest.mark.parametrize("wants", [True, False])
def test_an_emoji_cut_in_two_by_the_chunks_arrives_as_it_came(wants):
    """Each half is escaped alone; a client that joins them has the emoji, so not a byte of them is changed."""
    said = (chunk({"content": "\ud83d"}), chunk({"content": "\ude00"}), chunk({"content": "\ud83d"}, usage=usage(9, 4)))
    *halves, last = [f"data: {json.dumps(one)}\n\n".encode() for one in said]
    reader = reader_for(wants_usage=wants)

    out = b"".join(reader.feed(data) for data in (ROLE, *halves, last, STOP, DONE)) + reader.finish()

    assert b"\\ud83d" in halves[0]
    assert b"".join(halves) in out
    assert (b"prompt_tokens" in out) is wants
    assert reader.consumed() == Usage(input=9, output=4)
