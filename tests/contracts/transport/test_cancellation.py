"""What every transport promises when its caller leaves: the upstream knows within a second, nothing leaks."""

import asyncio

import pytest

from tests.fakes import behaviour
from tests.fakes.transports import call_to, connections_in_use, fetch


@pytest.mark.parametrize("body", [b"{}", b"x" * 4 * 2**20], ids=["small", "large"])
async def test_a_cancelled_call_closes_its_connection_at_once(transport, upstream, body):
    """A client that leaves while headers are awaited is seen by the upstream within a second."""
    upstream.script(behaviour.hang_before_headers())
    task = asyncio.create_task(transport.send(call_to(upstream.base_url, body=body)))
    await upstream.wait_for(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_a_call_cancelled_while_its_body_goes_out_closes_at_once(transport):
    """An upstream that does not read the request cannot hold the connection of a call that nobody wants."""
    closed = asyncio.Event()
    connected = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        connected.set()
        await task_done.wait()
        writer.transport.resume_reading()
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
        closed.set()
        writer.close()

    task_done = asyncio.Event()
    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        task = asyncio.create_task(transport.send(call_to(url, body=b"x" * 16 * 2**20)))
        await connected.wait()
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        task_done.set()
        await asyncio.wait_for(closed.wait(), 1)


async def test_a_stream_cancelled_in_the_middle_closes_at_once(transport, upstream):
    """A reader cancelled between two chunks lets the upstream know within a second."""
    upstream.script(behaviour.hang_mid_stream())
    begun = asyncio.Event()

    async def read() -> None:
        reply = await transport.send(call_to(upstream.base_url))
        async for _ in reply.chunks():
            begun.set()

    task = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_a_stream_cancelled_while_it_is_poured_closes_at_once(transport, upstream):
    """The same for a sink."""
    upstream.script(behaviour.hang_mid_stream())
    begun = asyncio.Event()

    async def read() -> None:
        reply = await transport.send(call_to(upstream.base_url))
        try:
            await reply.pour(lambda _data: begun.set() is None)
        finally:
            await reply.close()

    task = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_closing_an_unread_answer_closes_its_connection(transport, upstream):
    """close() without reading, and twice, ends the call at the upstream."""
    upstream.script(behaviour.hang_mid_stream())
    reply = await transport.send(call_to(upstream.base_url))
    await reply.close()
    await reply.close()
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_cancelled_calls_leak_nothing(transport, upstream):
    """After 200 calls cancelled at every stage the pool is empty and serves on."""
    upstream.script(behaviour.hang_before_headers())
    call = call_to(upstream.base_url)
    before = len(asyncio.all_tasks())
    for round_ in range(10):
        tasks = [asyncio.create_task(transport.send(call)) for _ in range(20)]
        await asyncio.sleep(0.002 * round_)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0.2)
    assert connections_in_use(transport) == 0
    assert len(asyncio.all_tasks()) <= before
    upstream.script(behaviour.ok())
    assert b"Hello" in await fetch(transport, call)
