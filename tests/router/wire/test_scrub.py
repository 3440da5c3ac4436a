"""An upstream's words lose what must not reach a client."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.wire.scrub import LONGEST, listed, plain_word, scrub

SECRETS = [
    "sk-proj-abcDEF1234567890",
    "sk-****************abcd",
    "nvapi-0123456789abcdef",
    "org-AbCdEf123456",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefg",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def",
    "https://api.example.com/v1/chat?key=1",
    "postgres://user:pass@db/x",
    "api.openai.com",
    "gpu-7.internal:8000/v1",
    "10.0.0.7:8000",
    "ops@example.com",
    "arn:aws:iam::123456789012:user/x",
    "Bearer abc",
    "f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "0123456789abcdef0123456789abcdef",
    "api_key=hunter2hunter2",
    "token: a1b2c3d4e5",
    "123456789012",
    "localhost:8000",
    "localhost:8000/v1/models",
    "[2001:db8::1]:8000",
    "[::1]:8000",
    "[fe80::1%25eth0]:80",
    "2001:db8::1",
    "2001:DB8:0:0::",
    "2001:0db8:0000:0000:0000:ff00:0042:8329",
    "fe80::1%eth0",
    "fd12:3456::ab:1",
    "::1",
    "::ffff:10.0.0.7",
]

ACCOUNTS = [
    ("organization ", "acme-corp"),
    ("organization ", "org-AbCdEf123456"),
    ("Organization: ", "acme_corp"),
    ("project ", "proj_abc"),
    ("project ", "123456789012"),
    ("project_id=", "acme-prod-1"),
    ("tenant id: ", "contoso-7"),
    ("workspace ", "ws12345"),
]

INNOCENT = [
    "the project proposal at 12:30 or 12:30:45, project 2, project name missing, organization chart, tenant: null",
    "std::vector, ::std::move, a::b, a1::b2, feed::add, dead::beef, f64::MAX, crate::de::Error, Foo::Bar::baz1()",
    "x[::2], x[1::2], f()[1::2], x[1:2], [12:30], [::-1], test_a.py::test_1",
    "step 1:: go, 00:11:22:33:44:55, localhost, 4:3, 16:9:1",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_removes(secret):
    """Keys, addresses and accounts are gone, the words around them stay."""
    assert scrub(f"Refused for {secret} today") == "Refused for [...] today"


@pytest.mark.parametrize(("word", "name"), ACCOUNTS)
@pytest.mark.parametrize("quote", ["", "'", "`"])
def test_removes_the_names_of_accounts(word, name, quote):
    """What is named is gone, what it was stays."""
    assert (
        scrub(f"Limit reached in {word}{quote}{name}{quote} today")
        == f"Limit reached in {word}{quote}[...]{quote} today"
    )


def test_removes_addresses_from_a_list():
    """A bracket that is not an address's own changes nothing."""
    assert scrub("Tried [2001:db8::1, 2001:db8::2] and (::1)") == "Tried [[...], [...]] and ([...])"


@pytest.mark.parametrize("text", INNOCENT)
def test_keeps_what_only_looks_like_an_address_or_an_account(text):
    """Times, slices, names with two colons and plain words after "project" are the client's own."""
    assert scrub(text) == text


def test_keeps_plain_words():
    """Ordinary messages and field names are not mangled."""
    text = "Invalid value for 'messages[0].content': expected a string, e.g. \"hi\" (max_tokens <= 4096, json_schema)."
    assert scrub(text) == text


@settings(deadline=None)
@given(st.text(max_size=3 * LONGEST))
def test_gives_one_short_line(text):
    """Whatever comes in, one line of bounded length comes out."""
    line = scrub(text)
    assert len(line) <= LONGEST
    assert "\n" not in line
    assert "\x00" not in line


def test_takes_codes_and_names_only():
    """A code is a short word; a sentence, a key or another type is none."""
    assert plain_word("context_length_exceeded") == "context_length_exceeded"
    assert plain_word("messages[0].role") == "messages[0].role"
    assert [plain_word(value) for value in (400, None, "two words", "", "sk-abcdefgh12345", "x" * 65)] == [None] * 6


def test_ids_are_listed_where_they_are_plain() -> None:
    """A client finds its own ids in an error; free text and long lists stay out of it."""
    assert listed(["toolu_1", "functions.f:0", "a b"]) == "toolu_1, functions.f:0, (another)"
    assert listed([str(number) for number in range(9)]) == "0, 1, 2, 3, 4, 5, 6, 7, ..."
