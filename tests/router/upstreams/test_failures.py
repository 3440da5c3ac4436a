"""Each failure names the provider and nothing else of the far end."""

import pytest

from router.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from router.upstreams import failures


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (failures.unreachable("alpha", "it left"), UpstreamUnreachable, "'alpha' could not be reached: it left."),
        (failures.no_headers("alpha", 120.0), UpstreamTimeout, "'alpha' did not begin to answer within 120 seconds."),
        (failures.idle("alpha", 0.5), UpstreamTimeout, "'alpha' stopped sending for 0.5 seconds."),
        (failures.broken("alpha", "it is odd"), UpstreamBroken, "answer of provider 'alpha' is broken: it is odd."),
    ],
)
def test_a_failure_is_told_in_a_sentence(error, kind, text):
    """The kind says what to do next, the sentence what happened."""
    assert type(error) is kind
    assert str(error).endswith(text)
