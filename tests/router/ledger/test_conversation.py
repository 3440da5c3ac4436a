"""A kept response as a value."""

from router.ledger.conversation import KeptResponse
from tests.fakes.values import NOW


def test_what_was_said_is_not_shown() -> None:
    """A traceback or a log line names the response alone."""
    kept = KeptResponse(id="resp_1", caller="me", at=NOW, previous=None, items=b"canary", response=b"canary")

    assert repr(kept) == "KeptResponse('resp_1')"
