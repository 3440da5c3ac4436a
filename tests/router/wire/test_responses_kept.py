"""Input items as the API lists them, and turns put together again."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec import Raw
from openai.types.responses import ResponseItemList
from openai.types.responses.response_item import ResponseItem
from pydantic import TypeAdapter

from router.errors import MalformedRequest
from router.wire.responses_kept import Wanted, input_items, page, previous_of, turns
from router.wire.responses_request import Past, translated

ITEM: TypeAdapter[Any] = TypeAdapter(ResponseItem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An input item, and what is listed of it besides."""

    id: str
    item: dict[str, Any]
    listed: dict[str, Any]


DONE = {"status": "completed"}
TEXT = {"type": "input_text", "text": "hi"}
CASES = (
    Case(
        id="a message without a type",
        item={"role": "user", "content": "hi"},
        listed={"type": "message", "id": "msg_d_in0", "content": [TEXT], **DONE},
    ),
    Case(id="parts", item={"type": "message", "role": "system", "content": [TEXT]}, listed={"id": "msg_d_in0", **DONE}),
    Case(
        id="an answer",
        item={"role": "assistant", "content": "yes"},
        listed={
            "type": "message",
            "id": "msg_d_in0",
            "content": [{"type": "output_text", "text": "yes", "annotations": [], "logprobs": []}],
            **DONE,
        },
    ),
    Case(
        id="an answer with its id",
        item={"id": "msg_x", "role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        listed={"type": "message", **DONE},
    ),
    Case(
        id="a call",
        item={"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        listed={"id": "fc_d_in0", **DONE},
    ),
    Case(
        id="an output",
        item={"type": "function_call_output", "call_id": "c", "output": "4"},
        listed={"id": "fco_d_in0", **DONE},
    ),
    Case(
        id="a thought",
        item={"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]},
        listed={"id": "rs_d_in0", "summary": []},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_items_have_what_the_api_lists(case: Case) -> None:
    """Id, type, status and parts are added; what the client wrote stays; the SDK's own types accept it."""
    [listed] = input_items([Raw(json.dumps(case.item).encode())], "d")

    assert listed == case.item | case.listed
    ITEM.validate_python(listed)


def test_a_text_is_a_message() -> None:
    """The short form of an input is listed as the long one."""
    assert input_items("hi", "d") == [{"type": "message", "id": "msg_d_in0", "role": "user", "content": [TEXT], **DONE}]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_is_listed_can_be_sent_again(case: Case) -> None:
    """A kept item means what the original meant."""
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    names = {"c", case.item.get("call_id", "c")}
    end = [{"type": "function_call_output", "call_id": name, "output": "1"} for name in sorted(names)]
    listed = input_items([Raw(json.dumps(case.item).encode())], "d")

    first, again = (
        json.loads(translated(json.dumps({"model": "auto", "input": [call, item, *end]}).encode()).body)["messages"]
        for item in (case.item, listed[0])
    )

    assert first == again


def test_turns_go_before_what_is_asked() -> None:
    """Input and output of every earlier turn, then the new input, under the new instructions."""
    earlier = input_items("one", "a")
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "two"}]}
    kept = (json.dumps(earlier).encode(), json.dumps({"output": [said], "instructions": "old"}).encode())
    body = json.dumps({"model": "auto", "input": "three", "instructions": "new", "previous_response_id": "resp_a"})

    asked = translated(body.encode(), Past(turns=(kept,)))

    assert [(m["role"], m["content"]) for m in json.loads(asked.body)["messages"]] == [
        ("system", "new"),
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]
    assert (asked.stores, asked.echo["store"], asked.echo["previous_response_id"]) == (True, True, "resp_a")
    assert asked.dropped == ()
    assert len(turns([kept, kept])) == 4


def test_a_request_may_wish_not_to_be_kept() -> None:
    """`store: false` counts where responses are kept, and is not named as dropped."""
    asked = translated(b'{"model":"auto","input":"hi","store":false}', Past())

    assert (asked.stores, asked.echo["store"], asked.dropped) == (False, False, ())


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"previous_response_id":"resp_1"}', "resp_1"),
        (b'{"previous_response_id":null}', None),
        (b'{"previous_response_id":1}', None),
        (b"{}", None),
        (b"no JSON", None),
    ],
)
def test_which_response_is_continued(body: bytes, expected: str | None) -> None:
    """What is no request continues nothing: whoever reads it will say what is wrong."""
    assert previous_of(body) == expected


ITEMS = [Raw(json.dumps(item).encode()) for n in range(5) for item in input_items("x", str(n))]


def names(**query: Any) -> list[str]:
    """Return the numbers of the items of a page, and + if there are more."""
    listed = json.loads(page(ITEMS, Wanted(**query)))
    ResponseItemList.model_validate(listed)
    data = [item["id"][4] for item in listed["data"]]
    assert [listed["first_id"], listed["last_id"]] == (
        [listed["data"][0]["id"], listed["data"][-1]["id"]] if data else ["", ""]
    )
    return data + ["+"] * listed["has_more"]


def test_pages() -> None:
    """Newest first unless asked otherwise; `after` goes on from an item."""
    assert names() == ["4", "3", "2", "1", "0"]
    assert names(order="asc", limit=2) == ["0", "1", "+"]
    assert names(order="asc", limit=2, after="msg_1_in0") == ["2", "3", "+"]
    assert names(limit=3, after="msg_2_in0") == ["1", "0"]
    assert names(after="msg_0_in0") == []


@pytest.mark.parametrize(
    ("query", "param"),
    [({"limit": 0}, "limit"), ({"limit": 101}, "limit"), ({"order": "up"}, "order"), ({"after": "x"}, "after")],
)
def test_pages_that_there_are_not(query: dict[str, Any], param: str) -> None:
    """The error names the member."""
    with pytest.raises(MalformedRequest) as raised:
        page(ITEMS, Wanted(**query))
    assert raised.value.param == param
