"""Who leaves and who hangs: the upstream is let go, and the row says so."""

import asyncio
import json

import httpx2
import pytest

from tests.fakes import behaviour
from tests.fakes.proxy import RunningProxy
from tests.fakes.upstream import Behaviour, FakeUpstream

HELLO = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.mark.parametrize(
    ("hanging", "stream"),
    [
        (behaviour.hang_before_headers(), False),
        (behaviour.hang_before_headers(), True),
        (behaviour.hang_mid_stream(), True),
    ],
    ids=["whole, before headers", "stream, before headers", "mid-stream"],
)
async def test_a_client_that_leaves_closes_the_upstream_within_a_second(
    proxy: RunningProxy, upstream: FakeUpstream, hanging: Behaviour, stream: bool
) -> None:
    """The call is cancelled, the row says client_closed, and nothing was tried elsewhere."""
    upstream.script(hanging)
    body = json.dumps({"model": "tier/easy", "messages": HELLO, "stream": stream}).encode()
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
        b"content-length: %d\r\n\r\n%s" % (len(body), body)
    )
    await upstream.wait_for(1)
    await asyncio.sleep(0.05)
    writer.close()

    async with asyncio.timeout(1):
        await upstream.seen[0].gone.wait()
    for _ in range(50):
        if rows := proxy.rows():
            break
        await asyncio.sleep(0.02)
    assert [row["status"] for row in rows] == ["client_closed"]
    assert len(upstream.seen) == 1


async def test_the_deadline_bounds_all_attempts_together(http: httpx2.AsyncClient, upstream: FakeUpstream) -> None:
    """Three upstreams that hang cost no more than the deadline, and end as a 504."""
    upstream.script(behaviour.hang_before_headers())

    response = await http.post("/v1/chat/completions", json={"model": "tier/easy", "messages": HELLO})

    assert response.status_code == 504
    assert response.json()["error"]["code"] == "upstream_timeout"
