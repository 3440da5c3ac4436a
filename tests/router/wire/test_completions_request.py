"""A completion's body as a chat completion's: what is said again, named or refused."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from router.errors import MalformedRequest
from router.wire.completions_request import to_chat_prompt

SAID = {"model": "auto", "messages": [{"role": "user", "content": "Say hi."}]}


def body(**members: Any) -> bytes:
    """Return a completion's body."""
    return json.dumps({"model": "auto", "prompt": "Say hi."} | members).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Members of a completion, what the chat completion has of them, and what is named."""

    id: str
    given: dict[str, Any]
    sent: dict[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()


CASES = (
    Case(id="plain", given={}),
    Case(id="a list of one", given={"prompt": ["Say hi."]}),
    Case(id="limit", given={"max_tokens": 5}, sent={"max_completion_tokens": 5}),
    Case(
        id="the same in both",
        given={"temperature": 0.5, "n": 2, "stop": ["a"], "stream": True, "stream_options": {"include_usage": True}},
        sent={"temperature": 0.5, "n": 2, "stop": ["a"], "stream": True, "stream_options": {"include_usage": True}},
    ),
    Case(id="nulls", given={"suffix": None, "logprobs": None, "stop": None, "best_of": None, "echo": None}),
    Case(id="unsaid", given={"echo": False, "suffix": "", "best_of": 1}),
    Case(id="best of its own", given={"n": 3, "best_of": 3}, sent={"n": 3}),
    Case(id="named", given={"best_of": 2, "logprobs": 1, "top_k": 4}, dropped=("best_of", "logprobs", "top_k")),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_a_chat_completion_is_asked(case: Case) -> None:
    """The prompt is the user's only message."""
    asked = to_chat_prompt(body(**case.given))

    assert json.loads(asked.body) == SAID | case.sent
    assert asked.dropped == case.dropped


REFUSED = (
    (body(prompt=["a", "b"]), "prompt"),
    (body(prompt=[1, 2]), "prompt"),
    (body(prompt=[[1, 2]]), "prompt"),
    (body(prompt=[]), "prompt"),
    (body(prompt=""), "prompt"),
    (body(prompt=None), "prompt"),
    (body(prompt=[{"a": 1}]), "prompt"),
    (b'{"model":"auto"}', "prompt"),
    (body(echo=True), "echo"),
    (body(suffix="the end"), "suffix"),
    (body(max_tokens=0), "max_tokens"),
    (b'{"prompt":"a"}', "model"),
    (b'{"model":"auto","prompt":"a","model":"tier/hard"}', "model"),
    (b'{"model":"auto","prompt":"a","Prompt":"b"}', "prompt"),
    (b'{"model":"auto","prompt":"\xff"}', None),
    (b"[]", None),
    (json.dumps({"model": "auto", "prompt": "a"} | {f"m{n}": 1 for n in range(100)}).encode(), None),
)


@pytest.mark.parametrize(("raw", "param"), REFUSED)
def test_what_cannot_be_asked_is_refused(raw: bytes, param: str | None) -> None:
    """The field is named with a fix, and nothing of the prompt is repeated."""
    with pytest.raises(MalformedRequest) as caught:
        to_chat_prompt(raw)

    assert caught.value.param == param
    assert caught.value.fix
