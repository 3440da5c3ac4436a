"""Answers as bytes: the x-router-* headers, and the client that writes them. Short values, never any prompt text."""

import re
from collections.abc import Iterable
from functools import lru_cache

from router.api.client import AsgiClient
from router.api.error_body import error_headers
from router.catalog.upstream import Upstream
from router.errors import RouterError
from router.ledger.account import reason_of
from router.policy.decision import Decision, Reason
from router.ports import Receipt
from router.wire.openai_chat import error_object

Headers = list[tuple[bytes, bytes]]

DROPPED_PARAMS = b"x-router-dropped-params"
"""The header that names what the request asks and the upstream was not told."""

MOST_DROPPED = 32
"""Names that DROPPED_PARAMS holds at most."""

_PLAIN = re.compile(r"[A-Za-z0-9_.\[\]-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OTHER = "other"
"""What stands for a name that a header had better not hold: clients choose them."""

_JSON_HEAD = [(b"content-type", b"application/json")]
_STREAM_HEAD = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


def receipt_headers(receipt: Receipt) -> Headers:
    """Return the headers that say who answered and why."""
    headers = [
        (b"x-request-id", receipt.request_id.encode()),
        (b"x-router-decision-id", receipt.decision_id.encode()),
        (b"x-router-attempts", b"%d" % receipt.tries),
        (b"x-router-overhead-ms", b"%.2f" % receipt.overhead_ms),
    ]
    upstream = receipt.upstream
    if upstream is not None:
        headers.append((b"x-router-model", _latin(upstream.model)))
        headers.append((b"x-router-upstream", _latin(upstream.name)))
        headers.append((b"x-router-provider", _latin(upstream.provider.name)))
    if receipt.decision is not None:
        headers += _decision_headers(receipt.decision, upstream, receipt.tries)
    if receipt.verified is not None:
        headers.append((b"x-router-verified", receipt.verified.encode()))
    if receipt.cost is not None:
        headers.append((b"x-router-cost-usd", format(receipt.cost.normalize(), "f").encode()))
    return with_dropped(headers, receipt.dropped)


def with_dropped(headers: Headers, dropped: Iterable[str]) -> Headers:
    """Return `headers` with these names, sorted, in DROPPED_PARAMS, beside those that it names already."""
    names = {name if _PLAIN.fullmatch(name) else _OTHER for name in dropped}
    if not names:
        return headers
    for key, value in headers:
        if key == DROPPED_PARAMS:
            names.update(value.decode("latin-1").split(","))
    others = [header for header in headers if header[0] != DROPPED_PARAMS]
    shown = sorted(names)[:MOST_DROPPED]
    return [*others, (DROPPED_PARAMS, ",".join(shown).encode())]


def _decision_headers(decision: Decision, upstream: Upstream | None, tries: int) -> Headers:
    """Return the headers of the decision itself."""
    headers = [(b"x-router-reason", reason_of(decision, upstream, tries).encode())]
    if decision.label is not None:
        headers.append((b"x-router-tier", decision.label.encode()))
    if decision.tier is not None:
        headers.append((b"x-router-required-tier", decision.tier.label.encode()))
    if decision.assessment is not None:
        headers.append((b"x-router-confidence", b"%.3f" % decision.assessment.confidence))
    if decision.reason is Reason.CLASSIFIER_FAILED:
        headers.append((b"x-router-degraded", b"classifier"))
    return headers


@lru_cache(maxsize=1024)  # the names of a configuration are few, and three are told of each request
def _latin(name: str) -> bytes:
    """Return a name as a header value; what a header cannot hold becomes a question mark."""
    return _CONTROL.sub("?", name).encode("latin-1", "replace")


class HttpClient(AsgiClient):
    """The client's side of one chat completion: a receipt becomes the response's head."""

    __slots__ = ()

    @property
    def keeps(self) -> bool:
        """Whether `keep` wants the answer."""
        return False

    async def keep(self, data: bytes, receipt: Receipt) -> None:
        """Keep the answer: here there is nothing to keep it for."""

    async def begin(self, receipt: Receipt) -> None:
        """Send status 200 and the headers that belong to `receipt`."""
        headers = (_STREAM_HEAD if receipt.stream else _JSON_HEAD) + receipt_headers(receipt)
        if receipt.length is not None and not receipt.stream:
            headers.append((b"content-length", b"%d" % receipt.length))
        await self.start(200, headers)
        if receipt.stream:
            self.attend()

    async def refuse(self, error: RouterError, headers: Headers) -> None:
        """Send `error` in OpenAI's shape, with `headers` beside those of the error itself."""
        body = error_object(error)
        head = [*error_headers(error), (b"content-length", b"%d" % len(body)), *headers]
        await self.start(error.status, head)
        await self.end(body)
