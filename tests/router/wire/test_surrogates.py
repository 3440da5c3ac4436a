"""Halves of surrogate pairs are read as U+FFFD, whole pairs and escaped backslashes as they are."""

import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.surrogates import lenient, whole

CASES = {
    rb'"\ud83d"': rb'"\ufffd"',
    rb'"\uDE00 x"': rb'"\ufffd x"',
    rb'"\ud83d\ude00"': rb'"\ud83d\ude00"',
    rb'"\ud83d\ud83d\ude00"': rb'"\ufffd\ud83d\ude00"',
    rb'"\ude00\ud83d"': rb'"\ufffd\ufffd"',
    rb'"\\ud83d"': rb'"\\ud83d"',
    rb'"\\\ud83d"': rb'"\\\ufffd"',
    rb'"\n\ud83d\n"': rb'"\n\ufffd\n"',
    rb'"\ud83d\\ude00"': rb'"\ufffd\\ude00"',
}


@pytest.mark.parametrize("given_json", CASES)
def test_halves_are_replaced_and_nothing_else(given_json: bytes) -> None:
    """A pair, and what only looks like a half behind an escaped backslash, stay."""
    assert whole(given_json) == CASES[given_json]


@given(st.lists(st.sampled_from(["\ud83d", "\ude00", "\\", '"', "u", "d83d", "\n", "é"])))
def test_any_json_text_can_be_read(parts: list[str]) -> None:
    """What comes out is what was written, with U+FFFD for each half that has no partner."""
    written = json.dumps("".join(parts))
    expected = re.sub("[\ud800-\udfff]", "\ufffd", json.loads(written))

    assert lenient(msgspec.json.Decoder(str).decode)(written.encode()) == expected


def test_what_is_malformed_stays_malformed() -> None:
    """Nothing else is forgiven."""
    with pytest.raises(msgspec.DecodeError):
        lenient(msgspec.json.Decoder(str).decode)(rb'"\ud83d')
