"""What does not fit is told with its place and its kind, whoever reads, and never with its value."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from router.errors import MalformedRequest
from router.wire.decoding import decoded, require_utf8


class Body(msgspec.Struct):
    """A body."""

    name: str
    count: Annotated[int, Meta(ge=1)] = 1


DECODE = msgspec.json.Decoder(Body).decode


@pytest.mark.parametrize(
    ("data", "within", "message", "param"),
    [
        (b"{}", "", "'name': it is required.", "name"),
        (b"{}", "messages[3]", "'messages[3].name': it is required.", "messages[3].name"),
        (b'{"name":7}', "", "'name': expected str, got int.", "name"),
        (b'{"name":"canary","count":0}', "", "'count': expected int >= 1.", "count"),
        (b"[]", "", "The body: expected object, got array.", None),
        (b'{"name":', "", "The body is not one JSON object: Input data was truncated.", None),
        (b'{"name":"a","x":' + b"[" * 5000, "", "The body is nested too deeply.", None),
    ],
)
def test_what_does_not_fit_is_told(data: bytes, within: str, message: str, param: str | None) -> None:
    """Message and field say where; the fix is the reader's own where it gives one."""
    with pytest.raises(MalformedRequest) as caught:
        decoded(DECODE, data, within)
    assert (caught.value.message, caught.value.param, caught.value.fix) == (message, param, MalformedRequest.fix)
    with pytest.raises(MalformedRequest) as caught:
        decoded(DECODE, data, within, fix="Do this.")
    assert (caught.value.message, caught.value.fix) == (message, "Do this.")
    assert "canary" not in caught.value.message


def test_what_is_no_utf8_is_told_with_its_place() -> None:
    """Text in any script passes."""
    require_utf8("ключ".encode())
    with pytest.raises(MalformedRequest, match=r"byte 1"):
        require_utf8(b"a\xff")
