"""A large whole answer is judged in the other process as it would be here."""

import json
from dataclasses import replace
from typing import Any

import pytest

from router.errors import UpstreamBroken
from router.judged import Judged, judge, judged
from router.policy.rules import Limits
from router.wire.calls import reply_reader
from tests.fakes.completion import completion, usage
from tests.fakes.ports import some_ports
from tests.fakes.values import a_request, an_upstream

HEADERS = {"content-type": "application/json"}
LARGE = json.dumps(completion("word " * 600_000, tokens=usage(7, 9))).encode()
BODIES = {
    "an answer": LARGE,
    "no JSON": LARGE[:-9],
    "an error": b'{"error": {"message": "no", "code": "x"}, "padding": "%b"}' % (b" " * 3_000_000),
    "nothing said": json.dumps(completion("", tokens=usage(7, 9), padding=" " * 3_000_000, choices=[])).encode(),
}


def told(reader: Any) -> tuple[Any, ...]:
    """Return everything that an exchange learns of a reader at its end."""
    try:
        tail, failure = reader.finish(), None
    except Exception as error:  # noqa: BLE001  # compared below
        tail, failure = b"", (type(error), str(error))
    return tail, failure, reader.consumed(), reader.finished, reader.began, reader.done


@pytest.mark.parametrize("name", BODIES)
async def test_it_is_judged_as_it_would_be_here(name: str) -> None:
    """The answer, its usage and its failure are the same; the request's body does not travel."""
    request, upstream, ports = a_request(body=b"x" * 10), an_upstream("small"), some_ports()
    here, there = (reply_reader(request, upstream, HEADERS, Limits()) for _ in range(2))
    for reader in (here, there):
        reader.feed(BODIES[name][:1_000_000])
        reader.feed(BODIES[name][1_000_000:])

    found = await judged(there, request, upstream, HEADERS, ports)

    assert isinstance(found, Judged)
    assert told(found) == told(here)
    with pytest.raises(RuntimeError):
        found.feed(b"more")


async def test_what_is_small_streamed_or_failed_already_stays_where_it_is() -> None:
    """There is nothing to gain."""
    request, upstream, ports = a_request(), an_upstream("small"), some_ports()
    small = reply_reader(request, upstream, HEADERS, Limits())
    small.feed(b"{}")
    failed = reply_reader(request, upstream, {"content-type": "text/html"}, Limits())
    stream = reply_reader(replace(request, stream=True), upstream, {"content-type": "text/event-stream"}, Limits())

    for reader in (small, failed, stream):
        assert await judged(reader, request, upstream, HEADERS, ports) is reader


def test_a_limit_holds_there_too() -> None:
    """A body above the limit is a failure, told by `finish`."""
    limits = Limits(reply_limit_bytes=1_000)

    with pytest.raises(UpstreamBroken, match="larger than 1000"):
        judge(LARGE, a_request(), an_upstream("small"), HEADERS, limits).finish()
