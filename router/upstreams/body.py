"""The answer's body and headers as the rest of the proxy reads them: decoded, bounded, without cookies. No I/O."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator

from router.errors import UpstreamBroken
from router.upstreams import failures

BODY_LIMIT_BYTES = 64 * 2**20
"""The default cap on a decoded body; a larger one is an attack or a fault."""

_PIECE_BYTES = 65_536
_PAUSE_BYTES = 2**20
_GZIP = 16 + zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS
_TELLING_BYTES = 2
_WRITTEN_ANEW = frozenset({"set-cookie", "set-cookie2"})
_OF_THE_ENCODED_BODY = frozenset({"content-encoding", "content-length"})


def clean_headers(pairs: Iterable[tuple[str, str]], *, decoded: bool) -> dict[str, str]:
    """Return the response headers with lower-case names; of repeated ones the last.

    Cookies are dropped, so are values that are not ASCII and, if the body was `decoded`, what told of its encoded form.
    """
    headers = {name.lower(): value for name, value in pairs if value.isascii()}
    for name in _WRITTEN_ANEW | _OF_THE_ENCODED_BODY if decoded else _WRITTEN_ANEW:
        headers.pop(name, None)
    return headers


def decoder_for(encoding: str | None, provider: str) -> "Decoder | None":
    """Return the decoder of a Content-Encoding, None where there is nothing to decode; UpstreamBroken if unknown."""
    name = (encoding or "identity").strip().lower()
    if name in ("identity", ""):
        return None
    if name in ("gzip", "x-gzip"):
        return Decoder(provider, (_GZIP,))
    if name == "deflate":  # some servers send it with the zlib header, some without
        return Decoder(provider, (zlib.MAX_WBITS, _RAW_DEFLATE))
    raise failures.broken(provider, "it is compressed in a way that was not asked for")


class Decoder:
    """Inflate a gzip or deflate body piece by piece; no step holds more than 64 KiB of output."""

    def __init__(self, provider: str, window_bits: tuple[int, ...]) -> None:
        """Take the provider's name for errors and the forms to try, in order, on the first bytes."""
        self._provider = provider
        self._forms = list(window_bits)
        self._inflate = zlib.decompressobj(self._forms.pop(0))
        self._head = b""
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what `data` decodes to, in pieces of at most 64 KiB; UpstreamBroken if it is not what it says."""
        if not self._begun:  # two bytes tell the forms apart
            self._head += data
            if len(self._head) < _TELLING_BYTES:
                return
            data, self._begun = self._head, True
            self._choose_form()
        while data:
            if self._inflate.eof:  # a gzip body may be several members in a row
                self._inflate = zlib.decompressobj(_GZIP)
            try:
                piece = self._inflate.decompress(data, _PIECE_BYTES)
            except zlib.error:
                raise self._nonsense() from None
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            if piece:
                yield piece

    def end(self) -> None:
        """Check that the body was whole; UpstreamBroken if it was cut short."""
        if self._head and not self._inflate.eof:
            raise failures.broken(self._provider, "its compressed body was cut short")

    def _choose_form(self) -> None:
        """Take the first form whose header the first bytes are."""
        while True:
            try:
                self._inflate.copy().decompress(self._head[:_TELLING_BYTES], 1)
            except zlib.error:
                if not self._forms:
                    raise self._nonsense() from None
                self._inflate = zlib.decompressobj(self._forms.pop(0))
            else:
                return

    def _nonsense(self) -> UpstreamBroken:
        return failures.broken(self._provider, "its body is not compressed as its header says")


async def decoded(
    raw: AsyncIterator[bytes], decoder: Decoder, limit_bytes: int, provider: str
) -> AsyncGenerator[bytes]:
    """Yield the decoded body as it arrives; AnswerTooLarge past `limit_bytes`; UpstreamBroken if cut short."""
    left, pause_at = limit_bytes, limit_bytes - _PAUSE_BYTES
    async for data in raw:
        for piece in decoder.feed(data):
            left -= len(piece)
            if left < 0:
                raise failures.too_large(provider)
            yield piece
            if left < pause_at:  # a small body may hold a large one: let others have their turn
                pause_at = left - _PAUSE_BYTES
                await asyncio.sleep(0)
    decoder.end()


async def poured(chunks: AsyncIterator[bytes], sink: Callable[[bytes], bool]) -> bool:
    """Hand `chunks` to `sink` until it returns False; whether they have ended. Can be called again for the rest."""
    async for data in chunks:
        if not sink(data):
            return False
    return True
