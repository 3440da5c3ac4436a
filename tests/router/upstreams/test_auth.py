"""A key goes into the header that its provider reads, and to nobody else."""

import pytest

from router.catalog.provider import Provider
from router.errors import UpstreamUnreachable
from router.upstreams.auth import auth_headers
from router.upstreams.credentials import Secret
from router.wire.call import UpstreamCall

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
