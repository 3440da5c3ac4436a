"""The surface of Anthropic's clients: their key, their request, their answer, their errors, and the count of tokens."""

import json
from typing import Any

import pytest

from classifier.tier import Tier
from router.access.keys import ClientKeys
from router.api.gate import Head
from router.api.messages import COUNT_PATH, PATH, CountClient, MessagesClient
from router.api.surface import Context, Surface
from router.ports import Ports, Receipt
from router.upstreams.credentials import Secret
from tests.fakes.asgi import Pushing, call, exchange
from tests.fakes.completion import DONE, chunk, completion, error, event, stream_events, usage
from tests.fakes.ports import kept, some_ports
from tests.fakes.reply import SSE, FakeReply
from tests.fakes.values import an_upstream

ASKED = {"model": "auto", "max_tokens": 64, "messages": [{"role": "user", "content": "a secret prompt"}]}
WHOLE = json.dumps(completion("Paris.", model="small-1", tokens=usage())).encode()
ORPHAN = [{"type": "tool_result", "tool_use_id": "toolu_9", "content": "x"}]
RESULT = [
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "HERE"}]},
]
HOST = (b"host", b"127.0.0.1")
KEY = "client-key-0123456789abcdef"


def an_app(*plays: Any, keys: ClientKeys | None = None, counts: bool = False) -> tuple[Surface, Ports]:
    """Return the surface over one upstream that plays these replies, and its ports."""
    ports = some_ports(*plays)
    return Surface(CountClient if counts else MessagesClient, ports, keys or ClientKeys({}), 2000), ports


def body(**members: Any) -> bytes:
    """Return a request's body."""
    return json.dumps(ASKED | members).encode()


async def test_a_whole_answer_is_a_message_of_its_own_length() -> None:
    """Head and body are in Anthropic's terms; the upstream is asked in OpenAI's."""
    app, ports = an_app(FakeReply(WHOLE))

    done = await call(app, body(top_k=5, service_tier="auto"), path=PATH)

    told = json.loads(done.body)
    assert (done.status, done.complete, told["content"]) == (200, True, [{"type": "text", "text": "Paris."}])
    assert int(done.headers["content-length"]) == len(done.body)
    assert told["id"] == f"msg_{done.headers['x-router-decision-id']}"
    assert done.headers["request-id"] == done.headers["x-request-id"]
    assert done.headers["x-router-dropped-params"] == "service_tier,top_k"
    assert done.headers["x-router-cost-usd"]
    sent = json.loads(ports.send.calls[0].body)
    assert (sent["model"], sent["max_completion_tokens"], "top_k" in sent) == ("small-wire", 64, False)
    assert [entry.status for entry in kept(ports)] == ["ok"]


async def test_a_stream_is_a_stream_of_events() -> None:
    """The events come one by one, the reported usage among them."""
    app, ports = an_app(FakeReply(*stream_events(["Pa", "ris"], tokens=usage(12, 2)), headers=SSE))

    done = await call(app, body(stream=True), path=PATH)

    names = [line for line in done.body.decode().splitlines() if line.startswith("event: ")]
    assert names[0] == "event: message_start"
    assert names[-1] == "event: message_stop"
    assert b'"usage":{"input_tokens":12,"output_tokens":2}' in done.body
    assert done.headers["content-type"].startswith("text/event-stream")
    assert len([message for message in done.sent if message.get("body")]) >= 3
    assert json.loads(ports.send.calls[0].body)["stream_options"] == {"include_usage": True}
    assert "x-router-dropped-params" not in done.headers


async def test_a_stream_that_breaks_ends_in_an_error_event() -> None:
    """No message_stop follows."""
    broken = [*stream_events(["Pa"], finish=None, done=False), event(error("secret words"))]
    app, ports = an_app(FakeReply(*broken, headers=SSE))

    done = await call(app, body(stream=True), path=PATH)

    assert done.complete
    assert b"event: error\n" in done.body
    assert b"message_stop" not in done.body
    assert b"secret" not in done.body
    assert [entry.status for entry in kept(ports)] == ["interrupted"]


async def test_a_chunk_that_no_event_can_tell_ends_the_stream() -> None:
    """It is told as an error of the upstream, not as one of ours."""
    strange = event(chunk({"tool_calls": "many"}))
    app, ports = an_app(FakeReply(*stream_events(["Pa"], finish=None, done=False), strange, DONE, headers=SSE))

    done = await call(app, body(stream=True), path=PATH)

    assert b'"type":"api_error"' in done.body
    assert [(entry.status, entry.error_code) for entry in kept(ports)] == [
        ("interrupted", "upstream_stream_interrupted")
    ]


async def test_an_answer_that_no_message_can_tell_is_a_502() -> None:
    """A call of nothing has no place in a message. What it cost is in the ledger."""
    whole = completion(tokens=usage())
    made = {"id": "call_1", "type": "function", "function": {"name": None, "arguments": "{}"}}
    whole["choices"][0]["message"] = {"role": "assistant", "content": None, "tool_calls": [made]}
    app, ports = an_app(FakeReply(json.dumps(whole).encode()))

    done = await call(app, body(), path=PATH)

    assert (done.status, json.loads(done.body)["error"]["type"]) == (502, "api_error")
    [row] = kept(ports)
    assert (row.status, row.http_status, row.error_code) == ("failed", 502, "upstream_broken")
    assert row.usage is not None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"x-api-key", KEY.encode())], 200),
        ([(b"authorization", b"Bearer " + KEY.encode())], 200),
        ([(b"authorization", b"Bearer " + KEY.encode()), (b"x-api-key", b"of another service")], 200),
        ([(b"x-api-key", b"wrong")], 401),
        ([(b"x-api-key", b"")], 401),
        ([], 401),
    ],
)
@pytest.mark.parametrize("counts", [False, True])
async def test_the_key_of_either_header(headers: list[tuple[bytes, bytes]], status: int, counts: bool) -> None:
    """x-api-key serves where there is no Authorization; neither is repeated."""
    app, _ = an_app(FakeReply(WHOLE), keys=ClientKeys({"team-a": Secret(KEY)}), counts=counts)

    done = await call(app, body(), path=PATH, headers=[HOST, *headers])

    assert done.status == status
    if status == 401:
        assert json.loads(done.body)["error"]["type"] == "authentication_error"
        assert b"wrong" not in done.body
        assert b"x-api-key" in done.body


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        (b"{", 400, "invalid_request_error"),
        (b'{"model":"\xff"}', 400, "invalid_request_error"),
        (body(messages=RESULT).replace(b"HERE", b"\\ud800"), 400, "invalid_request_error"),
        (body(messages=[]), 400, "invalid_request_error"),
        (body()[:-1] + b',"model":"tier/hard"}', 400, "invalid_request_error"),
        (body(messages=[{"role": "user", "content": ORPHAN}]), 400, "invalid_request_error"),
        (body(model="claude-opus-9"), 404, "not_found_error"),
        (body(system="x" * 2000), 413, "request_too_large"),
        (body(max_tokens=9_000_000), 422, "invalid_request_error"),
    ],
)
async def test_a_refusal_has_anthropics_shape(sent: bytes, status: int, kind: str) -> None:
    """The type belongs to the status, the request's id stands in head and body, the prompt nowhere."""
    app, ports = an_app()

    done = await call(app, sent, path=PATH, headers=[HOST, (b"x-request-id", b"mine")])

    told = json.loads(done.body)
    assert (done.status, told["type"], told["error"]["type"]) == (status, "error", kind)
    assert (told["request_id"], done.headers["request-id"], done.headers["x-request-id"]) == ("mine",) * 3
    assert int(done.headers["content-length"]) == len(done.body)
    assert b"secret" not in done.body
    assert ports.send.calls == []


async def test_too_many_messages_are_refused_unread() -> None:
    """They would hold up everybody else."""
    wire = exchange()
    client = MessagesClient(wire.receive, wire.send)
    many = b'{"model":"auto","max_tokens":1,"messages":[' + b'{"role":"user","content":"a"},' * 20_001 + b"{}]}"

    with pytest.raises(Exception, match="more than 20,000 messages"):
        client.read(many, Context("id-1", "me", None, None))
    client.close()


async def test_reads_what_the_head_says() -> None:
    """The request is the same as that of any other surface."""
    wire = exchange()
    client = MessagesClient(wire.receive, wire.send)
    request = client.read(body(stream=True), Context("id-1", "me", Tier.HARD, "talk"))
    client.close()

    assert (request.id, request.caller, request.floor, request.session) == ("id-1", "me", Tier.HARD, "talk")
    assert (request.model_asked, request.stream, request.wants_usage) == ("auto", True, True)
    assert request.needs.max_output_tokens == 64
    assert request.prompt.turns[-1].text == "a secret prompt"


def test_an_authorization_is_preferred() -> None:
    """Who talks to a proxy sets that one on purpose."""
    assert MessagesClient.credential(Head({b"authorization": b"Bearer a", b"x-api-key": b"b"})) == b"Bearer a"
    assert MessagesClient.credential(Head({b"x-api-key": b"b"})) == b"Bearer b"
    assert MessagesClient.credential(Head({})) is None


async def a_streaming_client(taken: list[bytes], accepts: list[bool]) -> tuple[MessagesClient, Any]:
    """Return a client in the middle of a stream; `accepts` says which pushes are taken, in order."""
    wire = exchange()

    def push(data: bytes) -> bool:
        if accepts.pop(0):
            taken.append(data)
            return True
        return False

    client = MessagesClient(wire.receive, wire.send, Pushing(push))
    client.read(body(stream=True), Context("id-1", "me", None, None))
    receipt = Receipt(
        request_id="id-1",
        decision_id="d-1",
        decision=None,
        upstream=an_upstream(),
        tries=1,
        overhead_ms=0.0,
        stream=True,
    )
    await client.begin(receipt)
    return client, wire


async def test_what_could_not_be_pushed_is_written_once() -> None:
    """A chunk is translated once, whether it is pushed, or written after a push that was refused."""
    taken: list[bytes] = []
    client, wire = await a_streaming_client(taken, [True, False, True])
    first, second, third = (event(chunk({"content": word})) for word in "abc")

    assert client.push(first)
    assert not client.push(second)
    await client.write(second)
    assert client.push(third)
    await client.end(DONE)

    assert b'"text":"a"' in taken[0]
    assert wire.sent[1]["body"].endswith(b'"text":"b"}}\n\n')
    assert b'"text":"c"' in taken[1]
    assert b"message_stop" in wire.sent[2]["body"]
    assert not wire.sent[2]["more_body"]


async def test_a_chunk_that_says_nothing_is_not_sent() -> None:
    """Neither push nor write sends an empty part."""
    client, wire = await a_streaming_client([], [True])
    quiet = event(chunk(finish="stop"))

    assert client.push(event(chunk({"content": "a"})))
    assert client.push(quiet)
    await client.write(quiet)
    await client.end(DONE)

    assert len(wire.sent) == 2


async def test_tokens_are_counted_for_nothing() -> None:
    """The estimate comes back; no upstream is asked and no row is written."""
    app, ports = an_app(counts=True)
    asked = {"model": "auto", "messages": [{"role": "user", "content": "x" * 400}], "system": "y" * 40}

    done = await call(app, json.dumps(asked).encode(), path=COUNT_PATH)

    assert (done.status, json.loads(done.body)) == (200, {"input_tokens": 110 + 2 * 4})
    assert int(done.headers["content-length"]) == len(done.body)
    assert done.headers["request-id"] == "id-1"
    assert (ports.send.calls, kept(ports)) == ([], ())


@pytest.mark.parametrize(("members", "status"), [({"model": "claude-x"}, 404), ({"messages": "Hi"}, 400)])
async def test_what_cannot_be_counted(members: dict[str, Any], status: int) -> None:
    """The same names and bodies are refused as for a message."""
    app, ports = an_app(counts=True)

    done = await call(app, body(**members), path=COUNT_PATH)

    assert (done.status, json.loads(done.body)["type"]) == (status, "error")
    assert kept(ports) == ()
