"""Bodies are decoded in bounded pieces, headers are cleaned."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import UpstreamBroken
from router.upstreams.body import clean_headers, decoded, decoder_for, poured


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read(encoding: str, *parts: bytes, limit: int = 2**20) -> bytes:
    decoder = decoder_for(encoding, "alpha")
    assert decoder is not None
    return b"".join([piece async for piece in decoded(pieces(*parts), decoder, limit, "alpha")])


def test_headers_are_lower_case_and_without_cookies():
    """Names in lower case, the last of a name, no cookie, no value that is not ASCII."""
    pairs = [("X-A", "1"), ("x-a", "2"), ("Set-Cookie", "a=b"), ("X-Odd", "\udcff"), ("Content-Length", "3")]
    assert clean_headers(pairs, decoded=False) == {"x-a": "2", "content-length": "3"}


def test_headers_of_a_decoded_body_do_not_describe_the_encoded_one():
    """Its length and encoding are gone."""
    pairs = [("Content-Encoding", "gzip"), ("Content-Length", "3"), ("Content-Type", "a/b")]
    assert clean_headers(pairs, decoded=True) == {"content-type": "a/b"}


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_plain_body_needs_no_decoder(encoding):
    """Nothing is to be decoded."""
    assert decoder_for(encoding, "alpha") is None


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, br", "compress", "x"])
def test_an_unknown_encoding_is_broken(encoding):
    """It was not asked for and cannot be read; its name, the upstream's text, is not repeated."""
    with pytest.raises(UpstreamBroken) as caught:
        decoder_for(encoding, "alpha")
    assert "zstd" not in str(caught.value)


@given(
    st.binary(max_size=4_000), st.sampled_from(["gzip", "deflate", "raw", "x-gzip"]), st.integers(1, 200), st.booleans()
)
async def test_any_body_survives_however_it_is_cut(body, form, size, empty):
    """The pieces in which it arrives do not matter."""
    packed = gzip.compress(body) if "gzip" in form else zlib.compress(body)
    packed = packed[2:-4] if form == "raw" else packed
    parts = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert await read("deflate" if form == "raw" else form, *parts, *([b""] if empty else [])) == body


@pytest.mark.parametrize("cut", [1, 8, 20])
async def test_a_cut_body_is_broken(cut):
    """One that ends before its end is no success."""
    with pytest.raises(UpstreamBroken, match="cut short"):
        await read("gzip", gzip.compress(b"hello" * 100)[:-cut])


async def test_a_bomb_is_stopped_at_the_limit():
    """A megabyte that inflates to a gigabyte is given up after the limit, in bounded steps."""
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(1_000)) + packer.flush()
    decoder = decoder_for("deflate", "alpha")
    assert decoder is not None
    stream = decoded(pieces(bomb), decoder, 5 * 2**20, "alpha")
    sizes = [len(await anext(stream)) for _ in range(5 * 2**20 // 65_536)]
    assert max(sizes) <= 65_536
    with pytest.raises(UpstreamBroken, match="too large"):
        await anext(stream)


async def test_noise_is_broken():
    """A body that is not what its header says is refused, at its beginning and in its middle."""
    with pytest.raises(UpstreamBroken, match="not compressed"):
        await read("gzip", b"plain text")
    with pytest.raises(UpstreamBroken, match="not compressed"):
        await read("gzip", gzip.compress(b"hello" * 100)[:30], b"\xff" * 200)
    with pytest.raises(UpstreamBroken, match="not compressed"):
        await read("gzip", gzip.compress(b"hello"), b"and then text")


async def test_nothing_at_all_is_an_empty_body():
    """No bytes decode to no bytes."""
    assert await read("gzip") == b""


async def test_a_bomb_lets_others_have_their_turn():
    """While one piece of the wire becomes 32 MiB, the loop goes round again and again."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    assert len(await read("gzip", gzip.compress(bytes(32 * 2**20)), limit=2**26)) == 32 * 2**20
    counting.cancel()
    assert turns >= 30


async def test_a_body_is_poured_in_parts():
    """A sink that wants no more gets the rest when it asks again."""
    stream, got = pieces(b"a", b"b", b"c"), []
    assert await poured(stream, lambda data: got.append(data) or data != b"b") is False
    assert await poured(stream, lambda data: got.append(data) is None) is True
    assert got == [b"a", b"b", b"c"]
