"""What every transport promises of an answer that arrives: bytes, headers, keys."""

import asyncio

import pytest

from router.errors import StreamFailed, UpstreamUnreachable
from tests.fakes import behaviour
from tests.fakes.transports import KEY, SECRETS, SSE, call_to, connections_in_use, fetch, read_all
from tests.fakes.upstream import Exchange, FakeUpstream


async def test_a_whole_answer_arrives(transport, upstream):
    """Status, lower-case headers and body come back; the request goes out as it was given, with the key."""
    upstream.script(behaviour.answer(b'{"id":1}', status=201, headers={"X-Request-Id": "r1"}))
    reply = await transport.send(call_to(upstream.base_url))
    assert (reply.status, reply.headers["x-request-id"], reply.headers["content-type"]) == (
        201,
        "r1",
        "application/json",
    )
    assert await read_all(reply) == b'{"id":1}'
    await reply.close()
    seen = upstream.seen[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/v1/chat/completions", b'{"model":"small"}')
    assert seen.header("authorization") == f"Bearer {KEY}"
    assert seen.header("accept-encoding") == "identity"
    assert seen.header("content-type") == "application/json"
    assert seen.header("content-length") == "17"


@pytest.mark.parametrize(
    ("name", "kind_of_provider", "expected"),
    [
        ("alpha", "openai", {"authorization": f"Bearer {KEY}", "api-key": None}),
        ("azure", "azure", {"authorization": None, "api-key": KEY}),
        ("local", "openai", {"authorization": None, "api-key": None}),
    ],
)
async def test_each_provider_gets_its_own_key_only(transport, upstream, name, kind_of_provider, expected):
    """The key stands in the header that the provider's kind wants; a provider without a key gets none."""
    upstream.script(behaviour.ok())
    await fetch(transport, call_to(upstream.base_url, name=name, kind=kind_of_provider))
    assert {header: upstream.seen[0].header(header) for header in expected} == expected


async def test_a_provider_whose_key_changed_is_shown_the_new_one(transport, upstream):
    """Two providers of one name and address are told apart: nothing cached of the first is used for the second."""
    upstream.script(behaviour.ok())
    await fetch(transport, call_to(upstream.base_url))
    await fetch(transport, call_to(upstream.base_url, kind="azure"))
    assert upstream.seen[0].header("api-key") is None
    assert upstream.seen[1].header("api-key") == SECRETS["alpha"].reveal()
    assert upstream.seen[1].header("authorization") is None


async def test_a_clients_header_never_replaces_the_key(transport, upstream):
    """An authorization or accept-encoding among the call's headers is overruled, not doubled."""
    upstream.script(behaviour.ok())
    headers = (("Authorization", "Bearer client"), ("Accept-Encoding", "br"))
    await fetch(transport, call_to(upstream.base_url, headers=headers))
    sent = [(name.lower(), value) for name, value in upstream.seen[0].headers]
    assert [value for name, value in sent if name == "authorization"] == [f"Bearer {KEY}"]
    assert [value for name, value in sent if name == "accept-encoding"] == ["identity"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1/x", "http://{host}/v2/x", "http://{host}/v1evil"])
async def test_a_call_that_leaves_the_base_url_is_not_sent(transport, upstream, url):
    """A key goes nowhere but below its provider's base URL."""
    upstream.script(behaviour.ok())
    with pytest.raises(UpstreamUnreachable, match="base URL"):
        await transport.send(call_to(upstream.base_url, url=url.format(host=f"127.0.0.1:{upstream.port}")))
    assert not upstream.seen


async def test_chunks_are_handed_on_as_they_come(transport, upstream):
    """The second chunk is sent only after the first was received."""
    received = asyncio.Event()

    async def lockstep(exchange: Exchange) -> None:
        await exchange.head(200, SSE)
        for part in (b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"):
            await exchange.chunk(part)
            await asyncio.wait_for(received.wait(), 3)
            received.clear()
        await exchange.chunk(b"")

    upstream.script(lockstep)
    reply = await transport.send(call_to(upstream.base_url))
    parts = []
    async for chunk in reply.chunks():
        parts.append(chunk)
        received.set()
    await reply.close()
    assert parts == [b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"]


async def test_a_body_is_poured_as_it_comes(transport, upstream):
    """A sink gets the pieces in order; one that wants no more is given the rest when it asks again."""
    received = asyncio.Event()

    async def lockstep(exchange: Exchange) -> None:
        await exchange.head(200, SSE)
        for part in (b"a", b"b", b"c"):
            await exchange.chunk(part)
            await asyncio.wait_for(received.wait(), 3)
            received.clear()
        await exchange.chunk(b"")

    upstream.script(lockstep)
    reply = await transport.send(call_to(upstream.base_url))
    got: list[bytes] = []

    def take(data: bytes) -> bool:
        got.append(data)
        received.set()
        return data != b"b"

    assert await reply.pour(take) is False
    assert got == [b"a", b"b"]
    assert await reply.pour(take) is True
    assert await reply.pour(take) is True
    await reply.close()
    assert got == [b"a", b"b", b"c"]


async def test_what_a_sink_raises_passes(transport, upstream):
    """The failure of whoever reads is not the upstream's, and ends the call."""
    upstream.script(behaviour.stream(3, delay=0.05))
    reply = await transport.send(call_to(upstream.base_url))

    def refuse(_data: bytes) -> bool:
        raise StreamFailed("no")

    with pytest.raises(StreamFailed):
        await reply.pour(refuse)
    await reply.close()
    assert connections_in_use(transport) == 0


@pytest.mark.parametrize("size", [0, 2**20 + 1, 10 * 2**20])
async def test_bodies_of_any_size_go_out_whole(transport, upstream, size):
    """An empty, a large and a very large body arrive byte for byte."""
    upstream.script(behaviour.ok())
    await fetch(transport, call_to(upstream.base_url, body=b"x" * size))
    assert len(upstream.seen[0].body) == size


async def test_get_is_sent_without_a_body(transport, upstream):
    """Another method goes out as it is named."""
    upstream.script(behaviour.ok())
    await fetch(transport, call_to(upstream.base_url, method="GET", body=b""))
    assert upstream.seen[0].method == "GET"


async def test_a_redirect_is_returned_not_followed(transport, upstream):
    """A 3xx comes back as it is, and nobody goes where it points."""
    async with FakeUpstream() as elsewhere:
        upstream.script(behaviour.redirect(f"{elsewhere.base_url}/chat/completions"))
        reply = await transport.send(call_to(upstream.base_url))
        await read_all(reply)
        assert reply.status == 307
        assert not elsewhere.seen


async def test_cookies_are_neither_kept_nor_shown(transport, upstream):
    """A Set-Cookie is not sent back and is not among the reply's headers."""
    upstream.script(behaviour.answer(b"{}", headers={"Set-Cookie": "track=1; Path=/"}))
    call = call_to(upstream.base_url)
    reply = await transport.send(call)
    await read_all(reply)
    await fetch(transport, call)
    assert "set-cookie" not in reply.headers
    assert upstream.seen[1].header("cookie") is None


async def test_no_text_of_the_transport_holds_a_key(transport, upstream):
    """Neither the transport nor a reply shows the key or the address in its repr."""
    upstream.script(behaviour.ok())
    reply = await transport.send(call_to(upstream.base_url))
    text = f"{transport!r} {transport} {reply!r} {reply}"
    await read_all(reply)
    assert KEY not in text
    assert str(upstream.port) not in text
