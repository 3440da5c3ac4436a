"""The steps of an exchange: what is told beside the answer, and an attempt that fails on this side."""

from dataclasses import replace

import pytest

from router.exchange import Exchange
from router.policy.outcome import Outcome
from router.ports import Refusal
from router.shared_state.memory import MemoryState
from tests.fakes.lossy import LossyAside
from tests.fakes.ports import some_ports
from tests.fakes.reply import FakeReply
from tests.fakes.scene import WHOLE, Scene
from tests.fakes.values import a_request


async def test_the_receipt_before_anything_was_tried() -> None:
    """Ids are there from the start; nobody was called."""
    receipt = Exchange(a_request(), some_ports(), 0.0).receipt()

    assert (receipt.request_id, receipt.decision_id, receipt.tries, receipt.upstream) == ("req-1", "id-1", 0, None)


class NotingState(MemoryState):
    """Keeps whose health was told of an outcome, and who was let go without one."""

    noted: tuple[str, ...] = ()
    released: tuple[str, ...] = ()

    def note(self, upstream: str, outcome: Outcome, begun: float, now: float) -> None:
        """Keep the name."""
        self.noted += (upstream,)
        super().note(upstream, outcome, begun, now)

    def release(self, upstream: str) -> None:
        """Keep the name."""
        self.released += (upstream,)
        super().release(upstream)


async def test_a_call_that_could_not_be_built_for_want_of_its_process_is_no_upstream_s_fault() -> None:
    """The client may try again; nobody's health learns of it, and whoever was let through for a trial is let go."""
    scene = Scene(FakeReply(WHOLE))
    state = NotingState(scene.ports.limits)
    scene.ports = replace(scene.ports, aside=LossyAside(), state=state)

    with pytest.raises(Refusal) as caught:
        await scene.play(large=True)

    assert (caught.value.error.status, caught.value.error.retry_after, scene.send.calls) == (503, 1.0, [])
    assert (state.noted, state.released) == ((), ("small", "large"))
    [entry] = scene.ledger.entries
    assert [attempt.ambiguous for attempt in entry.attempts] == [False, False]
