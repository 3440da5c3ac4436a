"""The Responses surface as an ASGI callable: heads, lengths, bytes that wait, refusals."""

import json
import time
from dataclasses import replace

import pytest

from router.access.keys import ClientKeys
from router.api.responses import PATH, ResponsesClient
from router.api.surface import Context, Surface
from router.errors import LedgerUnavailable, MalformedRequest, UpstreamTimeout
from router.ports import Ports
from tests.fakes.asgi import Exchange, Pushing, call, exchange
from tests.fakes.completion import DONE, completion, stream_events, usage
from tests.fakes.ports import some_ports
from tests.fakes.reply import SSE, FakeReply
from tests.fakes.responses import events_of, response_of
from tests.fakes.values import a_receipt

BODY = b'{"model":"auto","input":"a secret prompt"}'
STREAM = b'{"model":"auto","input":"a secret prompt","stream":true,"store":false,"include":[]}'
WHOLE = json.dumps(completion("Paris.", tokens=usage())).encode()
CONTEXT = Context("req-1", "anonymous", None, None)


def an_app(*plays) -> tuple[Surface, Ports]:
    """Return the surface over one upstream that plays these replies, and its ports."""
    ports = some_ports(*plays)
    return Surface(ResponsesClient, ports, ClientKeys({}), 1000), ports


async def test_a_whole_answer_has_its_own_length_and_receipt() -> None:
    """The length is that of the response object, not of the completion behind it."""
    app, ports = an_app(FakeReply(WHOLE))
    before = time.time()

    done = await call(app, BODY, path=PATH)

    response = response_of(done.body)
    assert (done.status, int(done.headers["content-length"])) == (200, len(done.body))
    assert done.headers["content-type"] == "application/json"
    assert done.headers["x-router-upstream"] == "small"
    assert (response["id"], response["model"]) == ("resp_id-1", "small-wire")
    assert int(before) <= response["created_at"] <= time.time()
    assert response["output"][0]["content"][0]["text"] == "Paris."
    [entry] = ports.ledger._ledger.entries
    assert (entry.status, entry.usage.output) == ("ok", 7)
    assert json.loads(ports.send.calls[0].body)["messages"] == [{"role": "user", "content": "a secret prompt"}]


async def test_a_stream_is_told_in_events() -> None:
    """A stream has the API's events, and its head names what was dropped."""
    app, _ = an_app(FakeReply(*stream_events(["Pa", "ris."], tokens=usage()), headers=SSE))

    done = await call(app, STREAM, path=PATH)

    assert done.headers["content-type"].startswith("text/event-stream")
    assert done.headers["x-router-dropped-params"] == "include,store"
    assert events_of(done.body)[-1]["response"]["output"][0]["content"][0]["text"] == "Paris."
    assert done.complete


async def test_a_stream_that_breaks_off_has_failed() -> None:
    """After the first byte a failure is the last event."""
    part = stream_events(["Pa"], finish=None, done=False)
    app, ports = an_app(FakeReply(*part, headers=SSE, then=UpstreamTimeout("Nothing came.")))

    done = await call(app, STREAM, path=PATH)

    assert events_of(done.body)[-1]["type"] == "response.failed"
    assert done.complete
    assert [entry.status for entry in ports.ledger._ledger.entries] == ["interrupted"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":"auto","input":"a secret prompt","previous_response_id":"resp_1"}', "previous_response_id"),
        (b'{"model":"auto"}', "input"),
        (b'{"model":"auto","input":"a secret prompt","model":"tier/hard"}', "model"),
        (b"not even JSON", None),
    ],
)
async def test_what_cannot_be_served_is_refused_in_the_shape_of_openai(body, param) -> None:
    """A refusal has all four fields and costs nothing."""
    app, ports = an_app()

    done = await call(app, body, path=PATH)

    error = json.loads(done.body)["error"]
    assert done.status == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert "secret" not in done.body.decode()
    assert ports.send.calls == []


async def test_a_refusal_names_what_was_dropped_too() -> None:
    """Who learns that nobody can serve a request also learns what of it was left out."""
    app, _ = an_app()

    done = await call(app, b'{"model":"nobody","input":"hi","store":true}', path=PATH)

    assert (done.status, json.loads(done.body)["error"]["code"]) == (404, "model_not_found")
    assert done.headers["x-router-dropped-params"] == "store"


async def begun(push=None) -> tuple[ResponsesClient, Exchange]:
    """Return a client whose stream has begun, and what was sent to it."""
    under_way = exchange()
    client = ResponsesClient(under_way.receive, under_way.send, None if push is None else Pushing(push))
    client.read(STREAM, CONTEXT)
    await client.begin(a_receipt(stream=True))
    return client, under_way


@pytest.mark.parametrize("takes", [True, False])
async def test_events_are_pushed_or_written_once(takes) -> None:
    """What a busy connection did not take at once is written, and nothing is told twice."""
    pushed = []

    def push(data: bytes) -> bool:
        if takes:
            pushed.append(data)
        return takes

    client, under_way = await begun(push)
    for data in stream_events(["Pa", "ris."], done=False):
        if not client.push(data):
            await client.write(data)
    await client.end(DONE)

    events = events_of(b"".join(pushed) + under_way.body)
    assert [event["delta"] for event in events if event["type"] == "response.output_text.delta"] == ["Pa", "ris."]
    assert bool(pushed) is takes


async def test_what_leads_to_no_event_is_not_sent() -> None:
    """A comment of the upstream's is taken and sends nothing."""
    client, under_way = await begun(lambda _data: False)

    assert client.push(b": still here\n\n")
    await client.write(b": still here\n\n")
    client.close()

    assert under_way.body == b""


async def test_a_session_comes_from_the_header_or_the_metadata() -> None:
    """The header counts before the metadata."""
    under_way = exchange()
    client = ResponsesClient(under_way.receive, under_way.send)
    body = b'{"model":"auto","input":"hi","metadata":{"session_id":"m"}}'

    assert client.read(body, CONTEXT).session == "m"
    assert client.read(body, CONTEXT._replace(session="h")).session == "h"
    client.close()


async def test_needs_are_those_of_the_completion() -> None:
    """Tools, pictures, schemas, effort and limits decide who can serve, as on the other surface."""
    under_way = exchange()
    client = ResponsesClient(under_way.receive, under_way.send)
    content = [{"type": "input_text", "text": "what is it?"}, {"type": "input_image", "image_url": "data:,"}]
    members = {
        "model": "auto",
        "input": [{"role": "user", "content": content}],
        "tools": [{"type": "function", "name": "f"}],
        "text": {"format": {"type": "json_schema", "name": "s", "schema": {}}},
        "reasoning": {"effort": "high"},
        "max_output_tokens": 9,
        "stream": True,
    }

    request = client.read(json.dumps(members).encode(), CONTEXT)
    client.close()

    needs = request.needs
    assert (needs.tools, needs.images, needs.json_schema, needs.reasoning) == (True, True, True, True)
    assert needs.max_output_tokens == 9
    assert (request.stream, request.wants_usage) == (True, True)
    assert request.prompt.turns[-1].text == "what is it?"


async def test_numbers_that_no_upstream_could_read_are_refused() -> None:
    """What is translated is checked like any other completion."""
    under_way = exchange()
    client = ResponsesClient(under_way.receive, under_way.send)

    with pytest.raises(MalformedRequest):
        client.read(b'{"model":"auto","input":"hi","temperature":1e999}', CONTEXT)
    client.close()


class FullDisk:
    """A store that keeps nothing."""

    async def keep(self, _kept: object) -> None:
        """Fail."""
        raise LedgerUnavailable("The disk is full.")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_an_answer_that_cannot_be_kept_fails(streamed) -> None:
    """Whoever wants it kept is not told that it was; the row says what became of it."""
    reply = FakeReply(*stream_events(["Pa", "ris."]), headers=SSE) if streamed else FakeReply(WHOLE)
    ports = replace(some_ports(reply), conversations=FullDisk())
    app = Surface(ResponsesClient, ports, ClientKeys({}), 1000)
    body = {"model": "auto", "input": "hi", "stream": streamed}

    done = await call(app, json.dumps(body).encode(), path=PATH)

    [entry] = ports.ledger._ledger.entries
    assert entry.error_code == "ledger_unavailable"
    if streamed:
        last = events_of(done.body)[-1]
        assert (last["type"], last["response"]["output"][0]["content"][0]["text"]) == ("response.failed", "Paris.")
    else:
        assert (done.status, json.loads(done.body)["error"]["code"]) == (503, "ledger_unavailable")
