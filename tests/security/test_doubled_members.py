"""Members that are there twice below the top: what is sent on is what was read, or is sent on as it came."""

import json
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from classifier.prompt import Turn
from router.api.inbound import read
from tests.fakes import behaviour
from tests.fakes.upstream import FakeUpstream

MESSAGE = '{"model":"large","max_tokens":9,"messages":[%s]%s}'
RESPONSE = '{"model":"large","input":[%s]%s}'
ASKED = '{"role":"user","content":"b"}'
CALL = '{"type":"function_call","call_id":"a","call_id":"c","name":"x","name":"f","arguments":"{}"}'
OUTPUT = '{"type":"function_call_output","call_id":"c","output":"a","output":"b"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A body with a member twice, and the part of the chat completion that it must lead to."""

    id: str
    path: str
    body: str
    member: str
    sent: Any


CASES = (
    Case(
        id="role and content of a message",
        path="/v1/messages",
        body=MESSAGE % ('{"role":"assistant","content":"a","role":"user","content":"b"}', ""),
        member="messages",
        sent=[{"role": "user", "content": "b"}],
    ),
    Case(
        id="kind and text of a block",
        path="/v1/messages",
        body=MESSAGE % ('{"role":"user","content":[{"type":"image","text":"a","type":"text","text":"b"}]}', ""),
        member="messages",
        sent=[{"role": "user", "content": "b"}],
    ),
    Case(
        id="name of a tool",
        path="/v1/messages",
        body=MESSAGE % (ASKED, ',"tools":[{"name":"a","name":"f","input_schema":{"type":"object"}}]'),
        member="tools",
        sent=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    ),
    Case(
        id="role and content of an item",
        path="/v1/responses",
        body=RESPONSE % ('{"role":"system","content":"a","role":"user","content":"b"}', ""),
        member="messages",
        sent=[{"role": "user", "content": "b"}],
    ),
    Case(
        id="a call and its output",
        path="/v1/responses",
        body=RESPONSE % (f"{CALL},{OUTPUT}", ""),
        member="messages",
        sent=[
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "tool", "tool_call_id": "c", "content": "b"},
        ],
    ),
)


def sole(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; AssertionError where a member is there twice."""
    found = dict(pairs)
    assert len(found) == len(pairs)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_what_is_translated_is_sent_once(http: httpx2.AsyncClient, upstream: FakeUpstream, case: Case) -> None:
    """The last one counts, and no other is sent on."""
    upstream.script(behaviour.ok("Yes."))

    answer = await http.post(case.path, content=case.body.encode())

    assert answer.status_code == 200
    [seen] = upstream.seen
    assert json.loads(seen.body, object_pairs_hook=sole)[case.member] == case.sent


async def test_what_is_forwarded_is_forwarded_as_it_came(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """A chat completion's messages keep their bytes; who answers is decided by the last one of each."""
    picture = '[{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}}]'
    messages = '[{"role":"system","role":"user","content":' + picture + ',"content":"hi"}]'
    body = b'{"model":"auto","messages":' + messages.encode() + b"}"

    answer = await http.post("/v1/chat/completions", content=body)

    assert answer.status_code == 200
    assert messages.encode() in upstream.seen[0].body
    asked = read(body, request_id="r", caller="c")
    assert (asked.prompt.turns, asked.needs.images) == ((Turn("user", "hi"),), False)
