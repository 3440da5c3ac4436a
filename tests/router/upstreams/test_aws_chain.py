"""AWS keys of profiles and roles: found by botocore in a thread, renewed ahead, signed with by us."""

import asyncio
import importlib
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from router.catalog.provider import Provider
from router.errors import UpstreamUnreachable
from router.upstreams.auth import authorisers
from router.upstreams.aws_chain import KEYS_LAST, ChainKeys, ChainSigner, aws_chain
from router.upstreams.credentials import AwsChain, AwsKeys, Secret, botocore_installed
from router.upstreams.fresh_token import TokenUnavailable
from router.upstreams.sigv4 import AwsSigner
from router.wire.call import UpstreamCall
from tests.fakes.transports import shown

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
CANARY = "wJal-canary-7c04"
CHAIN = AwsChain(region="us-west-2", profile="work")
CALL = UpstreamCall(
    provider=Provider(name="aws", kind="bedrock", base_url="https://x/v1"), url="https://x/v1/chat", body=b"{}"
)
needs_botocore = pytest.mark.skipif(not botocore_installed(), reason="the extra `bedrock` is not installed")


class FakeBotocore:
    """What ChainKeys uses of botocore."""

    class BotoCoreError(Exception):
        """The root of botocore's errors."""

    def __init__(self, *, key: str | None = CANARY, error: Exception | None = None) -> None:
        self.key, self.error = key, error
        self.profiles: list[str | None] = []

    def load(self, name: str) -> Any:
        """Import a module of botocore."""
        if name == "botocore.session":
            return SimpleNamespace(Session=self.session)
        return SimpleNamespace(BotoCoreError=self.BotoCoreError)

    def session(self, *, profile: str | None) -> Any:
        """Open a session."""
        self.profiles.append(profile)
        return SimpleNamespace(get_credentials=lambda: self if self.key else None)

    def get_frozen_credentials(self) -> Any:
        """Return the keys, as slowly as a call to AWS."""
        time.sleep(0.05)
        if self.error is not None:
            raise self.error
        return SimpleNamespace(access_key="AKID", secret_key=self.key, token=None)


async def test_keys_are_found_in_a_thread_and_looked_for_once():
    """The loop goes on meanwhile; the same credentials are asked again, which renews those that are lent."""
    fake = FakeBotocore()
    keys = ChainKeys(CHAIN, lambda: START, fake.load)
    task = asyncio.create_task(keys())
    turns = 0
    while not task.done():
        turns += 1
        await asyncio.sleep(0.005)
    assert turns > 2
    assert (await task)[1] == (await keys())[1] == START + KEYS_LAST
    assert fake.profiles == ["work"]


@pytest.mark.parametrize(
    ("fake", "reason"),
    [
        (FakeBotocore(key=None), "botocore found no keys for it"),
        (FakeBotocore(key="canary\nkey"), "botocore found keys that cannot stand in a header"),
        (FakeBotocore(error=FakeBotocore.BotoCoreError("canary")), "botocore has no keys for it (BotoCoreError)"),
    ],
)
async def test_where_there_are_no_keys(fake, reason):
    """The reason is told, and nothing of what botocore said."""
    with pytest.raises(TokenUnavailable) as raised:
        await ChainKeys(CHAIN, lambda: START, fake.load)()
    assert raised.value.reason == reason
    assert "canary" not in shown(raised.value)


async def test_without_botocore_its_extra_is_named():
    """Whoever configured a profile learns what to install."""

    def absent(_name: str) -> Any:
        raise ImportError

    with pytest.raises(TokenUnavailable, match="pip install botocore"):
        await ChainKeys(CHAIN, lambda: START, absent)()


async def test_calls_are_signed_with_the_keys_at_hand():
    """It is our signature with those keys; where there are none the provider counts as unreachable."""
    fake = FakeBotocore()
    signer = ChainSigner("aws", ChainKeys(CHAIN, lambda: START, fake.load), lambda: START)
    own = AwsKeys(access_key_id=Secret("AKID"), secret_access_key=Secret(CANARY), region="us-west-2")
    assert await signer.headers(CALL) == await AwsSigner(own, lambda: START).headers(CALL)
    await signer.close()
    lost = ChainSigner("aws", ChainKeys(CHAIN, lambda: START, FakeBotocore(key=None).load), lambda: START)
    with pytest.raises(UpstreamUnreachable, match="botocore found no keys"):
        await lost.headers(CALL)
    await lost.close()


async def test_refused_keys_are_looked_for_anew_while_calls_go_on():
    """A 403 may be a right that the keys do not have: nobody waits for others, but files are read again."""
    fake, clock = FakeBotocore(), [START]
    signer = ChainSigner("aws", ChainKeys(CHAIN, lambda: clock[0], fake.load), lambda: clock[0])
    first = await signer.headers(CALL)
    clock[0] += timedelta(seconds=60)
    fake.key = "other"
    signer.refused(first)
    assert (await signer.headers(CALL))[-1][0] == "authorization"
    async with asyncio.timeout(20):
        while len(fake.profiles) < 2:  # noqa: ASYNC110  # a thread has no event to wait for
            await asyncio.sleep(0.01)
    await signer.close()
    assert signer.refusals == {401, 403}


async def test_nothing_is_looked_for_until_a_call_wants_it():
    """It is made for its grant without botocore being imported, and shows nothing."""
    made = authorisers({"aws": CHAIN}, lambda: START)["aws"]
    assert isinstance(made, ChainSigner)
    assert "work" not in repr(made)
    await made.close()
    with pytest.raises(ValueError, match="us-east-1"):
        AwsChain(region="US East")


@needs_botocore
async def test_a_profile_of_a_credentials_file(tmp_path, monkeypatch):
    """The real library finds the keys of the named profile, and they sign."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "credentials"
    path.write_text(
        "[default]\naws_access_key_id = OTHER\naws_secret_access_key = other\n"
        f"[work]\naws_access_key_id = AKID\naws_secret_access_key = {CANARY}\naws_session_token = lent\n"
    )
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    signer = aws_chain("aws", CHAIN, lambda: START)
    headers = dict(await signer.headers(CALL))
    await signer.close()
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/20261122/us-west-2/bedrock/")
    assert headers["x-amz-security-token"] == "lent"
    assert CANARY not in str(headers)


@needs_botocore
async def test_a_profile_that_is_not_there(tmp_path, monkeypatch):
    """The library's own error is named by its kind alone."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(TokenUnavailable) as raised:
        await ChainKeys(CHAIN, lambda: START)()
    assert raised.value.reason == "botocore has no keys for it (ProfileNotFound)"


@needs_botocore
async def test_keys_that_are_lent_are_renewed_ahead():
    """Botocore asks for new ones when those at hand end in a quarter of an hour, in the thread that asks it."""
    credentials = importlib.import_module("botocore.credentials")
    asked: list[str] = []

    def lend() -> dict[str, str]:
        asked.append(f"key-{len(asked)}")
        end = datetime.now(UTC) + timedelta(minutes=14 if len(asked) == 1 else 60)
        return {"access_key": "AKID", "secret_key": asked[-1], "token": "t", "expiry_time": end.isoformat()}

    lent = credentials.RefreshableCredentials.create_from_metadata(lend(), refresh_using=lend, method="test")
    keys = ChainKeys(CHAIN, lambda: START)
    keys._credentials = lent
    await keys()
    assert asked == ["key-0", "key-1"]
