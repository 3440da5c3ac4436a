"""A bearer token that expires: renewed ahead of time, shared by all calls of a provider, never shown."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from router.upstreams import failures
from router.upstreams.credentials import Secret
from router.wire.call import UpstreamCall

T = TypeVar("T")

RETRY_SECONDS = 10.0
"""No token is fetched sooner than this after the last was, whether that went well or not."""

_AHEAD, _AHEAD_SHARE = timedelta(minutes=5), 0.2


class TokenUnavailable(Exception):
    """No token could be had. `reason` continues "could not be reached: " and holds nothing of what was printed."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token and the moment from which it is refused."""

    secret: Secret
    expires_at: datetime


Fetch = Callable[[], Awaitable[Token]]
"""Get a new token; TokenUnavailable if there is none. It must not block the event loop."""


class Renewed(Generic[T]):
    """What lasts for a time, renewed before that is over, for all calls of a provider. One event loop.

    It is renewed in the last fifth of its life, at most five minutes ahead, while calls go on with the one at hand.
    Calls wait only where there is none: at first, and after it expired or was refused.
    """

    def __init__(
        self, provider: str, fetch: Callable[[], Awaitable[tuple[T, datetime]]], now: Callable[[], datetime]
    ) -> None:
        """Take the provider's name for errors, what gets a value and its end, and the wall clock.

        Nothing is fetched yet. `fetch` raises TokenUnavailable and must not block the event loop.
        """
        self._provider = provider
        self._fetch = fetch
        self._now = now
        self._value: T | None = None
        self._renew_at = self._expires_at = self._not_before = datetime.min.replace(tzinfo=UTC)
        self._reason = "it has no token"
        self._task: asyncio.Task[tuple[T, datetime]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def current(self) -> T:
        """Return the value at hand; UpstreamUnreachable if there is none."""
        now = self._now()
        if self._value is None or now >= self._renew_at:
            self.renew()
            if self._task is not None and (self._value is None or now >= self._expires_at):
                await asyncio.wait({self._task})
        if self._value is None or self._now() >= self._expires_at:
            raise failures.unreachable(self._provider, self._reason)
        return self._value

    def drop(self, value: T) -> None:
        """Forget a value that was refused, and get another."""
        if value is self._value:
            self._value, self._reason = None, "its token was refused"
            self.renew()

    async def close(self) -> None:
        """Stop renewing. Safe to call twice."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def renew(self) -> None:
        """Fetch in the background, unless that is going on, or was done a moment ago."""
        if self._task is None and not self._closed and self._now() >= self._not_before:
            self._task = asyncio.create_task(self._get())
            self._task.add_done_callback(self._end)

    async def _get(self) -> tuple[T, datetime]:
        return await self._fetch()

    def _end(self, task: asyncio.Task[tuple[T, datetime]]) -> None:
        """Take what was fetched, and plan when to fetch again."""
        self._task = None
        now = self._now()
        self._not_before = now + timedelta(seconds=RETRY_SECONDS)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._value, self._expires_at = task.result()
            self._renew_at = self._expires_at - min(_AHEAD, (self._expires_at - now) * _AHEAD_SHARE)
            self._reason = "its token has expired"
        else:
            self._reason = error.reason if isinstance(error, TokenUnavailable) else "its token could not be had"
        if not self._closed and self._value is not None and now < self._expires_at:
            seconds = max((self._renew_at - now).total_seconds(), RETRY_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(seconds, self.renew)


Shown = tuple[tuple[str, str], ...]
"""Headers, names in lower case."""


class FreshToken:
    """Authorise calls by a token that is renewed before it expires (an `Authoriser`). One event loop."""

    refusals = frozenset({401})

    def __init__(self, provider: str, fetch: Fetch, now: Callable[[], datetime]) -> None:
        """Take the provider's name for errors, what gets a token, and the wall clock; nothing is fetched yet."""
        self._fetch = fetch
        self._token: Renewed[Shown] = Renewed(provider, self._header, now)

    async def headers(self, _call: UpstreamCall) -> Shown:
        """Return the header that shows the token; UpstreamUnreachable if there is none."""
        return await self._token.current()

    def refused(self, shown: Shown) -> None:
        """Drop the token that a call showed in vain, and get another."""
        self._token.drop(shown)

    async def close(self) -> None:
        """Stop renewing. Safe to call twice."""
        await self._token.close()

    async def _header(self) -> tuple[Shown, datetime]:
        token = await self._fetch()
        return (("authorization", f"Bearer {token.secret.reveal()}"),), token.expires_at


def one_word(text: str, otherwise: str) -> Secret:
    """Return a token as a secret; TokenUnavailable if it could not stand in a header as one word."""
    try:
        if " " not in text:
            return Secret(text)
    except ValueError:
        pass
    raise TokenUnavailable(otherwise)
