"""Token buckets are inclusive and legal."""

import pytest

from router.usage import Usage


def test_parts_may_fill_the_whole() -> None:
    """All of the input may be cached, all of the output reasoning."""
    usage = Usage(input=10, output=4, cached_input=6, cache_write=4, reasoning=4)

    assert usage.cached_input == 6
    assert not usage.estimated


@pytest.mark.parametrize(
    "buckets",
    [
        {"input": -1, "output": 0},
        {"input": 1, "output": -1},
        {"input": 5, "output": 0, "cached_input": 6},
        {"input": 5, "output": 0, "cached_input": 3, "cache_write": 3},
        {"input": 5, "output": 1, "reasoning": 2},
    ],
    ids=["negative input", "negative output", "cached over input", "parts over input", "reasoning over output"],
)
def test_impossible_counts_are_refused(buckets: dict[str, int]) -> None:
    """A usage that exists adds up."""
    with pytest.raises(ValueError, match=r"negative|exceed"):
        Usage(**buckets)
