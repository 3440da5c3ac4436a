"""An answer over the limit is a broken answer to whoever asked for it."""

from router.wire.reply_limit import AnswerTooLarge


def test_it_is_told_as_a_broken_answer() -> None:
    """The client sees the status and the code of one."""
    assert (AnswerTooLarge("x").status, AnswerTooLarge("x").code) == (502, "upstream_broken")
