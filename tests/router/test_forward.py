"""The shell: the row before the last byte, one row whatever happens, no fallback after the first byte."""

import asyncio
import json
from dataclasses import replace

import pytest

from classifier.tier import Tier
from router.catalog.catalog import Catalog
from router.errors import LedgerUnavailable, NoEligibleUpstream, UnknownModel, UpstreamTimeout
from router.forward import forward
from router.ledger.entry import EntryStatus, LedgerEntry
from router.ledger.watch import WatchedLedger
from router.policy.rules import Limits, Route, Rules
from router.ports import Ports, Receipt, Refusal
from router.shared_state.memory import MemoryState
from tests.fakes.completion import DONE, completion, stream_events, usage
from tests.fakes.reply import SSE, FakeReply, FakeSend
from tests.fakes.values import NOW, a_price, a_request, an_assessment, an_upstream

WHOLE = json.dumps(completion("Paris.", tokens=usage())).encode()
STREAM = stream_events(["Pa", "ris"], tokens=usage(12, 2))
SMALL = an_upstream("small")
LARGE = an_upstream("large", Tier.HARD, price=a_price("10", "20"))


class Client:
    """A client that notes what it gets, in the one journal that the ledger writes to as well."""

    def __init__(self, journal: list[str]) -> None:
        self.began = False
        self.left = False
        self.receipt: Receipt | None = None
        self.body = b""
        self._journal = journal

    async def begin(self, receipt: Receipt) -> None:
        self.began = True
        self.receipt = receipt
        self._journal.append("begin")

    async def write(self, data: bytes) -> None:
        self.body += data
        self._journal.append("write")

    async def end(self, data: bytes = b"") -> None:
        self.body += data
        self._journal.append("end")


class Ledger:
    """A ledger that notes each record, or refuses."""

    def __init__(self, journal: list[str], error: LedgerUnavailable | None = None) -> None:
        self.entries: list[LedgerEntry] = []
        self._journal = journal
        self._error = error

    async def record(self, entry: LedgerEntry) -> None:
        if self._error is not None:
            raise self._error
        await asyncio.sleep(0)
        self.entries.append(entry)
        self._journal.append("record")

    async def close(self) -> None:
        """Nothing is open."""


class Scene:
    """Everything one forwarded request needs."""

    def __init__(self, *plays, error: LedgerUnavailable | None = None, **limits) -> None:
        self.journal: list[str] = []
        self.client = Client(self.journal)
        self.ledger = Ledger(self.journal, error)
        self.send = FakeSend(*plays)
        bounds = Limits(**limits)
        self.ports = Ports(
            catalog=Catalog(upstreams=(SMALL, LARGE), baseline=LARGE),
            rules=Rules(routes={"auto": Route(name="auto")}),
            limits=bounds,
            size=lambda _prompt, _cuts: an_assessment(),
            send=self.send,
            ledger=WatchedLedger(self.ledger, asyncio.get_running_loop().time),
            state=MemoryState(bounds),
            clock=asyncio.get_running_loop().time,
            now=lambda: NOW,
            new_id=lambda: "dec-1",
        )

    async def play(self, **request) -> None:
        await forward(a_request(**request), self.client, self.ports)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_the_row_is_committed_before_the_last_byte(stream: bool) -> None:
    """A kill -9 after the last byte finds the row on the disk."""
    scene = Scene(FakeReply(*STREAM, headers=SSE) if stream else FakeReply(WHOLE))

    await scene.play(stream=stream)

    assert scene.journal[-2 if stream else -3 :][0] == "record"
    assert scene.journal[-1] == "end"
    assert scene.client.body.endswith(DONE if stream else WHOLE)
    [entry] = scene.ledger.entries
    assert (entry.status, entry.upstream, entry.usage.output) == (EntryStatus.OK, "small", 2 if stream else 7)
    assert entry.cost < entry.baseline_cost


async def test_a_whole_answer_knows_its_cost_before_it_begins() -> None:
    """The receipt of a whole answer has the cost of the row."""
    scene = Scene(FakeReply(WHOLE))

    await scene.play()

    assert scene.client.receipt.cost == scene.ledger.entries[0].cost is not None


async def test_a_broken_first_upstream_is_made_good_by_the_second_and_both_are_in_the_row() -> None:
    """One row with two attempts; the connection of the first was closed."""
    broken = FakeReply(b"<html>", headers={"content-type": "text/html"})
    scene = Scene(broken, FakeReply(WHOLE))

    await scene.play()

    [entry] = scene.ledger.entries
    assert [(attempt.upstream, attempt.ending) for attempt in entry.attempts] == [
        ("small", "broken"),
        ("large", "answered"),
    ]
    assert entry.reason == "fallback"
    assert broken.closed == 1


async def test_after_the_first_byte_there_is_an_error_event_and_no_second_upstream() -> None:
    """The row says interrupted and keeps what was used; no [DONE] follows."""
    scene = Scene(FakeReply(*STREAM[:2], headers=SSE, then=UpstreamTimeout("silence")))

    await scene.play(stream=True)

    assert b"[DONE]" not in scene.client.body
    assert b'"error"' in scene.client.body
    assert len(scene.send.calls) == 1
    [entry] = scene.ledger.entries
    assert (entry.status, entry.error_code, entry.usage.estimated) == (
        EntryStatus.INTERRUPTED,
        "upstream_timeout",
        True,
    )


async def test_when_nobody_answers_the_refusal_carries_the_receipt() -> None:
    """Nothing was sent; the error and the attempts are told together, and the row says failed."""
    scene = Scene(UpstreamTimeout("late"), UpstreamTimeout("late"))

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert (caught.value.error.status, caught.value.receipt.tries) == (504, 2)
    assert [(entry.status, entry.cost) for entry in scene.ledger.entries] == [(EntryStatus.FAILED, None)]
    assert not scene.client.began


async def test_the_deadline_bounds_everything() -> None:
    """A hanging answer ends at the deadline and its connection is closed."""
    hanging = FakeReply(hang=True)
    scene = Scene(hanging, deadline=0.02)

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert caught.value.error.status == 504
    assert hanging.closed == 1


async def test_a_client_that_left_is_accounted() -> None:
    """A cancelled exchange closes the upstream and leaves a row."""
    hanging = FakeReply(*STREAM[:3], headers=SSE, hang=True)
    scene = Scene(hanging)
    serving = asyncio.create_task(scene.play(stream=True))
    await asyncio.sleep(0.05)
    assert scene.client.began

    scene.client.left = True
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving

    assert hanging.closed == 1
    [entry] = scene.ledger.entries
    assert (entry.status, entry.attempts[0].ending) == (EntryStatus.CLIENT_CLOSED, "abandoned")


async def test_an_answer_that_cannot_be_accounted_is_not_given() -> None:
    """Without its row a whole answer is a 503 that names the ledger."""
    scene = Scene(FakeReply(WHOLE), error=LedgerUnavailable("disk full"))

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert (caught.value.error.status, caught.value.error.code) == (503, "ledger_unavailable")


async def test_after_that_the_next_request_costs_nothing() -> None:
    """While the ledger is known not to take rows, no upstream is called."""
    scene = Scene(FakeReply(WHOLE), error=LedgerUnavailable("disk full"))
    with pytest.raises(Refusal):
        await scene.play()

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert caught.value.error.code == "ledger_unavailable"
    assert len(scene.send.calls) == 1


async def test_a_stream_that_cannot_be_accounted_is_not_completed() -> None:
    """Without its row a stream ends in an error, not in [DONE]."""
    scene = Scene(FakeReply(*STREAM, headers=SSE), error=LedgerUnavailable("disk full"))

    await scene.play(stream=True)

    assert b"[DONE]" not in scene.client.body
    assert b"ledger_unavailable" in scene.client.body


@pytest.mark.parametrize(
    ("request_changes", "error"),
    [
        ({"model_asked": "nobody"}, UnknownModel),
        ({"needs": replace(a_request().needs, context_tokens=10**9)}, NoEligibleUpstream),
    ],
    ids=["unknown model", "too long for all"],
)
async def test_what_cannot_be_decided_is_refused_with_a_row_and_nothing_sent(
    request_changes: dict, error: type
) -> None:
    """A refusal before any call is accounted too."""
    scene = Scene()

    with pytest.raises(Refusal) as caught:
        await scene.play(**request_changes)

    assert isinstance(caught.value.error, error)
    assert [entry.status for entry in scene.ledger.entries] == [EntryStatus.REJECTED]
    assert scene.send.calls == []


async def test_an_end_that_never_comes_after_done_does_not_hold_the_client_up() -> None:
    """What follows [DONE] is waited for only after the client has everything, and not for long."""
    scene = Scene(FakeReply(*STREAM, headers=SSE, hang=True))

    async with asyncio.timeout(3):
        await scene.play(stream=True)

    assert scene.client.body.endswith(DONE)
    assert scene.ledger.entries[0].status is EntryStatus.OK
