"""AWS keys that botocore's chain finds (the extra `bedrock`): profiles, SSO, roles. Signing stays ours.

botocore is asked in a thread, ahead of time: it reads files, runs a profile's credential process and calls AWS.
"""

import asyncio
import importlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from router.upstreams.credentials import AwsChain, AwsKeys, Secret
from router.upstreams.fresh_token import Renewed, Shown, TokenUnavailable
from router.upstreams.sigv4 import AwsSigner
from router.wire.call import UpstreamCall

KEYS_LAST = timedelta(minutes=5)
"""For how long keys are used before botocore is asked again. It renews those that are lent itself, from a quarter of an
hour before they expire, whenever it is asked."""


class ChainKeys:
    """Get keys from botocore's credential chain, in a thread."""

    def __init__(
        self, chain: AwsChain, now: Callable[[], datetime], load: Callable[[str], Any] = importlib.import_module
    ) -> None:
        """Take the profile and region, the wall clock, and what imports botocore when the first keys are wanted."""
        self._chain = chain
        self._now = now
        self._load = load
        self._credentials: Any = None

    async def __call__(self) -> tuple[AwsSigner, datetime]:
        """Return what signs with the keys, and until when; TokenUnavailable where botocore is not there or has none."""
        return await asyncio.to_thread(self._signer)

    def forget(self) -> None:
        """Look for credentials anew the next time: those at hand were refused."""
        self._credentials = None

    def _signer(self) -> tuple[AwsSigner, datetime]:
        try:
            session, exceptions = self._load("botocore.session"), self._load("botocore.exceptions")
        except ImportError:
            raise TokenUnavailable("botocore is not installed (pip install botocore)") from None
        try:
            if self._credentials is None:
                self._credentials = session.Session(profile=self._chain.profile).get_credentials()
            found = None if self._credentials is None else self._credentials.get_frozen_credentials()
        except exceptions.BotoCoreError as error:
            raise TokenUnavailable(f"botocore has no keys for it ({type(error).__name__})") from None
        if found is None or not found.access_key or not found.secret_key:
            self._credentials = None
            raise TokenUnavailable("botocore found no keys for it")
        return AwsSigner(self._keys(found), self._now), self._now() + KEYS_LAST

    def _keys(self, found: Any) -> AwsKeys:
        try:
            return AwsKeys(
                access_key_id=Secret(found.access_key),
                secret_access_key=Secret(found.secret_key),
                session_token=Secret(found.token) if found.token else None,
                region=self._chain.region,
            )
        except ValueError:
            raise TokenUnavailable("botocore found keys that cannot stand in a header") from None


class ChainSigner:
    """Sign each call with the keys that botocore's chain has now (an `Authoriser`)."""

    refusals = frozenset({401, 403})  # AWS says 403 of keys that have expired

    def __init__(self, provider: str, keys: ChainKeys, now: Callable[[], datetime]) -> None:
        """Take the provider's name for errors, what gets keys, and the wall clock; nothing is looked for yet."""
        self._keys = keys
        self._renewed: Renewed[AwsSigner] = Renewed(provider, keys, now)

    async def headers(self, call: UpstreamCall) -> Shown:
        """Return the headers that sign the call; UpstreamUnreachable if there are no keys."""
        return await (await self._renewed.current()).headers(call)

    def refused(self, _shown: Shown) -> None:
        """Look for other keys in the background: a 403 may as well be a right that these keys do not have."""
        self._keys.forget()
        self._renewed.renew()

    async def close(self) -> None:
        """Stop renewing. Safe to call twice."""
        await self._renewed.close()


def aws_chain(provider: str, chain: AwsChain, now: Callable[[], datetime]) -> ChainSigner:
    """Return what signs a provider's calls with the keys of botocore's chain."""
    return ChainSigner(provider, ChainKeys(chain, now), now)
