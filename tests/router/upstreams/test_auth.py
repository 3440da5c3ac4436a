"""A key goes into the header that its provider reads, and to nobody else."""

import asyncio
import logging
import sys
import types
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from router.catalog.provider import Provider
from router.errors import UpstreamUnreachable
from router.upstreams.auth import Authorised, auth_headers, authorisers
from router.upstreams.credentials import AwsKeys, GoogleDefault, Secret, TokenCommand
from router.upstreams.fresh_token import FreshToken
from router.upstreams.sigv4 import AwsSigner
from router.wire.call import UpstreamCall
from tests.fakes import behaviour
from tests.fakes.transports import KINDS, call_to, read_all, shown
from tests.fakes.upstream import FakeUpstream

SECRETS = {"alpha": Secret("sk-alpha"), "blue": Secret("sk-blue")}


def call(url: str, *, base: str = "https://api.example/v1", name: str = "alpha", kind: str = "openai") -> UpstreamCall:
    return UpstreamCall(provider=Provider(name=name, kind=kind, base_url=base), url=url, body=b"")


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("alpha", "openai", (("authorization", "Bearer sk-alpha"),)),
        ("blue", "openai", (("authorization", "Bearer sk-blue"),)),
        ("blue", "azure", (("api-key", "sk-blue"),)),
        ("local", "openai", ()),
    ],
)
def test_the_header_follows_from_the_provider(name, kind, expected):
    """Bearer, or api-key at Azure; nothing where there is no key."""
    assert auth_headers(call("https://api.example/v1/chat", name=name, kind=kind), SECRETS) == expected


@pytest.mark.parametrize("url", ["https://api.example/v1", "https://api.example/v1/x", "https://api.example/v1?x=1"])
@pytest.mark.parametrize("base", ["https://api.example/v1", "https://api.example/v1/"])
def test_urls_below_the_base_are_served(url, base):
    """The base itself, a path and a query below it get the key."""
    assert auth_headers(call(url, base=base), SECRETS)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example/v1evil/chat",
        "https://api.example/v2/chat",
        "https://api.example.evil/v1/chat",
        "https://evil/v1/chat",
        "http://api.example/v1/chat",
        "https://api.example@evil/v1",
    ],
)
def test_urls_beside_the_base_get_no_key(url):
    """Another host, scheme or path is stopped, and the address is not repeated."""
    with pytest.raises(UpstreamUnreachable) as caught:
        auth_headers(call(url), SECRETS)
    assert "evil" not in str(caught.value)


@pytest.mark.parametrize("base", ["http://", "http://[::1", "http://host:99999", "http://host:port"])
def test_a_base_url_without_an_address_is_unreachable(base):
    """No host, or a port that is none, is told before anything is sent."""
    with pytest.raises(UpstreamUnreachable, match="cannot be used"):
        auth_headers(call(f"{base}/chat", base=base), SECRETS)


AT = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
CANARY = "canary-9d11"
AWS = AwsKeys(
    access_key_id=Secret(f"{CANARY}-id"),
    secret_access_key=Secret(f"{CANARY}-key"),
    session_token=Secret(f"{CANARY}-lent"),
    region="us-east-1",
)


def now():
    """Return the time at which everything here happens."""
    return AT


class Pass:
    """An authoriser with a pass of its own; it counts refusals, and can be slow or fail."""

    refusals = frozenset({401})

    def __init__(self, own=(("authorization", "Bearer pass"),), seconds=0.0, error=None):
        self.own, self.seconds, self.error = own, seconds, error
        self.turned_down, self.closed = [], False

    async def headers(self, _call):
        """Return the headers."""
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return self.own

    def refused(self, shown):
        """Keep what was refused."""
        self.turned_down.append(shown)

    async def close(self):
        """Remember that it was closed."""
        self.closed = True


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
async def transport(request):
    """Return each transport, with a key for the provider `alpha`."""
    made = request.param(SECRETS)
    yield made
    await made.close()


def printing(text):
    """Return a command that prints a text."""
    return TokenCommand(argv=(sys.executable, "-c", f"print({text!r})"), lifetime_seconds=600)


async def test_bedrock_calls_are_signed_as_they_are_sent(transport):
    """What arrives carries the signature of its own host, path and body, on a reused connection as well."""
    door = Authorised(transport.send, authorisers({"aws": AWS}, now))
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok())
        for body in (b'{"model":"a"}', b'{"model":"b"}'):
            sent = call_to(upstream.base_url, name="aws", kind="bedrock", body=body)
            await read_all(await door.send(sent))
            seen = upstream.seen[-1]
            url = f"http://{seen.header('host')}{seen.path}"
            arrived = replace(sent, url=url, headers=(("content-type", seen.header("content-type")),))
            expected = AwsSigner(AWS, now).signed(arrived, sha256(seen.body).hexdigest())
            assert {name: seen.header(name) for name, _ in expected} == dict(expected)
            assert [name.lower() for name, _ in seen.headers].count("authorization") == 1
        assert upstream.seen[0].header("authorization") != upstream.seen[1].header("authorization")
    await door.close()


async def test_a_token_is_shown_and_a_key_beside_it_stays_as_it_was(transport):
    """Providers with and without an authoriser go through the same door, each with its own header and no other's."""
    door = Authorised(transport.send, authorisers({"google": printing(f"{CANARY}-token")}, now))
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok())
        for name in ("google", "alpha", "google", "nobody"):
            await read_all(await door.send(call_to(upstream.base_url, name=name)))
        shown_there = [seen.header("authorization") for seen in upstream.seen]
        assert shown_there == [f"Bearer {CANARY}-token", "Bearer sk-alpha", f"Bearer {CANARY}-token", None]
    await door.close()


async def test_nothing_of_a_client_stands_in_for_the_pass(transport):
    """Headers of the same names are replaced, in whatever case they come."""
    door = Authorised(transport.send, {"aws": Pass()})
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.ok())
        given = (("Authorization", "Bearer stolen"), ("x-a", "b"))
        await read_all(await door.send(call_to(upstream.base_url, name="aws", headers=given)))
        values = [value for name, value in upstream.seen[0].headers if name.lower() == "authorization"]
        assert values == ["Bearer pass"]
        assert upstream.seen[0].header("x-a") == "b"


@pytest.mark.parametrize(("status", "told"), [(401, True), (403, False), (200, False)])
async def test_a_refused_pass_is_told_to_its_authoriser(transport, status, told):
    """A 401 is passed on as it is, and the authoriser learns which headers were refused."""
    authoriser = Pass()
    door = Authorised(transport.send, {"aws": authoriser})
    async with FakeUpstream() as upstream:
        upstream.script(behaviour.status(status))
        reply = await door.send(call_to(upstream.base_url, name="aws"))
        assert reply.status == status
        await reply.close()
    assert authoriser.turned_down == ([authoriser.own] if told else [])


async def test_a_pass_that_does_not_come_in_time(transport):
    """The wait for it counts as part of the time to the first byte, and nothing is sent without it."""
    door = Authorised(transport.send, {"aws": Pass(seconds=30)})
    async with FakeUpstream() as upstream:
        with pytest.raises(UpstreamUnreachable, match=r"no token within 0\.05 seconds"):
            await door.send(call_to(upstream.base_url, name="aws", first_byte=0.05))
        assert upstream.seen == []


async def test_the_time_that_the_pass_took_is_taken_off_the_rest():
    """The transport gets what is left of the time to the first byte."""
    calls = []

    class Reply:
        status = 200

    async def send(call):
        calls.append(call)
        return Reply()

    await Authorised(send, {"aws": Pass(seconds=0.2)}).send(call_to("http://x/v1", name="aws", first_byte=5.0))
    assert 3.0 < calls[0].first_byte <= 4.85


async def test_a_pass_for_a_url_that_cannot_be_used(transport):
    """A port that is none makes the provider unreachable, without the address."""
    door = Authorised(transport.send, authorisers({"aws": AWS}, now))
    with pytest.raises(UpstreamUnreachable, match="its base URL cannot be used"):
        await door.send(call_to("http://host:port/v1", name="aws"))


async def test_no_secret_is_shown_anywhere(transport, caplog):
    """Not by the door, not in a log, not in the errors of a token that fails or an upstream that is gone."""
    grants = {"aws": AWS, "google": TokenCommand(argv=(sys.executable, "-c", f"exit('{CANARY}')"), lifetime_seconds=60)}
    made = authorisers(grants, now)
    door = Authorised(transport.send, made)
    texts = [repr(door), repr(made), repr(grants)]
    with caplog.at_level(logging.DEBUG):
        for name in grants:
            with pytest.raises(UpstreamUnreachable) as raised:
                await door.send(call_to("http://127.0.0.1:9/v1", name=name))
            texts.append(shown(raised.value))
    await door.close()
    assert not [text for text in (*texts, caplog.text) if CANARY in text]


async def test_without_authorisers_the_door_is_the_transports_own(transport):
    """Nothing is added to a call where nobody needs it."""
    assert Authorised(transport.send, {}).send == transport.send


async def test_closing_the_door_closes_every_authoriser():
    """All of them, and nothing else."""
    passes = {"aws": Pass(), "google": Pass()}
    await Authorised(call_to, passes).close()
    assert all(one.closed for one in passes.values())


async def test_each_grant_has_its_authoriser():
    """Keys of AWS sign; commands and Google's credentials give tokens."""
    made = authorisers({"a": AWS, "b": printing("t"), "c": GoogleDefault()}, now)
    assert [type(one) for one in made.values()] == [AwsSigner, FreshToken, FreshToken]
    await Authorised(call_to, made).close()


class Changing(Pass):
    """Shows something else with each call, as a signature does."""

    async def headers(self, call: UpstreamCall) -> tuple[tuple[str, str], ...]:
        """Show the call's body as the token."""
        return (("authorization", f"Bearer canary-token-{call.body.decode()}"), ("x-amz-date", "20261122"))


async def answered(_call: UpstreamCall) -> Any:
    """Answer every call."""
    return types.SimpleNamespace(status=200)


async def test_one_providers_many_signatures_leave_the_others_token_hidden() -> None:
    """A token that lives for hours stays known while another provider's headers change with each call."""
    door = Authorised(answered, {"aws": Changing(), "google": Changing()})
    await door.send(replace(call_to("http://x/v1", name="google"), body=b"lasting"))
    for number in range(20):
        await door.send(replace(call_to("http://x/v1", name="aws"), body=b"%d" % number))

    assert door.hide("canary-token-lasting") == "[hidden]"


async def test_tokens_that_were_shown_are_taken_out_of_texts() -> None:
    """What was fetched after the start is hidden like what was configured; of old ones only the last few are known."""
    door = Authorised(answered, {"aws": Changing()})
    for number in range(6):
        await door.send(replace(call_to("http://x/v1", name="aws"), body=b"%d" % number))

    assert door.hide("canary-token-5 canary-token-2, 20261122") == "[hidden] [hidden], 20261122"
    assert door.hide("canary-token-0") == "canary-token-0"
