"""The output items that chunks and whole messages grow into."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.wire.chat_answer import decode_answer
from router.wire.openai_responses import Frame
from router.wire.responses_answer import Output
from router.wire.responses_events import Events, Silence
from router.wire.responses_request import translated
from tests.fakes.completion import chunk, completion, usage
from tests.fakes.responses import events_of, response_of

FRAME = Frame(stem="d1", created_at=7, model="small-1", echo=translated(b'{"model":"auto","input":"hi"}').echo)


def call(index=None, name=None, arguments=None, call_id=None) -> dict:
    """Return a piece of a tool call as deltas have it."""
    piece = {"index": index, "id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
    return {key: value for key, value in piece.items() if value is not None}


def grown(*answers):
    """Return the response object after these answers, held against the SDK's types."""
    output = Output(FRAME, Silence())
    for answer in answers:
        output.take(decode_answer(json.dumps(answer)))
    status, response = output.complete()
    assert response["status"] == status
    return response_of(json.dumps(response).encode())


def calls_of(response):
    """Return name, id and arguments of every call in the output."""
    items = [item for item in response["output"] if item["type"] == "function_call"]
    return [(item["name"], item["call_id"], item["arguments"]) for item in items]


def test_a_whole_answer() -> None:
    """A message, its text and its usage."""
    response = grown(completion("Paris.", tokens=usage(12, 7, prompt_tokens_details={"cached_tokens": 5})))

    [message] = response["output"]
    assert message["content"] == [{"type": "output_text", "text": "Paris.", "annotations": [], "logprobs": []}]
    assert (message["id"], message["status"], message["role"]) == ("msg_d1_0", "completed", "assistant")
    assert response["usage"]["input_tokens_details"]["cached_tokens"] == 5
    assert (response["status"], response["usage"]["total_tokens"]) == ("completed", 19)


def test_zeros_do_not_undo_what_was_counted() -> None:
    """The client is told what the ledger has."""
    counted, zeros = chunk({"content": "a"}, usage=usage(12, 7)), chunk(choices=[], usage=usage(0, 0))

    assert grown(zeros, counted, zeros)["usage"]["total_tokens"] == 19


def test_thought_text_and_calls_are_items_in_their_order() -> None:
    """What was thought comes first, then what was said, then the calls."""
    message = {
        "role": "assistant",
        "reasoning_content": "hm",
        "content": "I look",
        "tool_calls": [
            call(name="f", call_id="c1", arguments='{"a": 1}'),
            call(name="g", call_id="c2", arguments="{}"),
        ],
    }

    response = grown(completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}]))

    assert [item["type"] for item in response["output"]] == ["reasoning", "message", "function_call", "function_call"]
    assert response["output"][0]["content"] == [{"type": "reasoning_text", "text": "hm"}]
    assert calls_of(response) == [("f", "c1", '{"a": 1}'), ("g", "c2", "{}")]
    assert {item["status"] for item in response["output"]} == {"completed"}


def test_an_empty_answer_is_a_message() -> None:
    """Who said nothing and was done has still answered."""
    [message] = grown(completion(""))["output"]

    assert message["content"][0]["text"] == ""


@pytest.mark.parametrize(("finish", "reason"), [("length", "max_output_tokens"), ("content_filter", "content_filter")])
def test_an_answer_that_was_cut_off(finish, reason) -> None:
    """The response and its last item are incomplete, and the reason is said; earlier items are complete."""
    message = {"reasoning_content": "hm", "content": "Par"}
    response = grown(completion(choices=[{"index": 0, "message": message, "finish_reason": finish}]))

    assert (response["status"], response["incomplete_details"]) == ("incomplete", {"reason": reason})
    assert [item["status"] for item in response["output"]] == ["completed", "incomplete"]


def test_a_call_that_was_cut_off() -> None:
    """Of several calls only the last is incomplete."""
    message = {
        "tool_calls": [call(name="f", call_id="c1", arguments="{}"), call(name="g", call_id="c2", arguments='{"')]
    }
    response = grown(completion(choices=[{"index": 0, "message": message, "finish_reason": "length"}]))

    assert [item["status"] for item in response["output"]] == ["completed", "incomplete"]


def test_nothing_before_the_cut() -> None:
    """No text, no item: all tokens went elsewhere."""
    assert grown(completion("", finish="length"))["output"] == []


def test_only_the_first_choice_counts() -> None:
    """The API has one answer."""
    choices = [{"index": n, "message": {"content": f"text {n}"}, "finish_reason": "stop"} for n in (0, 1)]

    assert [item["content"][0]["text"] for item in grown(completion(choices=choices))["output"]] == ["text 0"]


def test_calls_whose_pieces_come_in_turns() -> None:
    """Pieces find their call by its index."""
    response = grown(
        chunk({"tool_calls": [call(0, "f", "", "c1")]}),
        chunk({"tool_calls": [call(1, "g", "", "c2")]}),
        chunk({"tool_calls": [call(0, arguments='{"a":'), call(1, arguments="[")]}),
        chunk({"tool_calls": [call(1, arguments="]"), call(0, arguments="1}")]}),
        chunk(finish="tool_calls"),
    )

    assert calls_of(response) == [("f", "c1", '{"a":1}'), ("g", "c2", "[]")]


def test_calls_that_share_an_index() -> None:
    """A piece with a name and another id is another call, whatever its index says."""
    response = grown(
        chunk({"tool_calls": [call(0, "f", "{}", "c1")]}),
        chunk({"tool_calls": [call(0, "f", '{"b"', "c2")]}),
        chunk({"tool_calls": [call(0, arguments=":2}")]}),
        chunk({"tool_calls": [call(None, "g", "{}", "c3")]}),
    )

    assert calls_of(response) == [("f", "c1", "{}"), ("f", "c2", '{"b":2}'), ("g", "c3", "{}")]


def test_a_call_without_an_id_gets_one() -> None:
    """The client needs an id to answer the call with."""
    assert calls_of(grown(chunk({"tool_calls": [call(0, "f", {"a": 1})]}))) == [("f", "call_d1_0", '{"a":1}')]


def test_arguments_before_their_name() -> None:
    """A call is announced once its name is known; what came before is sent then."""
    events = Events()
    output = Output(FRAME, events)
    for piece in (call(0, arguments='{"a":'), call(0, "f", "1}", "c1")):
        output.take(decode_answer(json.dumps(chunk({"tool_calls": [piece]}))))
    response = output.complete()[1]

    added, *deltas, _, _ = events_of(events.taken())
    assert added["item"]["name"] == "f"
    assert "".join(event["delta"] for event in deltas) == '{"a":1}'
    assert calls_of(response) == [("f", "c1", '{"a":1}')]


def test_a_call_that_is_never_named_is_kept() -> None:
    """Nothing that came is lost."""
    assert calls_of(grown(chunk({"tool_calls": [call(0, arguments="{}", call_id="c1")]}))) == [("", "c1", "{}")]


@pytest.mark.parametrize("odd", [3, "x", [3], [{"function": 3}], {"a": 1}])
def test_odd_calls_do_no_harm(odd) -> None:
    """What is no call is passed over, or stays without a name."""
    assert {name for name, _, _ in calls_of(grown(chunk({"content": "a", "tool_calls": odd})))} <= {""}


def test_text_and_refusal_are_parts_of_one_message() -> None:
    """A refusal after a text is its second part."""
    [message] = grown(chunk({"content": "Well. "}), chunk({"refusal": "No."}))["output"]

    assert [part["type"] for part in message["content"]] == ["output_text", "refusal"]
    assert message["content"][1] == {"type": "refusal", "refusal": "No."}


def test_text_after_a_call_is_a_message_of_its_own() -> None:
    """Items stay in the order in which they began."""
    response = grown(chunk({"content": "a"}), chunk({"tool_calls": [call(0, "f", "{}", "c")]}), chunk({"content": "b"}))

    assert [item["type"] for item in response["output"]] == ["message", "function_call", "message"]


def test_a_broken_answer_shows_what_there_is() -> None:
    """The items of a failed response are incomplete."""
    output = Output(FRAME, Silence())
    output.take(decode_answer(json.dumps(chunk({"content": "Par"}))))

    response = output.broken({"code": "server_error", "message": "It broke."})

    response_of(json.dumps(response).encode())
    assert (response["status"], response["error"]["message"]) == ("failed", "It broke.")
    assert [(item["status"], item["content"][0]["text"]) for item in response["output"]] == [("incomplete", "Par")]


NAMES = (
    "content",
    "refusal",
    "reasoning",
    "tool_calls",
    "index",
    "id",
    "function",
    "name",
    "arguments",
    "type",
    "text",
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(deltas=st.lists(st.dictionaries(st.sampled_from(NAMES[:4]), JSON, max_size=3), max_size=4), tokens=JSON)
def test_whatever_an_upstream_says_is_a_response(deltas, tokens) -> None:
    """An answer that is odd in any of its members still makes a valid one: it was paid for."""
    assert grown(*map(chunk, deltas), chunk(usage=tokens))["object"] == "response"
