"""Providers have an address over HTTP."""

import pytest

from router.catalog.provider import Provider


def test_only_http_addresses() -> None:
    """A base URL without a scheme, or of another one, is refused."""
    with pytest.raises(ValueError, match="base_url"):
        Provider(name="p", kind="vllm", base_url="ftp://x")
