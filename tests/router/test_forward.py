"""The shell: the row before the last byte, one row whatever happens, no fallback after the first byte."""

import asyncio
import re
from dataclasses import replace

import pytest

from router.api.inbound import read
from router.catalog.catalog import Catalog
from router.errors import NoEligibleUpstream, UnknownModel, UpstreamTimeout
from router.forward import Deadline, forward
from router.ledger.entry import EntryStatus
from router.policy.outcome import Lack
from router.ports import Refusal
from router.shared_state.memory import MemoryState
from tests.fakes.completion import DONE
from tests.fakes.reply import SSE, FakeReply
from tests.fakes.scene import LARGE, STREAM, WHOLE, Scene
from tests.fakes.values import a_provider, a_request, an_upstream


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


async def test_what_the_upstream_cannot_be_asked_is_told() -> None:
    """The receipt names the members of the request that the serving upstream's dialect has no word for."""
    scene = Scene(FakeReply(WHOLE))
    strict = an_upstream("small", provider=a_provider("mistral", kind="mistral"))
    scene.ports = replace(scene.ports, catalog=Catalog(upstreams=(strict,)))
    body = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"logit_bias":{"1":5}}'

    await forward(read(body, request_id="r", caller="me"), scene.client, scene.ports, scene.ports.clock())

    assert scene.client.receipt.dropped == ("logit_bias",)


async def test_a_client_that_reads_slowly_is_waited_for() -> None:
    """What cannot be sent at once is written, in order, and the rest follows."""
    scene = Scene(FakeReply(*STREAM, headers=SSE))
    scene.client.full = True

    await scene.play(stream=True)

    quick = Scene(FakeReply(*STREAM, headers=SSE))
    await quick.play(stream=True)
    assert scene.client.body == quick.client.body
    assert scene.journal == quick.journal


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
        "upstream_stream_interrupted",
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


async def test_a_client_that_does_not_read_its_last_words_is_not_waited_for() -> None:
    """The response stays incomplete, so that the server closes the connection; the row says interrupted."""
    scene = Scene(FakeReply(*STREAM[:2], headers=SSE, then=UpstreamTimeout("silence")))
    scene.client.deaf = True
    await scene.play(stream=True)

    assert "end" not in scene.journal
    assert [entry.status for entry in scene.ledger.entries] == [EntryStatus.INTERRUPTED]


async def test_keys_and_addresses_of_the_operator_are_taken_out_of_an_upstreams_words() -> None:
    """An upstream that quotes the key it was called with does not tell it to the client."""
    said = b'{"error":{"message":"bad value (credential CANARY-KEY, node gpu-1:8000)","type":"invalid_request_error"}}'
    scene = Scene(FakeReply(said, status=400))
    hide = {"CANARY-KEY": "[hidden]", "gpu-1:8000": "[hidden]"}
    scene.ports = replace(scene.ports, redact=lambda text: re.sub("|".join(hide), "[hidden]", text))

    with pytest.raises(Refusal) as caught:
        await scene.play()

    assert caught.value.error.status == 400
    assert "bad value" in caught.value.error.message
    assert "CANARY" not in caught.value.error.message
    assert "gpu-1" not in caught.value.error.message


async def test_an_end_that_never_comes_after_done_does_not_hold_the_client_up() -> None:
    """What follows [DONE] is waited for only after the client has everything, and not for long."""
    scene = Scene(FakeReply(*STREAM, headers=SSE, hang=True))

    async with asyncio.timeout(3):
        await scene.play(stream=True)

    assert scene.client.body.endswith(DONE)
    assert scene.ledger.entries[0].status is EntryStatus.OK


async def test_a_deadline_ends_its_block() -> None:
    """What takes longer is cancelled and told as TimeoutError; the task goes on afterwards."""
    with pytest.raises(TimeoutError), Deadline(0.01):
        await asyncio.sleep(5)

    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)


async def test_a_deadline_that_is_kept_leaves_no_trace() -> None:
    """Nothing is cancelled once the block is over, and its own errors pass."""
    with Deadline(0.01):
        await asyncio.sleep(0)
    with pytest.raises(KeyError), Deadline(0.01):
        raise KeyError

    await asyncio.sleep(0.03)


async def test_a_cancellation_by_somebody_else_is_no_timeout() -> None:
    """A client that left is not told as a deadline that passed."""

    async def served() -> None:
        with Deadline(5):
            await asyncio.sleep(5)

    task = asyncio.create_task(served())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_upstream_out_of_service_is_told_once_and_with_the_remedy(caplog) -> None:
    """The operator learns what to mend from one line, however many requests find out."""
    refusals = [FakeReply(b"", status=401) for _ in range(2)]
    scene = Scene(refusals[0], FakeReply(WHOLE), refusals[1], FakeReply(WHOLE))

    await scene.play()
    scene.ports = replace(scene.ports, state=MemoryState(scene.ports.limits))  # it rests no longer
    await scene.play()

    told = [record.getMessage() for record in caplog.records if record.name == "tierwise.upstreams"]
    assert len(scene.send.calls) == 4
    assert len(told) == 1
    assert "small" in told[0]
    assert Lack.KEY.remedy in told[0]


async def test_an_upstream_that_would_refuse_a_tool_is_passed_over() -> None:
    """It is not called, rests for nothing, and the next one serves; with nobody else the client learns why."""
    strict = an_upstream("small", provider=a_provider("moonshot", kind="moonshot"))
    tools = b'[{"type":"function","function":{"name":"ls"}}]'
    body = b'{"model":"auto","messages":[{"role":"user","content":"Hi"}],"tools":%b}' % tools
    request = read(body, request_id="r", caller="me")
    scene, alone = Scene(FakeReply(WHOLE)), Scene()
    scene.ports = replace(scene.ports, catalog=Catalog(upstreams=(strict, LARGE)))
    alone.ports = replace(alone.ports, catalog=Catalog(upstreams=(strict,)))

    await forward(request, scene.client, scene.ports, scene.ports.clock())
    with pytest.raises(Refusal) as caught:
        await forward(request, alone.client, alone.ports, alone.ports.clock())

    assert [call.provider.name for call in scene.send.calls] == ["house"]
    assert [attempt.ending for attempt in scene.ledger.entries[0].attempts] == ["unfit", "answered"]
    assert not scene.ports.state.resting(scene.ports.clock())
    assert (caught.value.error.status, caught.value.error.code) == (400, "unsupported_tool_name")
