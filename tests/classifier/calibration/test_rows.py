"""Lines of JSON to labelled prompts."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.calibration.rows import RowsInvalid, parse
from classifier.prompt import Turn
from classifier.tier import Tier

SECRET = "my very private words"


def test_the_forms_of_a_row():
    """A prompt or messages, a tier or qualities or neither; unknown members do no harm."""
    parts = [{"type": "text", "text": "t"}, {"type": "image_url"}]
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": parts}]
    quality = {"easy": 0, "medium": 0.5, "hard": 1}
    lines = (
        b'\xef\xbb\xbf{"prompt": "hi", "tier": "easy", "id": 7}',
        b"  ",
        json.dumps({"messages": messages, "tools": [{}, {}], "quality": quality}).encode() + b"\r",
        b'{"prompt": ""}',
    )
    first, second, third = parse(lines)
    assert (first.line, first.tier, first.quality, first.prompt.turns) == (1, Tier.EASY, None, (Turn("user", "hi"),))
    assert (second.line, second.tier, second.quality) == (3, None, (0.0, 0.5, 1.0))
    assert (second.prompt.turns[-1].text, second.prompt.images, second.prompt.tools) == ("t", 1, 2)
    assert (third.line, third.tier, third.quality) == (4, None, None)


def test_a_conversation_with_calls_is_a_prompt_for_each():
    """Each call sees the messages up to it."""
    messages = [{"role": role, "content": role} for role in ("user", "assistant", "tool", "user")]
    calls = [{"upto": 1, "tier": "easy"}, {"upto": 3, "tier": "hard"}]
    rows = parse([json.dumps({"messages": messages, "calls": calls}).encode()])
    assert [(len(row.prompt.turns), row.tier) for row in rows] == [(1, Tier.EASY), (3, Tier.HARD)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"prompt": "my very private words", "tier": "huge"}', "easy, medium, hard"),
        (b'{"prompt": "my very private words", "tier": ["easy"]}', "easy, medium, hard"),
        (b'{"prompt": "my very private words", "quality": 1}', "between 0 and 1"),
        (b'{"prompt": "my very private words", "quality": {"easy": 1, "medium": 1}}', "between 0 and 1"),
        (b'{"prompt": "my very private words", "quality": {"easy": 1, "medium": 2, "hard": 1}}', "between 0 and 1"),
        (b'{"prompt": "my very private words", "quality": {"easy": 1, "medium": true, "hard": 1}}', "between 0 and 1"),
        (b'{"prompt": "my very private words", "quality": {"easy": NaN, "medium": 1, "hard": 1}}', "between 0 and 1"),
        (b'{"text": "my very private words", "tier": "easy"}', "no prompt"),
        (b'{"prompt": 3, "tier": "easy"}', "no prompt"),
        (b'{"messages": "my very private words", "tier": "easy"}', '"messages" must be'),
        (b'{"messages": ["my very private words"], "tier": "easy"}', '"messages" must be'),
        (b'{"messages": [], "tier": "easy"}', '"messages" must be'),
        (b'{"messages": [{}], "calls": {"upto": 1}}', '"calls" must be'),
        (b'{"messages": [{}], "calls": [{"upto": 2, "tier": "easy"}]}', '"upto"'),
        (b'{"messages": [{}], "calls": [{"upto": true, "tier": 1}]}', "its tier"),
        (b'{"prompt": "my very private words"', "not JSON"),
        (b"my very private words", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'"my very private words"', "a text, not an object"),
        (b"[1]", "a list, not an object"),
        (b"null", "null, not an object"),
        (b"17", "a number, not an object"),
        (b'{"prompt": "\xff"}', "UTF-8"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_fix_and_not_quoted(line, words):
    """What is wrong stands in one sentence without a word of the prompt."""
    with pytest.raises(RowsInvalid) as caught:
        parse([b'{"prompt": "fine", "tier": "easy"}', line])
    (problem,) = caught.value.problems
    assert problem.startswith("Line 2: ")
    assert words in problem
    assert SECRET not in problem


def test_all_bad_lines_are_told_at_once():
    """Nobody mends a file one line a run."""
    with pytest.raises(RowsInvalid) as caught:
        parse([b"{", b'{"prompt": "fine"}', b"}"])
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["Line 1", "Line 3"]


def test_an_empty_file_is_told_what_belongs_into_it():
    """Not an empty result."""
    with pytest.raises(RowsInvalid, match='"prompt"'):
        parse([b"", b" \t"])


@given(content=st.binary(max_size=200))
def test_any_bytes_are_rows_or_told(content):
    """Nothing else escapes."""
    problems: tuple[str, ...] = ()
    rows = ()
    try:
        rows = parse(content.split(b"\n"))
    except RowsInvalid as invalid:
        problems = invalid.problems
    assert bool(rows) != bool(problems)
