"""A bearer token that expires: renewed ahead of time, shared by all calls of a provider, never shown."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from router.upstreams import failures
from router.upstreams.credentials import Secret
from router.wire.call import UpstreamCall

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


class FreshToken:
    """Authorise calls by a token that is renewed before it expires (an `Authoriser`). One event loop.

    It is renewed in the last fifth of its life, at most five minutes ahead, while calls go on with the one at hand.
    Calls wait only where there is none: at first, and after it expired or was refused.
    """

    def __init__(self, provider: str, fetch: Fetch, now: Callable[[], datetime]) -> None:
        """Take the provider's name for errors, what gets a token, and the wall clock; nothing is fetched yet."""
        self._provider = provider
        self._fetch = fetch
        self._now = now
        self._shown: tuple[tuple[str, str], ...] | None = None
        self._renew_at = self._expires_at = self._not_before = datetime.min.replace(tzinfo=UTC)
        self._reason = "it has no token"
        self._task: asyncio.Task[Token] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def headers(self, _call: UpstreamCall) -> tuple[tuple[str, str], ...]:
        """Return the header that shows the token; UpstreamUnreachable if there is none."""
        now = self._now()
        if self._shown is None or now >= self._renew_at:
            self._begin()
            if self._task is not None and (self._shown is None or now >= self._expires_at):
                await asyncio.wait({self._task})
        if self._shown is None or self._now() >= self._expires_at:
            raise failures.unreachable(self._provider, self._reason)
        return self._shown

    def refused(self, shown: tuple[tuple[str, str], ...]) -> None:
        """Drop the token that a call showed in vain, and get another."""
        if shown is self._shown:
            self._shown, self._reason = None, "its token was refused"
            self._begin()

    async def close(self) -> None:
        """Stop renewing. Safe to call twice."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def _begin(self) -> None:
        """Fetch a token in the background, unless that is going on, or was done a moment ago."""
        if self._task is None and not self._closed and self._now() >= self._not_before:
            self._task = asyncio.create_task(self._get())
            self._task.add_done_callback(self._end)

    async def _get(self) -> Token:
        return await self._fetch()

    def _end(self, task: asyncio.Task[Token]) -> None:
        """Take what was fetched, and plan when to fetch again."""
        self._task = None
        now = self._now()
        self._not_before = now + timedelta(seconds=RETRY_SECONDS)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            token = task.result()
            self._shown = (("authorization", f"Bearer {token.secret.reveal()}"),)
            self._expires_at = token.expires_at
            self._renew_at = token.expires_at - min(_AHEAD, (token.expires_at - now) * _AHEAD_SHARE)
            self._reason = "its token has expired"
        else:
            self._reason = error.reason if isinstance(error, TokenUnavailable) else "its token could not be had"
        if not self._closed and self._shown is not None and now < self._expires_at:
            seconds = max((self._renew_at - now).total_seconds(), RETRY_SECONDS)
            self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)


def one_word(text: str, otherwise: str) -> Secret:
    """Return a token as a secret; TokenUnavailable if it could not stand in a header as one word."""
    try:
        if " " not in text:
            return Secret(text)
    except ValueError:
        pass
    raise TokenUnavailable(otherwise)
