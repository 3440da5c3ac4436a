from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from classifier.tier import Tier
from router.settings.scalars import (
    Count,
    Day,
    Element,
    File,
    Keep,
    Listen,
    Money,
    Reference,
    Seconds,
    Share,
    TierName,
    Url,
    Workers,
    shown,
)

GOOD = [
    (Money, 0, Decimal(0)),
    (Money, Decimal("0.141953"), Decimal("0.141953")),
    (Money, "0.60", Decimal("0.60")),
    (Seconds, "250ms", 0.25),
    (Seconds, "30s", 30.0),
    (Seconds, "5m", 300.0),
    (Seconds, "1h", 3600.0),
    (Seconds, Decimal("2.5"), 2.5),
    (Seconds, 600, 600.0),
    (Keep, "30d", timedelta(days=30)),
    (Keep, "12h", timedelta(hours=12)),
    (TierName, "hard", Tier.HARD),
    (Count, 1, 1),
    (Workers, 4, 4),
    (Share, Decimal("0.5"), 0.5),
    (Share, 1, 1.0),
    (Reference, "os.environ/KEY", "os.environ/KEY"),
    (Reference, "${KEY}", "${KEY}"),
    (Reference, "file:/run/key", "file:/run/key"),
    (Url, "https://api.mistral.ai/v1/", "https://api.mistral.ai/v1"),
    (Url, "http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
    (Url, "os.environ/VLLM_BASE", "os.environ/VLLM_BASE"),
    (Listen, "127.0.0.1:8080", "127.0.0.1:8080"),
    (Listen, "[::1]:80", "[::1]:80"),
    (Element, "my-reminder_2", "my-reminder_2"),
]

BAD = [
    (Money, -1, "0 or more"),
    (Money, "cheap", "number of USD"),
    (Money, True, "number of USD"),
    (Money, 0.1, "number of USD"),
    (Money, "NaN", "number of USD"),
    (Money, "Infinity", "number of USD"),
    (Money, "1e30", "number of USD"),
    (Money, "9" * 50, "number of USD"),
    (Money, None, "it is nothing"),
    (Seconds, "soon", "250ms, 30s or 5m"),
    (Seconds, 0, "above 0"),
    (Keep, "0d", "30d or 12h"),
    (Keep, "3651d", "3650d"),
    (Keep, 30, "30d or 12h"),
    (Seconds, "-3s", "250ms"),
    (Seconds, "25h", "at most 24h"),
    (Seconds, True, "250ms"),
    (TierName, "hrad", "Did you mean 'hard'?"),
    (TierName, 2, "is not a tier"),
    (Count, 0, "above 0"),
    (Count, True, "whole number"),
    (Count, Decimal("1.5"), "whole number"),
    (Workers, 0, "from 1 to 256"),
    (Workers, 257, "it is '257'"),
    (Workers, True, "from 1 to 256"),
    (Workers, "2", "from 1 to 256"),
    (Share, Decimal("1.1"), "between 0 and 1"),
    (Share, "half", "between 0 and 1"),
    (Reference, "sk-abc", "must not stand in this file"),
    (Reference, 12345, "must not stand in this file"),
    (Reference, "sk-abc", 'os.environ/NAME, $NAME, "${NAME}" (in quotes) or file:/path'),
    (Reference, "os.environ/sk-abc", "must not stand in this file"),
    (Reference, "", "It is empty. Write os.environ/NAME"),
    (Reference, "  ", "or leave it out"),
    (Reference, None, "It is empty."),
    (Reference, "os.environ.ACME_KEY", "is written os.environ/ACME_KEY, with a slash"),
    (Reference, "os.environ['ACME_KEY']", "is written os.environ/ACME_KEY, with a slash"),
    (Reference, "process.env.ACME_KEY", "is written os.environ/ACME_KEY, with a slash"),
    (Reference, "env:ACME_KEY", "is written os.environ/ACME_KEY, with a slash"),
    (Reference, "os.environ.ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", "is written os.environ/NAME, with a slash"),
    (Element, "<rules>", "without < and >"),
    (Element, "", "it is ''"),
    (Element, "a" * 65, "at most 64"),
    (Element, 7, "it is '7'"),
    (Url, "api.mistral.ai/v1", "starts with http"),
    (Url, "ftp://host/v1", "starts with http"),
    (Url, "https://user:pass@host/v1", "must not hold a user or a key"),
    (Url, "https://host/v1?key=abc", "no '?'"),
    (Url, "https://host/v1/chat/completions", "ends before /chat/completions"),
    (Url, "https://host:99999/v1", "not a URL"),
    (Url, "file:/etc/x", "starts with http"),
    (Url, 5, "starts with http"),
    (Day, "yesterday", "like 2026-11-01"),
    (Listen, "8080", "HOST:PORT"),
    (Listen, "127.0.0.1:99999", "HOST:PORT"),
    (File, 5, "path is text"),
    (File, "", "path is text"),
]


@pytest.mark.parametrize(("kind", "value", "expected"), GOOD, ids=str)
def test_accepted(kind, value, expected):
    """A scalar is read exactly."""
    found = TypeAdapter(kind).validate_python(value)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(("kind", "value", "expected"), BAD, ids=str)
def test_refused(kind, value, expected):
    """A scalar that cannot be meant is refused in words of our own."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    assert expected in str(raised.value.errors()[0]["ctx"]["error"])


@pytest.mark.parametrize(("kind", "value"), [(Reference, "sk-abc-secret"), (Url, "https://me:secret@host/v1")])
def test_what_may_be_a_key_is_not_repeated(kind, value):
    """The sentence of a refused key or URL does not hold it."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(kind).validate_python(value)
    assert "secret" not in str(raised.value.errors()[0]["ctx"]["error"])


def test_home_directory():
    """A path may begin with the home directory."""
    assert TypeAdapter(File).validate_python("~/x.db") == Path.home() / "x.db"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("a", "'a'"), (None, "nothing"), ({}, "a map"), ([1], "a list"), (True, "'true'"), ("x" * 70, f"'{'x' * 60}...'")],
)
def test_shown(value, expected):
    """A value in a message is short, and a container is named only."""
    assert shown(value) == expected


@given(st.decimals(min_value=0, max_value=1000, places=6))
def test_money_is_exact(amount):
    """Money that is written with a point is the same number afterwards."""
    assert TypeAdapter(Money).validate_python(str(amount)) == amount
