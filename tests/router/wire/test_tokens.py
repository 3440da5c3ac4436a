"""Token estimates from bytes."""

from router.wire.tokens import MESSAGE_TOKENS, SAFE_IMAGE_TOKENS, likely, safe, text_bytes


def test_counts_bytes_of_utf8():
    """Letters beyond ASCII count with all their bytes; a lone surrogate does not raise."""
    assert [text_bytes(text) for text in ("", "abc", "é", "日本", "😀", "\ud800")] == [0, 3, 2, 6, 4, 1]


def test_rounds_up_and_adds_messages_and_pictures():
    """Nothing is rounded away, and the safe estimate is never below the likely one."""
    assert [likely(size) for size in (0, 1, 4, 5)] == [0, 1, 1, 2]
    assert safe(7, messages=2, images=1) == 3 + 2 * MESSAGE_TOKENS + SAFE_IMAGE_TOKENS
    assert all(safe(size, images=1) >= likely(size, images=1) for size in range(100))
