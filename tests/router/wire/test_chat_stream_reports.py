"""What an upstream reports in a stream: failures, what only looks like them, ends without a finish, usage."""

import json

import pytest

from router.errors import StreamFailed, StreamInterrupted, UpstreamBroken, UpstreamRateLimited
from router.usage import Usage
from router.wire.chat_stream import DONE, StreamReader
from router.wire.dialects import dialect_of
from tests.fakes.completion import chunk, event, read, usage
from tests.fakes.values import a_request

ROLE = event(chunk({"role": "assistant", "content": ""}))
WORD = event(chunk({"content": "word"}))
STOP = event(chunk(finish="stop"))


def reader_for(kind="openai", **request):
    return StreamReader(a_request(stream=True, **request), dialect_of(kind), 1 << 20)


def failing(finish=None, **problem):
    """Return an event whose choice holds an error."""
    return chunk(choices=[{"index": 0, "delta": {"content": ""}, "finish_reason": finish, "error": problem}])


REPORTS = [
    {"detail": "Internal error"},
    {"detail": [{"loc": ["body", "n"], "msg": "too large"}]},
    {"detail": {"reason": "none"}},
    {"message": "Internal Server Error"},
    {"message": "Service unavailable", "request_id": "r"},
    {"msg": "slow", "code": 429},
    {"code": "500", "message": "oops"},
    {"status": 503, "title": "Busy", "detail": "later"},
    {"message": "oops", "status_code": 500, "path": "/v1"},
    {"type": "server_error", "message": "oops"},
    {"__type": "com.amazon#ModelStreamErrorException", "message": "oops"},
    {"errors": [{"message": "oops"}]},
    {"id": "x", "choices": None, "code": 502, "message": "oops"},
    failing(code=502, message="oops"),
    failing("stop", code=502, message="oops"),
    chunk(choices=[{"index": 0, "delta": {}, "error": "oops"}]),
]


@pytest.mark.parametrize("report", REPORTS, ids=json.dumps)
def test_a_report_of_a_failure_interrupts_whatever_its_shape(report):
    """No [DONE] follows what came before, though the upstream sends one."""
    out, failure = read(reader_for(), ROLE + WORD + WORD + event(report) + DONE)

    assert type(failure) is StreamFailed
    assert out == ROLE + WORD + WORD


@pytest.mark.parametrize(
    ("report", "error"),
    [
        ({"detail": "Internal error"}, UpstreamBroken),
        ({"msg": "slow", "code": 429}, UpstreamRateLimited),
        ({"error": "slow", "code": 429}, UpstreamRateLimited),
        (failing(code=429, message="slow"), UpstreamRateLimited),
        (failing(code=502, message="oops"), UpstreamBroken),
    ],
)
def test_a_report_before_anything_was_said_is_what_it_says(report, error):
    """Another upstream may still be asked, by the status that it names."""
    out, failure = read(reader_for(), ROLE + event(report) + DONE)

    assert type(failure) is error
    assert out == b""


HARMLESS = [
    chunk(choices=[], prompt_filter_results=[{"message": "error"}]),
    {"choices": [], "detail": "error"},
    {"id": "x", "choices": None},
    {"type": "ping"},
    {},
    {"x_groq": {"id": "req_1"}},
    {"citations": ["https://example.com/error"]},
    {"obfuscation": "error"},
    {"type": "progress", "message": "searching, 2 failed"},
    {"message": "thinking"},
    {"message": ""},
    {"detail": None, "errors": []},
    {"status": 200, "message": "error rate: 0"},
    {"code": 0, "msg": "ok"},
    {"message": {"role": "assistant"}},
    chunk({"content": "Internal error", "error": {"code": 500}}),
    chunk({"content": "x"}, error=None, detail="error"),
    chunk(choices=[{"index": 0, "delta": {"content": "x"}, "error": None}]),
    chunk(choices=[{"index": 0, "delta": {"content": "x"}, "error": {}}]),
]


@pytest.mark.parametrize("other", HARMLESS, ids=json.dumps)
@pytest.mark.parametrize("first", [False, True])
def test_what_hosts_add_between_chunks_passes(other, first):
    """Pings, filters, citations and progress fail nothing, before the text or in it."""
    parts = (event(other), WORD) if first else (WORD, event(other))
    out, failure = read(reader_for(), *parts, STOP, DONE)

    assert failure is None
    assert out == b"".join(parts) + STOP + DONE


def test_a_host_that_never_tells_a_finish_has_answered_once_it_is_done():
    """Some servers send none, or an empty one: [DONE] is their word for the end, and nothing is made up beside it."""
    blank = event(chunk({"content": "x"}, finish=""))

    for stream in (ROLE + WORD + WORD, WORD + blank + blank, WORD + event(chunk(choices=[], usage=usage(9, 4)))):
        reader = reader_for(wants_usage=True)
        assert read(reader, stream + DONE) == (stream + DONE, None)
        assert reader.finished


def test_without_a_finish_and_without_done_a_stream_was_cut_short():
    """Usage is no end either: it may come with every chunk."""
    for stream in (ROLE + WORD, WORD + event(chunk({"content": "x"}, finish="")), WORD + event({"type": "ping"})):
        out, failure = read(reader_for(), stream)

        assert type(failure) is StreamInterrupted
        assert out == stream


def test_zeros_at_the_end_do_not_undo_what_was_counted():
    """A last chunk of zeros is what a host writes that counted before; a stream would be free with it."""
    counted = event(chunk({"content": "b"}, usage=usage(11, 2)))
    reader = reader_for()
    read(reader, WORD, counted, event(chunk(finish="stop", usage=usage(0, 0))), DONE)
    assert reader.consumed() == Usage(input=11, output=2)

    zeros = reader_for()
    read(zeros, WORD, event(chunk({"content": "b"}, usage=usage(0, 0))), counted, STOP, DONE)
    assert zeros.consumed() == Usage(input=11, output=2)


def test_usage_in_floats_is_read():
    """Hosts that know no integers count all the same."""
    reader = reader_for()
    counts = {"prompt_tokens": 11.0, "completion_tokens": 4.0, "total_tokens": 15}
    read(reader, WORD, STOP, event(chunk(choices=[], usage=counts)), DONE)
    assert reader.consumed() == Usage(input=11, output=4)


@pytest.mark.parametrize("wants", [False, True])
@pytest.mark.parametrize("top", [False, True])
def test_usage_in_a_choice_reaches_who_asked_for_it(wants, top):
    """Moonshot's form: taken out of the choice where the client did not ask, the rest byte for byte as it was."""
    kept = b'data: {"id": "\\ud83d", "choices" : [ {"index": 0, "delta": {"content": "a ] }, \\"usage\\""}%b} ]%b }\n\n'
    more = b', "usage": {"prompt_tokens": 8, "completion_tokens": 2}'
    first = b'"usage":{"prompt_tokens":8,"completion_tokens":2},'
    last = b'data: {"choices":[{%b"index":0,"finish_reason":"stop"}]}\n\n'
    reader = reader_for("moonshot", wants_usage=wants)
    told = more if top else b""

    out, failure = read(reader, WORD, kept % (more, told), last % first, DONE)

    assert failure is None
    assert out == WORD + (kept % (more, told) + last % first if wants else kept % (b"", b"") + last % b"") + DONE
    assert reader.consumed() == Usage(input=8, output=2)
