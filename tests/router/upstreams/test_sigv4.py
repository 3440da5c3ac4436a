"""Signatures are those that AWS's own library makes, byte for byte."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.catalog.provider import Provider
from router.upstreams.credentials import AwsKeys, Secret
from router.upstreams.sigv4 import AwsSigner, aws_signer
from router.wire.call import UpstreamCall

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ACCOUNT = "AKIDEXAMPLE7Q2"
SESSION = "FwoGZXIvYXdzEBYaDExample/Token+=="
AT = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
HOST = "https://bedrock-runtime.us-east-1.amazonaws.com"
CHAT = f"{HOST}/openai/v1/chat/completions"
BODY = b'{"model":"openai.gpt-oss-20b-1:0","messages":[{"role":"user","content":"hi"}]}'
SIGNED = "content-type;host;x-amz-date"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One call, and the signature that botocore 1.44.5 makes of it."""

    id: str
    signature: str
    url: str = CHAT
    body: bytes = BODY
    method: str = "POST"
    content_type: str | None = "application/json"
    session: str | None = None
    region: str = "us-east-1"
    service: str = "bedrock"
    at: datetime = AT
    names: str = SIGNED


CASES = (
    Case(id="plain", signature="c43205942535b24984b0e5fa4993d1a0e29f1811651d34af2e0f5fceacb003f6"),
    Case(
        id="lent keys",
        session=SESSION,
        names=f"{SIGNED};x-amz-security-token",
        signature="93f27a4b0e0e71d46322d5155ef797fc6bc32c012c68374f668cda73faf9cc85",
    ),
    Case(
        id="escaped path, another region",
        url="https://bedrock-runtime.eu-north-1.amazonaws.com/model/arn%3Aaws%3Abedrock/~x/a b",
        region="eu-north-1",
        signature="7e379150bb24875dbd84fd0e746c60421401de57060cdd283109f715cf458900",
    ),
    Case(
        id="query",
        url=f"{CHAT}?b=2&a=%20x&a=1&c",
        signature="2cd595b8894c454dea13a11d23d438b6b93d661324675520158628f86086221f",
    ),
    Case(
        id="body and header with more than ASCII and spaces",
        body='{"content":"grüß 🦊"}'.encode(),
        content_type="application/json;  charset=utf-8 ",
        signature="0d1c88153bcecdfcf72172578f44a90452d8318698b358ed38f0a0b6baa7c448",
    ),
    Case(
        id="get without a body",
        url=f"{HOST}/openai/v1/models",
        body=b"",
        method="GET",
        content_type=None,
        names="host;x-amz-date",
        signature="c7f0b1b7454944f6d4c3d753ba30dd1e943377592145d2881e893950ee2b6a04",
    ),
    Case(
        id="port, dots and double slashes",
        url="http://127.0.0.1:8443//openai/./x/../v1/chat/completions/",
        signature="9d2b366a151c4a9cc9ead2713cdfcf9ab9922aebb5920341a0b9e349ba239614",
    ),
    Case(
        id="no path, the scheme's own port, capitals",
        url="https://BEDROCK-runtime.us-east-1.amazonaws.com:443",
        signature="6dcb0c2b74f604b1caba763a1ae43796e744330371ec47730217880829a72561",
    ),
    Case(
        id="the other endpoint of Bedrock",
        url="https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
        service="bedrock-mantle",
        signature="825bcd2ad6eb7b995d5add8dbb340117a97f127596a5bdd9c401ffd2100677b2",
    ),
    Case(
        id="first second of a year, in another zone",
        at=datetime(2027, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
        signature="12f739dbf016d99d26f1243ff26a8ebe714448e8a2731474800df4a73796d63d",
    ),
)


def keys(session: str | None = None, region: str = "us-east-1") -> AwsKeys:
    return AwsKeys(
        access_key_id=Secret(ACCOUNT),
        secret_access_key=Secret(SECRET),
        session_token=None if session is None else Secret(session),
        region=region,
    )


def call(url: str = CHAT, body: bytes = BODY, method: str = "POST", content_type: str | None = "application/json"):
    given = () if content_type is None else (("Content-Type", content_type),)
    provider = Provider(name="aws", kind="bedrock", base_url=url)
    headers = (*given, ("accept-encoding", "gzip"), ("user-agent", "x"))
    return UpstreamCall(provider=provider, url=url, body=body, method=method, headers=headers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
async def test_signatures_equal_those_of_aws(case):
    """The date, the session's token and the signature are botocore's; what a transport writes is not signed."""
    signer = AwsSigner(keys(case.session, case.region), lambda: case.at)
    found = dict(await signer.headers(call(case.url, case.body, case.method, case.content_type)))
    day = case.at.astimezone(UTC).strftime("%Y%m%d")
    assert found["authorization"] == (
        f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/{day}/{case.region}/{case.service}/aws4_request, "
        f"SignedHeaders={case.names}, Signature={case.signature}"
    )
    assert found["x-amz-date"] == case.at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    assert found.get("x-amz-security-token") == case.session


async def test_the_key_of_a_day_is_not_used_on_the_next():
    """A signer that goes on past midnight, to another endpoint and back signs as a new one would."""
    clock = [AT]
    lasting = AwsSigner(keys(), lambda: clock[0])
    mantle = "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions"
    for hours, url in ((0, CHAT), (20, CHAT), (21, CHAT), (21, mantle), (21, CHAT), (45, CHAT)):
        clock[0] = AT + timedelta(hours=hours)
        fresh = aws_signer("aws", keys(), lambda: clock[0])
        assert await lasting.headers(call(url)) == await fresh.headers(call(url))


async def test_a_long_body_is_signed_as_a_short_one_is():
    """Hashing in a thread gives the same signature."""
    body = b"x" * (2**20 + 1)
    signer = AwsSigner(keys(), lambda: AT)
    assert await signer.headers(call(body=body)) == signer.signed(call(), sha256(body).hexdigest())


@given(st.binary(max_size=200), st.integers(0, 199))
def test_a_changed_byte_changes_the_signature(body, place):
    """No other body passes under a signature."""
    if place >= len(body):
        return
    other = bytes(byte ^ 1 if at == place else byte for at, byte in enumerate(body))
    signer = AwsSigner(keys(), lambda: AT)
    one, two = (signer.signed(call(), sha256(data).hexdigest()) for data in (body, other))
    assert one[0] == two[0]
    assert one[-1] != two[-1]


async def test_nothing_shows_the_keys():
    """Neither the signer nor the headers hold the secret key; a refusal and closing change nothing."""
    signer = AwsSigner(keys(SESSION), lambda: AT)
    headers = await signer.headers(call())
    assert SECRET not in f"{headers}"
    signer.refused(headers)
    await signer.close()
    assert await signer.headers(call()) == headers
    for text in (repr(signer), repr(keys(SESSION)), str(keys(SESSION))):
        assert not [secret for secret in (SECRET, SESSION, ACCOUNT) if secret in text]


async def test_a_url_that_cannot_be_used_is_an_error():
    """A port that is none is a ValueError, which the door turns into an unreachable provider."""
    with pytest.raises(ValueError, match="Port"):
        await AwsSigner(keys(), lambda: AT).headers(call("https://host:port/x"))
