"""Response headers: true, short, and legal whatever an upstream is called."""

from decimal import Decimal

from classifier.tier import Tier
from router.api.outbound import HttpClient, receipt_headers, with_dropped
from router.errors import UnknownModel
from router.policy.decision import Candidate, Decision, Reason
from router.ports import Receipt
from tests.fakes.asgi import exchange
from tests.fakes.values import a_provider, an_assessment, an_upstream

UPSTREAM = an_upstream("small", provider=a_provider("mistral"))


def a_decision(reason: Reason = Reason.CLASSIFIED) -> Decision:
    """Return a decision for the one upstream."""
    return Decision(
        route="auto",
        label="easy",
        tier=Tier.EASY,
        reason=reason,
        assessment=an_assessment() if reason is Reason.CLASSIFIED else None,
        ranked=(Candidate(upstream=UPSTREAM, expected_cost=None),),
        rejected=(),
    )


def a_receipt(**rest) -> Receipt:
    """Return a receipt of one attempt."""
    fields = {
        "request_id": "req-1",
        "decision_id": "dec-1",
        "decision": a_decision(),
        "upstream": UPSTREAM,
        "tries": 1,
        "overhead_ms": 0.456,
    }
    return Receipt(**(fields | rest))


def test_everything_a_client_is_told() -> None:
    """Who answered, at which tier, why, how surely and for how much."""
    assert dict(receipt_headers(a_receipt(cost=Decimal("0.000000120")))) == {
        b"x-request-id": b"req-1",
        b"x-router-decision-id": b"dec-1",
        b"x-router-attempts": b"1",
        b"x-router-overhead-ms": b"0.46",
        b"x-router-model": b"small-wire",
        b"x-router-upstream": b"small",
        b"x-router-provider": b"mistral",
        b"x-router-reason": b"classified",
        b"x-router-tier": b"easy",
        b"x-router-required-tier": b"easy",
        b"x-router-confidence": b"0.950",
        b"x-router-cost-usd": b"0.00000012",
    }


def test_an_unknown_cost_is_not_told() -> None:
    """No header rather than a zero."""
    assert b"x-router-cost-usd" not in dict(receipt_headers(a_receipt()))


def test_a_failed_classifier_is_told() -> None:
    """The default tier is not passed off as a judgement."""
    headers = dict(receipt_headers(a_receipt(decision=a_decision(Reason.CLASSIFIER_FAILED))))

    assert headers[b"x-router-degraded"] == b"classifier"
    assert b"x-router-confidence" not in headers


def test_names_that_a_header_cannot_hold() -> None:
    """A name in any script gives a legal header."""
    value = dict(receipt_headers(a_receipt(upstream=an_upstream("模型"))))[b"x-router-upstream"]

    assert value == b"??"


def test_a_name_with_a_line_break_is_one_header() -> None:
    """A slip in the configuration costs no answer that was paid for, and makes no header of its own."""
    value = dict(receipt_headers(a_receipt(upstream=an_upstream("a\r\nx: y\0\x7f\x85é\t"))))[b"x-router-upstream"]

    assert value == b"a??x: y???\xe9?"


async def test_a_refusal_is_complete_and_measured() -> None:
    """An error carries its length and its headers."""
    wire = exchange()

    await HttpClient(wire.receive, wire.send).refuse(UnknownModel("no"), [(b"x-request-id", b"r")])

    assert (wire.status, wire.headers["x-request-id"]) == (404, "r")
    assert int(wire.headers["content-length"]) == len(wire.body)
    assert wire.complete


async def test_a_stream_says_so() -> None:
    """A stream's head forbids buffering and caching."""
    wire = exchange()

    await HttpClient(wire.receive, wire.send).begin(a_receipt(stream=True))

    assert wire.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert wire.headers["x-accel-buffering"] == "no"


def test_what_is_dropped_is_named_once_whoever_drops_it() -> None:
    """Names are sorted and joined with those that are there; without any there is no such header."""
    headers = [(b"a", b"1")]
    named = with_dropped(headers, ("top_k", "seed"))

    assert with_dropped(headers, ()) == headers
    assert named == [(b"a", b"1"), (b"x-router-dropped-params", b"seed,top_k")]
    assert with_dropped(named, ("n", "seed"))[-1] == (b"x-router-dropped-params", b"n,seed,top_k")


def test_what_the_upstream_was_not_asked_for_is_named() -> None:
    """Sorted and once, beside what a surface dropped itself; nothing is said where nothing was dropped."""
    headers = receipt_headers(a_receipt(dropped=("seed", "logit_bias")))
    assert dict(headers)[b"x-router-dropped-params"] == b"logit_bias,seed"
    assert dict(with_dropped(headers, ["seed", "store"]))[b"x-router-dropped-params"] == b"logit_bias,seed,store"
    assert b"x-router-dropped-params" not in dict(receipt_headers(a_receipt()))


def test_names_that_a_header_had_better_not_hold_are_not_shown() -> None:
    """Clients choose them: line breaks, commas, other scripts and long ones are told as other; there is an end."""
    odd = ["a\r\nset-cookie: x", "nul\0", "a,b", "\u043a\u043b\u044e\u0447", "x" * 65, "messages.name"]
    assert dict(with_dropped([], odd))[b"x-router-dropped-params"] == b"messages.name,other"
    many = dict(with_dropped([], [f"n{number}" for number in range(900)]))[b"x-router-dropped-params"]
    assert many.count(b",") == 31
