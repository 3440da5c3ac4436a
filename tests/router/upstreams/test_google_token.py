"""google-auth's tokens are got in a thread, and nothing that Google answers is shown."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from router.upstreams.credentials import GoogleDefault, Secret
from router.upstreams.fresh_token import FreshToken, Token, TokenUnavailable
from router.upstreams.google_token import SCOPE, GoogleToken, WebRequest, google_token
from tests.fakes import behaviour
from tests.fakes.transports import shown
from tests.fakes.upstream import FakeUpstream

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANARY = "ya29.canary-7c04"


@pytest.fixture
def clock():
    """Return a wall clock that stands still."""
    return lambda: START


class FakeGoogle:
    """What GoogleToken uses of google-auth."""

    class GoogleAuthError(Exception):
        """The root of google-auth's errors."""

    class RefreshError(GoogleAuthError):
        """A refresh that was refused."""

    def __init__(self, *, expiry=None, token=CANARY, error=None):
        self.expiry, self.token, self.error = None, None, error
        self._next = (token, expiry)
        self.scopes, self.found, self.refreshed = None, 0, 0

    def load(self, name):
        """Import a module of google-auth."""
        if name == "google.auth":
            return SimpleNamespace(default=self.default)
        return SimpleNamespace(GoogleAuthError=self.GoogleAuthError, TransportError=self.RefreshError)

    def default(self, *, scopes, request):
        """Find the credentials."""
        assert isinstance(request, WebRequest)
        self.scopes, self.found = scopes, self.found + 1
        return self, "project"

    def refresh(self, request):
        """Get a token."""
        assert isinstance(request, WebRequest)
        time.sleep(0.05)
        self.refreshed += 1
        if self.error is not None:
            raise self.error
        self.token, self.expiry = self._next


async def test_google_auth_gives_a_token_in_a_thread(clock):
    """Credentials are looked for once; each token comes with the end that google-auth says, in UTC."""
    google = FakeGoogle(expiry=datetime(2026, 11, 22, 13))  # noqa: DTZ001  # google-auth's are naive
    source = GoogleToken(clock, google.load)
    task = asyncio.create_task(source())
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0.005)
    assert turns > 2
    assert await task == await source() == Token(secret=Secret(CANARY), expires_at=START + timedelta(hours=1))
    assert (google.scopes, google.found, google.refreshed) == ([SCOPE], 1, 2)


async def test_a_google_token_without_an_end_is_renewed_soon(clock):
    """Where google-auth says no end, ten minutes are assumed."""
    token = await GoogleToken(clock, FakeGoogle().load)()
    assert token.expires_at == START + timedelta(minutes=10)


async def test_google_auth_that_fails_is_told_by_the_kind_of_its_error(clock):
    """Its text, which may hold an answer of Google's, stays behind; the same credentials are tried again."""
    google = FakeGoogle(error=FakeGoogle.RefreshError(CANARY))
    source = GoogleToken(clock, google.load)
    with pytest.raises(TokenUnavailable) as raised:
        await source()
    assert raised.value.reason == "google-auth has no token for it (RefreshError)"
    assert CANARY not in shown(raised.value)
    google.error = None
    assert (await source()).secret == Secret(CANARY)


@pytest.mark.parametrize("token", [None, "", "two words"])
async def test_google_auth_that_returns_no_token(clock, token):
    """Success without a token is a failure."""
    with pytest.raises(TokenUnavailable, match="google-auth returned no token"):
        await GoogleToken(clock, FakeGoogle(token=token).load)()


async def test_google_auth_that_is_not_there(clock):
    """The extra to install is named."""

    def load(name):
        raise ModuleNotFoundError(name)

    with pytest.raises(TokenUnavailable, match=r"pip install google-auth"):
        await GoogleToken(clock, load)()


async def test_google_auth_is_lent_an_http_client():
    """Method, body, headers and path arrive; status, headers in lower case and body come back; nothing is followed."""
    web = WebRequest(FakeGoogle.RefreshError)
    async with FakeUpstream() as upstream:
        upstream.script(
            behaviour.raw(
                b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nMetadata-Flavor: Google\r\n"
                b"content-length: 2\r\n\r\n{}"
            )
        )
        answer = await asyncio.to_thread(
            web, url=f"{upstream.base_url}/token?a=1", method="POST", body=b"grant", headers={"X-A": "b"}, timeout=5
        )
        assert (answer.status, answer.headers["metadata-flavor"], answer.data) == (302, "Google", b"{}")
        seen = upstream.seen[0]
        assert (seen.method, seen.path.endswith("/token?a=1"), seen.body, seen.header("x-a")) == (
            "POST",
            True,
            b"grant",
            "b",
        )
    with pytest.raises(FakeGoogle.RefreshError, match="no answer from Google"):
        await asyncio.to_thread(web, url=f"{upstream.base_url}/token")


async def test_the_authoriser_of_google_has_fetched_nothing_yet(clock):
    """It is made without looking for credentials."""
    made = google_token("google", GoogleDefault(), clock)
    assert isinstance(made, FreshToken)
    await made.close()
