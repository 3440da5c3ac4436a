"""Tokens of Google's Application Default Credentials, got with google-auth (the extra `vertex`) in a thread."""

import asyncio
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from router.upstreams.credentials import GoogleDefault
from router.upstreams.fresh_token import FreshToken, Token, TokenUnavailable, one_word

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""What the tokens are good for: everything that the account may do in its project."""

_UNKNOWN_LIFETIME = timedelta(minutes=10)
_WEB_SECONDS = 10.0
_ANSWER_LIMIT_BYTES = 1 << 20


class GoogleToken:
    """Get tokens from Google's Application Default Credentials with google-auth, in a thread (a `Fetch`)."""

    def __init__(self, now: Callable[[], datetime], load: Callable[[str], Any] = importlib.import_module) -> None:
        """Take the wall clock, and what imports google-auth when the first token is wanted."""
        self._now = now
        self._load = load
        self._credentials: Any = None

    async def __call__(self) -> Token:
        """Return a new token; TokenUnavailable if google-auth is not there, finds no credentials or is refused."""
        return await asyncio.to_thread(self._refreshed)

    def _refreshed(self) -> Token:
        try:
            auth, exceptions = self._load("google.auth"), self._load("google.auth.exceptions")
        except ImportError:
            raise TokenUnavailable("google-auth is not installed (pip install google-auth)") from None
        web = WebRequest(exceptions.TransportError)
        try:
            if self._credentials is None:
                self._credentials = auth.default(scopes=[SCOPE], request=web)[0]
            self._credentials.refresh(web)
        except exceptions.GoogleAuthError as error:
            raise TokenUnavailable(f"google-auth has no token for it ({type(error).__name__})") from None
        expiry = self._credentials.expiry  # naive, in UTC
        return Token(
            secret=one_word(self._credentials.token or "", "google-auth returned no token"),
            expires_at=self._now() + _UNKNOWN_LIFETIME if expiry is None else expiry.replace(tzinfo=UTC),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What google-auth reads of an answer; the headers' names are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class WebRequest:
    """The blocking HTTP client that google-auth is lent: TLS verified, no redirect followed, no proxy taken."""

    def __init__(self, failure: type[Exception]) -> None:
        """Take the error that google-auth expects where there is no answer."""
        self._failure = failure

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_others: Any,
    ) -> WebAnswer:
        """Return the answer of a URL; raises the error given at the beginning if there is none."""
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.netloc, timeout=timeout or _WEB_SECONDS)
        try:
            connection.request(method, parts._replace(scheme="", netloc="").geturl() or "/", body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return WebAnswer(status=response.status, headers=named, data=response.read(_ANSWER_LIMIT_BYTES))
        except (OSError, HTTPException) as error:
            raise self._failure(f"no answer from Google ({type(error).__name__})") from None
        finally:
            connection.close()


def google_token(provider: str, _grant: GoogleDefault, now: Callable[[], datetime]) -> FreshToken:
    """Return what authorises a provider's calls by tokens of Google's Application Default Credentials."""
    return FreshToken(provider, GoogleToken(now), now)
