"""The hot path as an ASGI callable: who may call, what is read, and how everything that goes wrong is answered."""

import asyncio
import json
import logging
from dataclasses import replace

import pytest

from router.access.keys import ClientKeys
from router.api.chat_completions import ChatClient
from router.api.surface import Surface
from router.catalog.catalog import Catalog
from router.ports import Ports
from router.upstreams.credentials import Secret
from tests.fakes.asgi import call, exchange, scope
from tests.fakes.completion import completion, usage
from tests.fakes.lossy import LossyAside
from tests.fakes.ports import kept, some_ports
from tests.fakes.reply import FakeReply
from tests.fakes.values import an_upstream

BODY = b'{"model":"auto","messages":[{"role":"user","content":"a secret prompt"}]}'
WHOLE = json.dumps(completion("Paris.", tokens=usage())).encode()
HOST = (b"host", b"127.0.0.1")
KEY = "client-key-0123456789abcdef"


def an_app(*plays, keys: ClientKeys | None = None) -> tuple[Surface, Ports]:
    """Return the app and what it was given."""
    ports = some_ports(*plays)
    return Surface(ChatClient, ports, keys or ClientKeys({}), 1000), ports


async def test_an_answer_with_its_length_and_receipt() -> None:
    """A whole answer carries its length, its cost and whose it is; the row names the caller."""
    app, ports = an_app(FakeReply(WHOLE), keys=ClientKeys({"team-a": Secret(KEY)}))

    done = await call(app, BODY, headers=[HOST, (b"authorization", b"Bearer " + KEY.encode())])

    assert (done.status, done.body) == (200, WHOLE)
    assert int(done.headers["content-length"]) == len(WHOLE)
    assert done.headers["x-router-upstream"] == "small"
    assert [entry.caller for entry in kept(ports)] == ["team-a"]


async def test_without_the_key_nothing_is_read() -> None:
    """A 401 comes before the body is looked at, and leaves no call."""
    app, ports = an_app(keys=ClientKeys({"team-a": Secret(KEY)}))

    done = await call(app, b"not even JSON", headers=[HOST])

    assert (done.status, json.loads(done.body)["error"]["code"]) == (401, "invalid_api_key")
    assert done.headers["x-request-id"] == "id-1"
    assert ports.send.calls == []


async def test_a_malformed_body_is_a_400_that_does_not_repeat_it() -> None:
    """The client's own request id comes back; its text does not."""
    app, _ = an_app()

    done = await call(app, BODY[:-1], headers=[HOST, (b"x-request-id", b"mine")])

    assert (done.status, done.headers["x-request-id"]) == (400, "mine")
    assert b"secret" not in done.body


async def test_a_refusal_carries_the_receipt() -> None:
    """An unknown model says so with the ids of the decision."""
    app, _ = an_app()

    done = await call(app, BODY.replace(b"auto", b"nobody"))

    assert (done.status, done.headers["x-router-decision-id"], done.headers["x-router-attempts"]) == (404, "id-1", "0")


async def test_the_unexpected_is_a_bare_500_with_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody is shown what it was; the log has its kind, not the prompt; there is a row all the same."""
    ports = some_ports()

    def faulty(*_: object) -> None:
        raise KeyError("a secret prompt")

    broken = Surface(ChatClient, replace(ports, send=faulty), ClientKeys({}), 1000)
    logging.getLogger("tierwise").propagate = True
    done = await call(broken, BODY)

    assert (done.status, json.loads(done.body)["error"]["code"]) == (500, "internal_error")
    assert done.headers["x-request-id"] == "id-1"
    assert b"secret" not in done.body
    assert "unexpected KeyError" in caplog.messages[0]
    assert [(entry.status, entry.error_code) for entry in kept(ports)] == [("failed", "internal_error")]


async def test_a_large_body_whose_reader_is_lost_may_be_sent_again() -> None:
    """That is no fault of the client's and none to be reported: a 503 that says when to come back."""
    ports = replace(some_ports(), aside=LossyAside())

    done = await call(Surface(ChatClient, ports, ClientKeys({}), 3_000_000), b" " * 3_000_000)

    assert (done.status, json.loads(done.body)["error"]["code"]) == (503, "overloaded")
    assert (done.headers["x-should-retry"], done.headers["retry-after"]) == ("true", "1")


async def test_a_client_that_leaves_before_its_body_is_complete_gets_nothing() -> None:
    """No response is started for nobody."""
    app, _ = an_app()
    wire = exchange()
    wire.messages[:] = [{"type": "http.request", "body": BODY[:5], "more_body": True}, {"type": "http.disconnect"}]

    await app(scope(), wire.receive, wire.send)

    assert wire.sent == []


async def test_a_client_that_leaves_while_waiting_ends_the_exchange_quietly() -> None:
    """The cancellation that the client caused goes no further; the row says so."""
    app, ports = an_app(FakeReply(hang=True))
    wire = exchange(BODY)
    serving = asyncio.create_task(app(scope(), wire.receive, wire.send))
    wire.leave.set()

    async with asyncio.timeout(2):
        await serving

    assert wire.sent == []
    assert [entry.status for entry in kept(ports)] == ["client_closed"]


@pytest.mark.parametrize(("count", "calls"), [(b"0", 3), (b"1", 2), (b"2", 1), (b"7", 1), (b"many", 3)])
async def test_what_an_sdk_has_sent_before_is_tried_less(count: bytes, calls: int) -> None:
    """The header x-stainless-retry-count takes one attempt each; what is no number takes none."""
    _, ports = an_app(*[FakeReply(b"", status=500) for _ in range(3)])
    upstreams = tuple(an_upstream(name) for name in "abc")
    app = Surface(ChatClient, replace(ports, catalog=Catalog(upstreams=upstreams)), ClientKeys({}), 1000)

    done = await call(app, BODY, headers=[HOST, (b"x-stainless-retry-count", count)])

    assert (done.status, done.headers["x-should-retry"]) == (502, "false" if calls > 1 or count != b"0" else "true")

    assert [len(entry.attempts) for entry in kept(ports)] == [calls]


async def test_a_shutdown_is_passed_on() -> None:
    """A cancellation that is not the client's reaches the server."""
    app, ports = an_app(FakeReply(hang=True))
    wire = exchange(BODY)
    serving = asyncio.create_task(app(scope(), wire.receive, wire.send))
    await asyncio.sleep(0.05)

    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert [entry.status for entry in kept(ports)] == ["interrupted"]
