import os
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.errors import SettingsInvalid
from router.settings.document import SIZE_LIMIT_BYTES, parse, read


@dataclass(frozen=True)
class Case:
    id: str
    raw: bytes
    expected: str


BROKEN = (
    Case("empty", b"", "it is empty"),
    Case("a list", b"- a\n- b\n", "must be a map"),
    Case("text", b"hello\n", "must be a map"),
    Case("anchor", b"a: &x 1\n", "Line 1: anchors (&) and aliases (*)"),
    Case("alias", b"a: 1\nb: *a\n", "Line 2: anchors (&) and aliases (*)"),
    Case("tag", b"a: !!python/object/apply:os.system [ls]\n", "Line 1: tags (!)"),
    Case("own tag", b"a: !env NAME\n", "Line 1: tags (!)"),
    Case("twice", b"a: 1\nb: 2\na: 3\n", "Line 3: 'a' stands here twice"),
    Case("twice inside", b"a:\n  b: 1\n  b: 2\n", "Line 3: 'b' stands here twice"),
    Case("tab", b"a:\n\tb: 1\n", "Line 2 is indented with a tab"),
    Case("not UTF-8", b"a: 1\nb: \xff\n", "Line 2 is not UTF-8"),
    Case("half a character", b'a: "\xed\xa0\x80"\n', "Line 1 is not UTF-8"),
    Case("UTF-16", "a: 1\n".encode("utf-16"), "is not UTF-8"),
    Case("NUL", b"a: \x00\n", "a control character"),
    Case("unclosed", b"a: [1,\n", "is not YAML"),
    Case("colon in a value", b"a: b: c\n", "Line 1, column 5 is not YAML"),
    Case("two documents", b"a: 1\n---\nb: 2\n", "Line 2, column 1 is not YAML"),
    Case("too deep", b"[" * 4000, "nested deeper than 32 levels"),
    Case("a map as a key", b"? [a]\n: 1\n", "a key must be one word"),
    Case("no such day", b"a: 2026-13-45\n", "2026-13-45 is not a day"),
    Case("too large", b"# " + b"x" * SIZE_LIMIT_BYTES, "larger than 1,000,000 bytes"),
)


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_broken_bytes(case):
    """What cannot be one of our files is refused in plain words that name the line."""
    with pytest.raises(SettingsInvalid) as raised:
        parse(case.raw, "x.yaml")
    assert case.expected in raised.value.problems[0]
    assert "x.yaml" in raised.value.problems[0]


NEIGHBOURS = "is probably indented differently from its neighbours"
QUOTES = '${NAME} has to stand in quotes: "${NAME}". Or write os.environ/NAME.'
HINTED = (
    Case("less than the line above", b"a:\n    b: 1\n  c: 2\n", NEIGHBOURS),
    Case("more than the key above", b"a:\n  b: {c: 1}\n   d: {c: 2}\n", NEIGHBOURS),
    Case("more than the value above", b"a:\n  b: 1\n   c: 2\n", NEIGHBOURS),
    Case("in a list", b"a:\n  - b: 1\n     c: 2\n", NEIGHBOURS),
    Case("at the top", b" a: 1\nb: 2\n", NEIGHBOURS),
    Case("a reference in a flow map", b"a: {b: ${NAME}}\n", QUOTES),
    Case("a reference in a flow list", b"a: [\n  ${NAME}\n]\n", QUOTES),
    Case("a reference that is indented wrongly", b"a:\n  b: 1\n   c: ${NAME}\n", NEIGHBOURS),
)


@pytest.mark.parametrize("case", HINTED, ids=lambda case: case.id)
def test_what_was_probably_meant(case):
    """Where the library's words do not tell what is wrong, a sentence of ours does."""
    with pytest.raises(SettingsInvalid) as raised:
        parse(case.raw, "x.yaml")
    assert case.expected in raised.value.problems[0]


@pytest.mark.parametrize("raw", [b'a: "x" y\n', b"a: {b: 1}}\n", b"a: b: c\n", b'a: {b: "${N}", c: d: e}\n'])
def test_nothing_is_guessed_without_a_sign(raw):
    """What is neither a matter of spaces nor of a reference is told in the library's words alone."""
    with pytest.raises(SettingsInvalid) as raised:
        parse(raw, "x.yaml")
    assert "indented" not in raised.value.problems[0]
    assert "quotes" not in raised.value.problems[0]


def test_scalars_hold_no_surprise():
    """Only true and false are booleans, numbers with a point stay exact, and a clock time is text."""
    text = """
    country: no
    switch: on
    clock: 12:30
    yes_it_is: true
    price: 0.1
    small: .5
    count: 10_000
    octal: 0123
    day: 2026-11-21
    quoted: "2026-11-21"
    number_in_quotes: '3'
    nothing:
    tilde: ~
    huge: 99999999999999999999999999999999999999999999999999
    version: 1.2.3
    """
    assert parse(text.encode(), "x").data == {
        "country": "no",
        "switch": "on",
        "clock": "12:30",
        "yes_it_is": True,
        "price": Decimal("0.1"),
        "small": Decimal("0.5"),
        "count": 10_000,
        "octal": 123,
        "day": date(2026, 11, 21),
        "quoted": "2026-11-21",
        "number_in_quotes": "3",
        "nothing": None,
        "tilde": None,
        "huge": "99999999999999999999999999999999999999999999999999",
        "version": "1.2.3",
    }


def test_lines_of_keys_and_items():
    """Every key and every list item knows its line."""
    lines = parse(b"a:\n  b: 1\n  c:\n    - x\n    - y\n", "x").lines
    assert lines == {("a",): 1, ("a", "b"): 2, ("a", "c"): 3, ("a", "c", 0): 4, ("a", "c", 1): 5}


def test_all_doubles_are_named():
    """Two keys that stand twice are two problems of one error."""
    with pytest.raises(SettingsInvalid) as raised:
        parse(b"a: 1\na: 2\nb: 1\nb: 2\n", "x")
    assert len(raised.value.problems) == 2


def test_a_syntax_error_does_not_quote_the_file():
    """A key on the broken line does not come back in the message."""
    with pytest.raises(SettingsInvalid) as raised:
        parse(b"api_key: sk-verysecret: x\n", "x")
    assert "verysecret" not in str(raised.value)


def test_a_byte_order_mark_is_no_problem():
    """Editors that write one are forgiven."""
    assert parse(b"\xef\xbb\xbfa: 1\n", "x").data == {"a": 1}


def test_read_says_that_there_is_no_file(tmp_path):
    """A missing file, a folder, and a pipe, which would be waited for, are refused by name."""
    os.mkfifo(tmp_path / "pipe")
    where = {tmp_path / "none.yaml": "no such file", tmp_path: "no regular file", tmp_path / "pipe": "no regular file"}
    for path, expected in where.items():
        with pytest.raises(SettingsInvalid, match=expected):
            read(path, "mine.yaml")


def test_read_stops_at_the_limit(tmp_path):
    """A file beyond the limit is refused without being parsed."""
    path = tmp_path / "big.yaml"
    path.write_bytes(b"a: 1\n" * 300_000)
    with pytest.raises(SettingsInvalid, match="larger than"):
        read(path, "big.yaml")


def outcome(raw):
    """Return the kind of data that was read, or the problems."""
    try:
        return type(parse(raw, "x").data).__name__
    except SettingsInvalid as error:
        return error.problems


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw):
    """No bytes lead to anything but a document or SettingsInvalid."""
    assert outcome(raw)


@given(st.text(alphabet="ab:-[]{}!&*'\"\n\t #|>0.,", max_size=80))
def test_any_text_is_read_or_refused(text):
    """The same for text that looks like YAML."""
    assert outcome(text.encode())
