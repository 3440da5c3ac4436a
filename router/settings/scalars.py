"""The scalars of the operator's YAML: money, durations, tiers, names, references. Each refuses in words of its own."""

import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from classifier.tier import Tier
from router.settings.problems import meant
from router.upstreams.credentials import is_reference

_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(ms|s|m|h)?")
_KEEP = re.compile(r"([0-9]{1,6})\s*(d|h)")
_LONGEST_KEPT = timedelta(days=3650)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_LONGEST_SECONDS = 86_400.0
_DEAREST = Decimal(1_000_000)
_TIERS = tuple(tier.label for tier in Tier)
_ELEMENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")


_KEY_LIKE = re.compile(r"\b(?:sk|pk|key|nvapi|gsk|xai|fw|hf)[-_][A-Za-z0-9_-]{8,}|(?=[A-Za-z]*[0-9])[A-Za-z0-9]{28,}")
"""A key that got into a wrong field: it must not come back in a message."""

_NEARLY_REFERENCE = re.compile(r"""(?:os\.|process\.)?env(?:iron)?[./:(\["']+([A-Z_][A-Z0-9_]{0,63})["')\]]*""")
"""A variable named as programs name it. Its name is given back: it is in capitals, as keys are not."""

_REFERENCES = 'os.environ/NAME, $NAME, "${NAME}" (in quotes) or file:/path'

MOST_WORKERS = 256
"""Processes that may share an address."""


def shown(value: Any) -> str:
    """Name a value in a message: text in quotes, at most 60 characters; maps and lists by their kind."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if _KEY_LIKE.search(text):
        return "a text that looks like a key"
    return f"'{text[:60]}...'" if len(text) > 60 else f"'{text}'"


def _money(value: Any) -> Decimal:
    """Read USD per 1M tokens: a number, or one in quotes; never a float, so nothing is rounded."""
    refusal = f"A price is a number of USD per 1M tokens, 0 or more; it is {shown(value)}."
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal) or len(str(value)) > 40:
        raise ValueError(refusal)
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError(refusal) from None
    if not (amount.is_finite() and 0 <= amount <= _DEAREST):
        raise ValueError(refusal)
    return amount


def _seconds(value: Any) -> float:
    """Read a duration: `250ms`, `30s`, `5m`, `1h`, or a plain number of seconds."""
    found = None
    if not isinstance(value, bool) and isinstance(value, int | str | Decimal):
        found = _DURATION.fullmatch(str(value).strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0.0 < seconds <= _LONGEST_SECONDS:
        raise ValueError(f"A duration is written like 250ms, 30s or 5m, above 0 and at most 24h; it is {shown(value)}.")
    return seconds


def _tier(value: Any) -> Tier:
    """Read a tier's name."""
    if isinstance(value, Tier):
        return value
    if isinstance(value, str) and value in _TIERS:
        return Tier.parse(value)
    raise ValueError(f"{shown(value)} is not a tier (easy, medium, hard).{meant(str(value), _TIERS)}")


def _count(value: Any) -> int:
    """Read a whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 10**12:
        raise ValueError(f"It must be a whole number above 0; it is {shown(value)}.")
    return value


def _workers(value: Any) -> int:
    """Read a number of processes."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST_WORKERS:
        raise ValueError(f"The number of processes is from 1 to {MOST_WORKERS}; it is {shown(value)}.")
    return value


def _share(value: Any) -> float:
    """Read a probability."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 <= value <= 1:
        raise ValueError(f"A threshold is a probability between 0 and 1; it is {shown(value)}.")
    return float(value)


def _reference(value: Any) -> str:
    """Accept the name of a key, never a key. The value is not repeated: it may be the key itself."""
    if isinstance(value, str) and is_reference(value):
        return value
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError(f"It is empty. Write {_REFERENCES} here, or leave it out.")
    misspelt = _NEARLY_REFERENCE.fullmatch(value.strip()) if isinstance(value, str) else None
    if misspelt is not None:
        name = "NAME" if _KEY_LIKE.search(misspelt[1]) else misspelt[1]
        raise ValueError(f"A reference to a variable is written os.environ/{name}, with a slash.")
    raise ValueError(
        f"A key itself must not stand in this file. Write {_REFERENCES} here, and put the key into that variable or "
        "file."
    )


def _url(value: Any) -> str:
    """Accept an http(s) base URL without credentials or query; a reference to a variable is looked up later."""
    if isinstance(value, str) and is_reference(value) and not value.startswith("file:"):
        return value
    text = str(value).rstrip("/")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise ValueError("It is not a URL.") from None
    if "@" in parts.netloc:
        raise ValueError("A URL must not hold a user or a key. Use api_key for it.")
    if not isinstance(value, str) or parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("A base URL starts with http:// or https:// and ends before /chat/completions.")
    if parts.query or parts.fragment:
        raise ValueError("A base URL has no '?' and no '#'. Name the region or project in keys of their own.")
    if text.endswith("/chat/completions"):
        raise ValueError("A base URL ends before /chat/completions, which tierwise adds.")
    return text


def _day(value: Any) -> date:
    """Read a day such as 2026-11-01."""
    if not isinstance(value, date):
        raise ValueError(  # noqa: TRY004 - pydantic gathers ValueError only
            f"A day is written like 2026-11-01; it is {shown(value)}."
        )
    return value


def _listen(value: Any) -> str:
    """Accept HOST:PORT, an IPv6 host in brackets."""
    found = _HOST.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found[2]) > 65_535:
        raise ValueError(f"An address is HOST:PORT, such as 127.0.0.1:8080; it is {shown(value)}.")
    return str(value)


def _element(value: Any) -> str:
    """Accept the name of an element, as in <name>...</name>."""
    if not isinstance(value, str) or not _ELEMENT.fullmatch(value):
        raise ValueError(
            f"An element's name is a letter, then letters, digits, _ and -, at most 64, without < and >; it is "
            f"{shown(value)}."
        )
    return value


def _file(value: Any) -> Path:
    """Accept a path; ~ is the home directory."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError(f"A path is text; it is {shown(value)}.")
    return Path(value).expanduser()


def _keep(value: Any) -> timedelta:
    """Read how long something is kept: `30d`, `12h`."""
    found = _KEEP.fullmatch(value) if isinstance(value, str) else None
    kept = timedelta(**{{"d": "days", "h": "hours"}[found[2]]: int(found[1])}) if found else timedelta(0)
    if not timedelta(0) < kept <= _LONGEST_KEPT:
        raise ValueError(f"What is kept is kept for a time like 30d or 12h, at most 3650d; it is {shown(value)}.")
    return kept


Money = Annotated[Decimal, BeforeValidator(_money)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
TierName = Annotated[Tier, BeforeValidator(_tier)]
Count = Annotated[int, BeforeValidator(_count)]
Workers = Annotated[int, BeforeValidator(_workers)]
Share = Annotated[float, BeforeValidator(_share)]
Reference = Annotated[str, BeforeValidator(_reference)]
Url = Annotated[str, BeforeValidator(_url)]
Day = Annotated[date, BeforeValidator(_day)]
Listen = Annotated[str, BeforeValidator(_listen)]
Element = Annotated[str, BeforeValidator(_element)]
Keep = Annotated[timedelta, BeforeValidator(_keep)]
File = Annotated[Path, BeforeValidator(_file)]
