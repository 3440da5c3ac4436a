"""A body that is kept until it is whole: bounded, and judged once."""

import pytest

from router.errors import UpstreamBroken
from router.wire.whole_body import WholeBody


class Echo(WholeBody):
    """Takes every body but an empty one for an answer."""

    def _judged(self, body: bytes) -> bytes:
        if not body:
            raise UpstreamBroken("Nothing came.")
        self.began = True
        return body


def test_nothing_is_given_out_before_the_end() -> None:
    """Pieces are kept; the whole comes with the end."""
    reader = Echo(10)

    assert [reader.feed(b"ab"), reader.feed(b"cd")] == [b"", b""]
    assert not reader.finished
    assert reader.finish() == b"abcd"
    assert reader.finished


def test_a_body_past_its_limit_fails_for_good() -> None:
    """The failure comes at once and stays."""
    reader = Echo(3)

    with pytest.raises(UpstreamBroken, match="larger than 3 bytes"):
        reader.feed(b"abcd")
    for again in (lambda: reader.feed(b"e"), reader.finish):
        with pytest.raises(UpstreamBroken, match="larger than 3 bytes"):
            again()


def test_what_is_no_answer_is_a_failure_that_is_kept() -> None:
    """Who asks again gets the same."""
    reader = Echo(3)

    with pytest.raises(UpstreamBroken) as caught:
        reader.finish()

    assert reader.failure is caught.value
    assert not reader.began
