"""A token that expires is renewed ahead of time, once for all calls, and is never shown."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from router.catalog.provider import Provider
from router.errors import UpstreamUnreachable
from router.upstreams.credentials import Secret
from router.upstreams.fresh_token import RETRY_SECONDS, FreshToken, Token, TokenUnavailable, one_word
from router.wire.call import UpstreamCall
from tests.fakes.transports import shown

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANARY = "ya29.canary-7c04"
CALL = UpstreamCall(
    provider=Provider(name="google", kind="vertex", base_url="https://x/v1"), url="https://x/v1/chat", body=b"{}"
)


class Clock:
    """A wall clock that moves when it is told to."""

    def __init__(self):
        self.at = START

    def __call__(self):
        return self.at

    def go(self, seconds):
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


class Source:
    """A `Fetch` of numbered tokens that live an hour; `hold` keeps it waiting, `failure` makes it fail."""

    def __init__(self, clock, lifetime=3600.0):
        self.clock, self.lifetime = clock, lifetime
        self.asked, self.failure, self.hold = 0, None, asyncio.Event()
        self.hold.set()

    async def __call__(self):
        self.asked += 1
        number = self.asked
        await self.hold.wait()
        if self.failure is not None:
            raise self.failure
        return Token(secret=Secret(f"t{number}"), expires_at=self.clock() + timedelta(seconds=self.lifetime))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source(clock):
    return Source(clock)


@pytest.fixture
async def fresh(source, clock):
    """Return a FreshToken of that source, closed afterwards."""
    made = FreshToken("google", source, clock)
    yield made
    await made.close()


def bearer(number):
    return (("authorization", f"Bearer t{number}"),)


async def settle():
    """Let what is ready on the loop run."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_nothing_is_fetched_before_the_first_call(fresh, source):
    """The first call fetches, the next ones show the very same headers."""
    await settle()
    assert source.asked == 0
    first = await fresh.headers(CALL)
    assert first == bearer(1)
    assert await fresh.headers(CALL) is first
    assert source.asked == 1


async def test_calls_that_come_together_wait_for_one_token(fresh, source):
    """A hundred first calls fetch once; one of them that is cancelled does not stop the others."""
    source.hold.clear()
    calls = [asyncio.create_task(fresh.headers(CALL)) for _ in range(100)]
    await settle()
    calls[0].cancel()
    source.hold.set()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1:] == [bearer(1)] * 99
    assert source.asked == 1


async def test_it_is_renewed_ahead_of_time_while_calls_go_on(fresh, source, clock):
    """From five minutes before its end, a token is renewed in the background; the old one serves until then."""
    await fresh.headers(CALL)
    clock.go(3299)
    assert await fresh.headers(CALL) == bearer(1)
    assert source.asked == 1
    clock.go(1)
    source.hold.clear()
    assert await fresh.headers(CALL) == bearer(1)
    await settle()
    assert source.asked == 2
    assert await fresh.headers(CALL) == bearer(1)
    source.hold.set()
    await settle()
    assert await fresh.headers(CALL) == bearer(2)
    assert source.asked == 2


async def test_a_short_lived_token_is_renewed_in_the_last_fifth_of_its_life(clock):
    """A token of 100 seconds is used for 80 before another is fetched."""
    source = Source(clock, lifetime=100.0)
    fresh = FreshToken("google", source, clock)
    await fresh.headers(CALL)
    clock.go(79)
    await fresh.headers(CALL)
    await settle()
    assert source.asked == 1
    clock.go(1)
    assert await fresh.headers(CALL) == bearer(1)
    await settle()
    assert await fresh.headers(CALL) == bearer(2)
    await fresh.close()


async def test_an_idle_proxy_renews_too(clock):
    """Without a call, a timer renews the token: here one that is due as soon as two fetches may follow another."""
    source = Source(clock)
    fresh = FreshToken("google", source, clock)
    await fresh.headers(CALL)
    assert fresh._token._timer.when() - asyncio.get_running_loop().time() == pytest.approx(3300, abs=5)
    clock.go(3300)
    fresh._token._timer._run()
    await settle()
    assert source.asked == 2
    await fresh.close()
    assert fresh._token._timer.cancelled()


async def test_calls_wait_for_another_token_once_it_has_expired(fresh, clock):
    """An expired token is never shown."""
    await fresh.headers(CALL)
    clock.go(3600)
    assert await fresh.headers(CALL) == bearer(2)


async def test_a_failed_renewal_costs_nothing_until_the_token_ends(fresh, source, clock):
    """While the old token lives it serves; then the reason is told, and every ten seconds it is tried again."""
    await fresh.headers(CALL)
    source.failure = TokenUnavailable("its token command failed with exit code 1")
    clock.go(3400)
    assert await fresh.headers(CALL) == bearer(1)
    await settle()
    assert source.asked == 2
    clock.go(200)
    with pytest.raises(UpstreamUnreachable) as raised:
        await fresh.headers(CALL)
    assert raised.value.message == (
        "Provider 'google' could not be reached: its token command failed with exit code 1."
    )
    assert source.asked == 3
    clock.go(RETRY_SECONDS - 0.1)
    with pytest.raises(UpstreamUnreachable):
        await fresh.headers(CALL)
    assert source.asked == 3
    clock.go(0.1)
    source.failure = None
    assert await fresh.headers(CALL) == bearer(4)


async def test_an_unforeseen_failure_shows_nothing_of_itself(fresh, source):
    """An error whose text could hold the token is told in our words alone."""
    source.failure = RuntimeError(CANARY)
    with pytest.raises(UpstreamUnreachable, match="its token could not be had") as raised:
        await fresh.headers(CALL)
    assert CANARY not in shown(raised.value)


async def test_a_token_that_is_dead_on_arrival_is_not_shown(clock):
    """One that has expired by the time it comes is no token."""
    fresh = FreshToken("google", Source(clock, lifetime=-1.0), clock)
    with pytest.raises(UpstreamUnreachable, match="its token has expired"):
        await fresh.headers(CALL)
    await fresh.close()


async def test_a_refused_token_is_dropped_once(fresh, source, clock):
    """A 401 fetches another token; late 401s to the old one leave the new one alone."""
    old = await fresh.headers(CALL)
    clock.go(60)
    fresh.refused(old)
    fresh.refused(old)
    assert await fresh.headers(CALL) == bearer(2)
    fresh.refused(old)
    assert await fresh.headers(CALL) == bearer(2)
    assert source.asked == 2


async def test_a_new_token_that_is_refused_is_not_fetched_again_at_once(fresh, source, clock):
    """Refusals do not make a storm: for ten seconds the provider is unreachable."""
    fresh.refused(await fresh.headers(CALL))
    with pytest.raises(UpstreamUnreachable, match="its token was refused"):
        await fresh.headers(CALL)
    assert source.asked == 1
    clock.go(RETRY_SECONDS)
    assert await fresh.headers(CALL) == bearer(2)


async def test_closing_ends_a_fetch(clock, source):
    """Whoever waits is told, and nothing is fetched afterwards."""
    fresh = FreshToken("google", source, clock)
    source.hold.clear()
    waiting = asyncio.create_task(fresh.headers(CALL))
    await settle()
    await fresh.close()
    with pytest.raises(UpstreamUnreachable):
        await waiting
    clock.go(100)
    with pytest.raises(UpstreamUnreachable):
        await fresh.headers(CALL)
    assert source.asked == 1
    await fresh.close()


def test_no_token_is_shown_by_its_holder():
    """A token does not show itself."""
    token = Token(secret=Secret(CANARY), expires_at=START)
    assert CANARY not in f"{token!r} {token}"


@pytest.mark.parametrize("text", ["", "two words", "two\nlines", "schl\u00fcssel", "a\0b"])
def test_a_token_is_one_word(text):
    """What could not stand in a header as one word is refused in the given words, without being repeated."""
    with pytest.raises(TokenUnavailable) as raised:
        one_word(text, "it printed no token")
    assert raised.value.reason == "it printed no token"
    assert not text or text not in shown(raised.value)
    assert one_word(CANARY, "it printed no token") == Secret(CANARY)
