"""What is kept of a call before it leaves, and the row that it becomes."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.ledger.entry import Attempt, CostSource, EntryStatus, Paid
from router.ledger.intent import decode, encode
from tests.fakes.ledger import an_intent

ROOM = 1021


def test_what_was_paid_before_is_in_its_cost() -> None:
    """The first answer of two was paid, the second may have been: what is known is an estimate of the whole."""
    paid = Paid(input_tokens=1, output_tokens=2, cost=Decimal("0.5"), cost_source=CostSource.COMPUTED)
    first = Attempt(upstream="small", provider="house", ending="invalid", paid=paid)

    entry = msgspec.structs.replace(an_intent(), attempts=(first,)).entry()

    assert (entry.cost, entry.cost_source) == (Decimal("0.5"), CostSource.ESTIMATED)


def test_its_row_is_interrupted_and_its_cost_unknown() -> None:
    """Nobody knows what the upstream did: no cost, the prompt's own estimate, and an attempt that says unknown."""
    earlier = Attempt(upstream="small", provider="house", ending="timeout", latency_ms=5.0)
    entry = an_intent(attempts=(earlier,)).entry()

    assert (entry.status, entry.error_code, entry.cost, entry.cost_source) == (
        EntryStatus.INTERRUPTED,
        "process_died",
        None,
        CostSource.UNKNOWN,
    )
    assert (entry.usage.input, entry.usage.output, entry.usage.estimated) == (300, 0, True)
    assert [attempt.ending for attempt in entry.attempts] == ["timeout", "unknown"]


@given(st.text(max_size=400), st.text(max_size=200), st.integers(0, 20))
def test_every_intent_has_room_and_keeps_its_id(model: str, caller: str, tried: int) -> None:
    """However long its texts are; what fits comes back as it was."""
    model, caller = (text.encode("utf-8", "replace").decode() for text in (model, caller))
    attempts = (Attempt(upstream="u" * 60, provider="p" * 60, ending="broken"),) * tried
    intent = an_intent(model_asked=model, caller=caller, attempts=attempts)

    data = encode(intent, ROOM)
    back = decode(data)

    assert len(data) <= ROOM
    assert back is not None
    assert back.decision_id == intent.decision_id
    if len(msgspec.json.encode(intent)) <= ROOM:
        assert back == intent


@pytest.mark.parametrize("cut", [0, 1, 50, 100])
def test_what_was_cut_short_is_none(cut: int) -> None:
    """A process that died while it wrote had not sent anything yet."""
    assert decode(encode(an_intent(), ROOM)[:cut]) is None
