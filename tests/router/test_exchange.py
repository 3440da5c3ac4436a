"""The steps of an exchange: what is told beside the answer."""

from router.exchange import Exchange
from tests.fakes.ports import some_ports
from tests.fakes.values import a_request


async def test_the_receipt_before_anything_was_tried() -> None:
    """Ids are there from the start; nobody was called."""
    receipt = Exchange(a_request(), some_ports(), 0.0).receipt()

    assert (receipt.request_id, receipt.decision_id, receipt.tries, receipt.upstream) == ("req-1", "id-1", 0, None)
