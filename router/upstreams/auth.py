"""How a provider is shown who is calling, and that this goes nowhere else.

A key is a header that never changes: the transports keep it ready (`auth_headers`). Where each call needs headers of
its own, a signature or a token that expires, an `Authoriser` stands in front of the transport (`Authorised`).
"""

import asyncio
import importlib
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from router.upstreams import failures
from router.upstreams.credentials import AwsChain, AwsKeys, GoogleDefault, Grant, Secret, TokenCommand
from router.wire.call import Send, UpstreamCall, UpstreamReply

MOST_REMEMBERED = 4
"""Tokens of one provider's header that are taken out of texts: the one at hand, and those before it."""

SHORTEST_TOKEN = 4
"""Characters below which a token is too common a word to be taken out of a text."""

_TOKEN_HEADERS = frozenset({"authorization", "api-key", "x-amz-security-token"})

_MAKERS: dict[type[Grant], tuple[str, str]] = {
    AwsKeys: ("router.upstreams.sigv4", "aws_signer"),
    TokenCommand: ("router.upstreams.token_command", "command_token"),
    AwsChain: ("router.upstreams.aws_chain", "aws_chain"),
    GoogleDefault: ("router.upstreams.google_token", "google_token"),
}
"""What makes the authoriser of each kind of grant: module and function. A module is loaded only where it is needed."""


def auth_headers(call: UpstreamCall, secrets: Mapping[str, Secret]) -> tuple[tuple[str, str], ...]:
    """Return the headers that carry the key of the call's provider; none if it has no key.

    `secrets` maps provider names to keys. UpstreamUnreachable if the call's URL has no usable host and port, or is not
    below its provider's base URL: a key is shown only to the host that it was configured for.
    """
    provider = call.provider
    base = provider.base_url.rstrip("/")
    if not call.url.startswith(base) or call.url[len(base) : len(base) + 1] not in ("", "/", "?"):
        raise failures.unreachable(provider.name, "the call leaves the provider's base URL")
    if not _has_address(call.url):
        raise failures.unreachable(provider.name, "its base URL cannot be used")
    secret = secrets.get(provider.name)
    if secret is None:
        return ()
    if provider.kind == "azure":
        return (("api-key", secret.reveal()),)
    return (("authorization", f"Bearer {secret.reveal()}"),)


def _has_address(url: str) -> bool:
    """Tell whether the URL names a host and, if any, a port from 0 to 65535."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        return False


class Authoriser(Protocol):
    """What authorises the calls of one provider, each by headers of its own. Used and closed on one event loop."""

    refusals: frozenset[int]
    """The statuses by which the provider says that what it was shown is not good any more."""

    async def headers(self, call: UpstreamCall) -> tuple[tuple[str, str], ...]:
        """Return the headers (names in lower case) that authorise the call; UpstreamUnreachable if there are none.

        It waits only where something must be fetched first, and may be cancelled. ValueError if the URL is unusable.
        """

    def refused(self, shown: tuple[tuple[str, str], ...]) -> None:
        """Learn that the provider answered with one of `refusals` to a call that showed these headers."""

    async def close(self) -> None:
        """Stop what goes on in the background. Safe to call twice."""


class Authorised:
    """A transport's `send` with authorisers in front of it: the same for every transport.

    Without any authoriser `send` is the transport's own. Providers that have none pass at the cost of one look-up.
    """

    def __init__(self, send: Send, authorisers: Mapping[str, Authoriser]) -> None:
        """Take what sends, and the authorisers by provider name."""
        self._transport = send
        self._authorisers = dict(authorisers)
        # Apart by provider and header: what changes with each call, as a signature does, must not push out a token.
        self._shown: dict[tuple[str, str], deque[str]] = {}
        self.send: Send = self._dispatch if self._authorisers else send

    def hide(self, text: str) -> str:
        """Return `text`, which may repeat what an upstream said, without the tokens that were shown of late."""
        for tokens in self._shown.values():
            for token in tokens:
                text = text.replace(token, "[hidden]")
        return text

    def _remember(self, provider: str, own: tuple[tuple[str, str], ...]) -> None:
        """Keep the tokens among headers, for `hide`: nobody knew them when the configuration was read."""
        for name, value in own:
            token = value.rpartition(" ")[2]
            if name in _TOKEN_HEADERS and len(token) >= SHORTEST_TOKEN:
                shown = self._shown.setdefault((provider, name), deque(maxlen=MOST_REMEMBERED))
                if token not in shown:
                    shown.append(token)

    async def close(self) -> None:
        """Close the authorisers; the transport is not closed."""
        for authoriser in self._authorisers.values():
            await authoriser.close()

    def _dispatch(self, call: UpstreamCall) -> Awaitable[UpstreamReply]:
        """Send the call, authorised where its provider wants that."""
        authoriser = self._authorisers.get(call.provider.name)
        return self._transport(call) if authoriser is None else self._send(call, authoriser)

    async def _send(self, call: UpstreamCall, authoriser: Authoriser) -> UpstreamReply:
        """Add the authoriser's headers in place of others of the same names; the wait for them counts as `first_byte`.

        What `Send` raises: UpstreamUnreachable also where the headers do not come in time.
        """
        name = call.provider.name
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(call.first_byte):
                own = await authoriser.headers(call)
        except TimeoutError:
            raise failures.unreachable(name, f"no token within {call.first_byte:g} seconds") from None
        except ValueError:
            raise failures.unreachable(name, "its base URL cannot be used") from None
        self._remember(name, own)
        names = {name for name, _ in own}
        given = tuple(pair for pair in call.headers if pair[0].lower() not in names)
        left = max(call.first_byte - (loop.time() - began), 0.0)
        reply = await self._transport(replace(call, headers=(*given, *own), first_byte=left))
        if reply.status in authoriser.refusals:
            authoriser.refused(own)
        return reply


def authorisers(grants: Mapping[str, Grant], now: Callable[[], datetime]) -> dict[str, Authoriser]:
    """Return what authorises the calls of each provider that has a grant. `now` is the wall clock, aware."""
    return {name: _authoriser(name, grant, now) for name, grant in grants.items()}


def _authoriser(provider: str, grant: Grant, now: Callable[[], datetime]) -> Authoriser:
    module, maker = _MAKERS[type(grant)]
    made: Authoriser = getattr(importlib.import_module(module), maker)(provider, grant, now)
    return made
