"""A refusal keeps the error and what is told beside it."""

from router.errors import UnknownModel
from router.ports import Receipt, Refusal


def test_a_refusal_carries_both() -> None:
    """Status and receipt travel together to the edge."""
    receipt = Receipt(request_id="r", decision_id="d", decision=None, upstream=None, tries=0, overhead_ms=0.1)
    refusal = Refusal(UnknownModel("no such"), receipt)

    assert (refusal.error.status, refusal.receipt.decision_id, str(refusal)) == (404, "d", "no such")
