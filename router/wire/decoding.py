"""JSON to typed values; what does not fit is an error that names the field and the kind of value, never the value."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Raw

from router.errors import MalformedRequest

Buffer = bytes | Raw
T = TypeVar("T")

_PATH = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>\w+)`$")


def require_utf8(body: bytes) -> None:
    """Raise MalformedRequest unless `body` is UTF-8."""
    try:
        if not body.isascii():
            body.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequest(f"The body is not valid UTF-8 (byte {error.start}).") from None


def decoded(decode: Callable[[Buffer], T], data: Buffer, within: str = "", *, fix: str | None = None) -> T:
    """Return what `decode`, a msgspec decoder's, makes of `data`; MalformedRequest says what is wrong and where.

    `within` is the field of the body that `data` stands in, empty for the whole body; `fix` replaces the usual one.
    """
    try:
        return decode(data)
    except msgspec.ValidationError as error:
        raise misfit(error, within, fix=fix) from None
    except msgspec.DecodeError as error:
        raise MalformedRequest(f"The body is not one JSON object: {error}.", param=within or None, fix=fix) from None
    except RecursionError:
        raise MalformedRequest("The body is nested too deeply.", fix=fix) from None


def misfit(error: msgspec.ValidationError, within: str, *, fix: str | None = None) -> MalformedRequest:
    """Return the error for msgspec's, which names types and lengths but no values."""
    match = _PATH.match(str(error))
    what, path = (match["what"], match["path"] or "") if match else (str(error), "")
    missing = _MISSING.match(what)
    param = (within + path + (f".{missing['name']}" if missing else "")).lstrip(".")
    what = "it is required" if missing else what.replace("`", "").replace("Expected", "expected", 1)
    return MalformedRequest(f"'{param}': {what}." if param else f"The body: {what}.", param=param or None, fix=fix)
