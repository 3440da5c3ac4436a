"""The older completions surface as an ASGI callable: heads, streams, refusals."""

import json

import pytest

from router.access.keys import ClientKeys
from router.api.completions import PATH, CompletionsClient
from router.api.surface import Surface
from router.ports import Ports
from tests.fakes.asgi import call
from tests.fakes.completion import DONE, completion, stream_events, usage
from tests.fakes.ports import kept, some_ports
from tests.fakes.reply import SSE, FakeReply

BODY = b'{"model":"auto","prompt":"a secret prompt","logprobs":2,"max_tokens":9}'
STREAM = b'{"model":"auto","prompt":["a secret prompt"],"stream":true}'
WHOLE = json.dumps(completion("Paris.", tokens=usage())).encode()


def an_app(*plays) -> tuple[Surface, Ports]:
    """Return the surface over one upstream that plays these replies, and its ports."""
    ports = some_ports(*plays)
    return Surface(CompletionsClient, ports, ClientKeys({}), 1000), ports


async def test_a_whole_answer_has_its_own_length_and_receipt() -> None:
    """What was dropped is named; the chat completion behind it has the prompt as its only message."""
    app, ports = an_app(FakeReply(WHOLE))

    done = await call(app, BODY, path=PATH)

    answer = json.loads(done.body)
    assert (done.status, int(done.headers["content-length"])) == (200, len(done.body))
    assert (answer["id"], answer["object"]) == ("cmpl-id-1", "text_completion")
    assert answer["choices"] == [{"text": "Paris.", "index": 0, "logprobs": None, "finish_reason": "stop"}]
    assert done.headers["x-router-dropped-params"] == "logprobs"
    assert done.headers["x-router-upstream"] == "small"
    sent = json.loads(ports.send.calls[0].body)
    assert sent["messages"] == [{"role": "user", "content": "a secret prompt"}]
    assert sent["max_completion_tokens"] == 9
    assert [entry.status for entry in kept(ports)] == ["ok"]


async def test_a_stream_is_told_in_chunks() -> None:
    """Each chunk has a text, and [DONE] ends them."""
    app, _ = an_app(FakeReply(*stream_events(["Pa", "ris."], tokens=usage()), headers=SSE))

    done = await call(app, STREAM, path=PATH)

    assert done.headers["content-type"].startswith("text/event-stream")
    assert done.body.endswith(DONE)
    chunks = [json.loads(line[6:]) for line in done.body.split(b"\n\n")[:-2]]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == "Paris."
    assert all("usage" not in chunk for chunk in chunks)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":"auto","prompt":["a secret","another"]}', "prompt"),
        (b'{"model":"auto","prompt":[1,2,3]}', "prompt"),
        (b'{"model":"auto","prompt":"a secret","echo":true}', "echo"),
    ],
)
async def test_what_cannot_be_served_is_refused(body, param) -> None:
    """In OpenAI's shape, with the field; it costs nothing and repeats nothing."""
    app, ports = an_app()

    done = await call(app, body, path=PATH)

    error = json.loads(done.body)["error"]
    assert (done.status, error["param"], error["type"]) == (400, param, "invalid_request_error")
    assert "secret" not in done.body.decode()
    assert ports.send.calls == []


async def test_an_answer_that_cannot_be_told_leads_to_an_error_and_its_row() -> None:
    """The row does not say ok where the client got a 502."""
    broken = WHOLE.replace(b'"Paris."', b"[1]")
    app, ports = an_app(FakeReply(broken))

    done = await call(app, BODY, path=PATH)

    assert done.status == 502
    assert [(entry.status, entry.http_status) for entry in kept(ports)] == [("failed", 502)]
