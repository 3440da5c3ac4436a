"""Verified answers: what goes out, what was asked again, and what the row says of it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from classifier.tier import Tier
from router.errors import UpstreamError, UpstreamTimeout
from router.policy.decision import Decision, Reason
from router.policy.escalation import Verdict
from router.policy.rules import Route, Rules, Verify
from router.verify import verify
from tests.fakes.completion import completion, usage
from tests.fakes.lossy import LossyAside
from tests.fakes.reply import SSE, FakeReply
from tests.fakes.scene import STREAM, Scene
from tests.fakes.values import a_request, an_assessment

BODY = json.dumps(
    {
        "model": "auto",
        "messages": [{"role": "user", "content": "hi"}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "array"}}},
    },
    separators=(",", ":"),
).encode()


def saying(text: str, tokens: dict | None = None) -> FakeReply:
    """Return a whole answer of this text."""
    return FakeReply(json.dumps(completion(text, tokens=tokens or usage())).encode())


async def fits(checks: Sequence[tuple[bytes, str]], _caller: str) -> bool | None:
    """Judge as a validator would whose schemas all want a list; what says `null` cannot be judged."""
    values = [json.loads(text) for _, text in checks]
    return None if None in values else all(isinstance(value, list) for value in values)


def a_scene(*plays: FakeReply | UpstreamError, verify: Verify | None = Verify.JSON_SCHEMA, **limits: float) -> Scene:
    """Return a scene whose route verifies."""
    scene = Scene(*plays, **limits)
    route = Route(name="auto", verify=frozenset({verify} if verify else ()))
    scene.ports = replace(scene.ports, rules=Rules(routes={"auto": route}), judge=fits)
    return scene


async def test_an_answer_that_fits_goes_out_at_once() -> None:
    """One attempt, and the receipt says so."""
    scene = a_scene(saying("[1]"))

    await scene.play(body=BODY)

    assert (scene.client.receipt.verified, len(scene.send.calls)) == ("ok", 1)
    [entry] = scene.ledger.entries
    assert [(attempt.ending, attempt.paid) for attempt in entry.attempts] == [("answered", None)]


async def test_a_broken_answer_is_asked_for_again_one_tier_up() -> None:
    """The client sees the second answer; both attempts and both costs are in the row."""
    scene = a_scene(saying("{}", usage(10, 20)), saying("[2]", usage(12, 7)))

    await scene.play(body=BODY)

    assert json.loads(scene.client.body)["choices"][0]["message"]["content"] == "[2]"
    assert (scene.client.receipt.verified, scene.client.receipt.upstream.name) == ("escalated", "large")
    [entry] = scene.ledger.entries
    assert [(a.upstream, a.ending, a.paid.input_tokens, a.paid.output_tokens) for a in entry.attempts] == [
        ("small", "invalid", 10, 20),
        ("large", "answered", 12, 7),
    ]
    first, second = Decimal("0.00005"), Decimal("0.00026")
    assert [attempt.paid.cost for attempt in entry.attempts] == [first, second]
    assert (entry.cost, scene.client.receipt.cost) == (first + second,) * 2
    assert (entry.reason, entry.tier, entry.required_tier) == (Reason.ESCALATED_ANSWER, "easy", "medium")
    assert (entry.usage.input, entry.status, entry.http_status) == (12, "ok", 200)


async def test_two_broken_answers_are_enough() -> None:
    """The last one goes out as it is and the receipt says that it failed."""
    scene = a_scene(saying("{}"), saying("1"))

    await scene.play(body=BODY)

    assert json.loads(scene.client.body)["choices"][0]["message"]["content"] == "1"
    assert (scene.client.receipt.verified, scene.client.receipt.tries) == ("failed", 2)
    assert [attempt.ending for attempt in scene.ledger.entries[0].attempts] == ["invalid", "invalid"]


@pytest.mark.parametrize("second", [UpstreamTimeout("silence"), FakeReply(b"", status=500)])
async def test_a_broken_answer_is_better_than_none(second: FakeReply | UpstreamError) -> None:
    """Where nobody of the next tier answers, the first answer goes out, paid once."""
    scene = a_scene(saying("{}"), second)

    await scene.play(body=BODY)

    assert json.loads(scene.client.body)["choices"][0]["message"]["content"] == "{}"
    assert (scene.client.receipt.verified, scene.client.receipt.upstream.name) == ("failed", "small")
    [entry] = scene.ledger.entries
    assert [attempt.paid for attempt in entry.attempts] == [None, None]
    assert (entry.upstream, entry.required_tier, entry.cost) == ("small", "easy", Decimal("0.000026"))


async def test_the_deadline_ends_the_second_attempt_not_the_answer() -> None:
    """What was answered in time is given out."""
    scene = a_scene(saying("{}"), FakeReply(hang=True), deadline=0.3)

    await scene.play(body=BODY)

    assert scene.client.receipt.verified == "failed"
    assert [attempt.ending for attempt in scene.ledger.entries[0].attempts] == ["invalid", "abandoned"]


async def never(_checks: Sequence[tuple[bytes, str]], _caller: str) -> bool | None:
    """Judge for ever."""
    await asyncio.Event().wait()


async def test_the_deadline_ends_the_judging_not_the_answer() -> None:
    """The first answer that could not be judged in time is given out, and so is the second."""
    first = a_scene(saying("[1]"), deadline=0.3)
    first.ports = replace(first.ports, judge=never)
    await first.play(body=BODY)
    second = a_scene(saying("no JSON"), saying("[2]"), deadline=0.3)
    second.ports = replace(second.ports, judge=never)
    await second.play(body=BODY)

    for scene, text, served in ((first, "[1]", "small"), (second, "[2]", "large")):
        assert json.loads(scene.client.body)["choices"][0]["message"]["content"] == text
        assert (scene.client.receipt.verified, scene.ledger.entries[0].upstream) == ("unknown", served)
    assert [bool(attempt.paid) for attempt in second.ledger.entries[0].attempts] == [True, True]


async def test_a_client_that_leaves_during_the_second_attempt_has_paid_for_the_first() -> None:
    """The row has the first answer's cost."""
    scene = a_scene(saying("{}"), FakeReply(hang=True))
    task = asyncio.create_task(scene.play(body=BODY))
    while len(scene.send.calls) < 2:  # noqa: ASYNC110  # the fake has no event
        await asyncio.sleep(0)
    scene.client.left = True
    task.cancel()
    await asyncio.wait([task])

    [entry] = scene.ledger.entries
    assert (entry.status, entry.cost) == ("client_closed", Decimal("0.000026"))


async def test_the_highest_tier_has_no_next() -> None:
    """A hard prompt's broken answer goes out as it is."""
    scene = a_scene(saying("{}"))
    scene.ports = replace(scene.ports, size=lambda _prompt, _cuts: an_assessment(Tier.HARD))

    await scene.play(body=BODY)

    assert (scene.client.receipt.verified, len(scene.send.calls)) == ("failed", 1)


async def test_what_cannot_be_judged_goes_out() -> None:
    """Nobody is asked again for an answer that may be right."""
    scene = a_scene(saying("null"))

    await scene.play(body=BODY)

    assert (scene.client.receipt.verified, len(scene.send.calls)) == ("unknown", 1)


async def test_a_large_answer_is_examined_beside_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    """With the same verdict; where its process is lost, the answer, which is paid, goes out unverified."""
    asked = json.dumps({"messages": [], "response_format": {"type": "json_object"}}).encode()
    answer = json.dumps(completion('{"a":[%s[0]]}' % ("[0]," * 60_000), tokens=usage())).encode()
    broken = answer.replace(b"[0]]}", b"[0]}")
    ports = a_scene().ports
    lossy = replace(ports, aside=LossyAside())
    fields = {"route": "auto", "label": "easy", "tier": Tier.EASY, "assessment": None, "ranked": (), "rejected": ()}
    decision = Decision(reason=Reason.CLASSIFIED, **fields)
    request = a_request(body=asked)

    assert [await verify(request, decision, each, ports) for each in (answer, broken)] == [Verdict.OK, Verdict.FAILED]
    assert await verify(request, decision, answer, lossy) is Verdict.UNKNOWN
    assert await verify(replace(request, large=True), decision, b"{}", lossy) is Verdict.UNKNOWN
    assert "not verified" in caplog.messages[-1]


async def test_attempts_that_failed_before_leave_one_more_at_least() -> None:
    """`max_attempts` counts over both tiers."""
    scene = a_scene(saying("{}"), saying("[1]"), max_attempts=1)

    await scene.play(body=BODY)

    assert (scene.client.receipt.verified, scene.client.receipt.tries) == ("escalated", 2)


@pytest.mark.parametrize("model", ["auto", "small"])
async def test_nothing_is_verified_that_nobody_asked_for(model: str) -> None:
    """A request without a promise, a route that does not verify and a named upstream have no verdict."""
    plain = a_scene(saying("{}"))
    await plain.play(model_asked=model)
    off = a_scene(saying("{}"), verify=None)
    await off.play(body=BODY, model_asked=model)
    named = a_scene(saying("{}"))
    await named.play(body=BODY, model_asked="small")

    assert [scene.client.receipt.verified for scene in (plain, off, named)] == [None] * 3


async def test_a_stream_is_not_verified() -> None:
    """Its bytes are gone by then."""
    scene = a_scene(FakeReply(*STREAM, headers=SSE))

    await scene.play(body=BODY, stream=True)

    assert (scene.client.receipt.verified, len(scene.send.calls)) == (None, 1)
