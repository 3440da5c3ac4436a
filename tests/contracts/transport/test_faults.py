"""What every transport makes of an upstream that cannot be reached, hangs or breaks off."""

import asyncio
import shutil
import socket
import ssl
import time
from pathlib import Path

import pytest

from router.errors import UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from tests.fakes import behaviour
from tests.fakes.transports import SECRETS, call_to, fetch, read_rest, shown


async def test_a_refused_connection(transport, upstream):
    """Nobody listening is UpstreamUnreachable, without the address."""
    await upstream.refuse()
    with pytest.raises(UpstreamUnreachable) as caught:
        await transport.send(call_to(upstream.base_url))
    assert str(upstream.port) not in shown(caught.value)
    assert "127.0.0.1" not in shown(caught.value)
    assert "alpha" in str(caught.value)


async def test_a_name_that_does_not_exist(transport):
    """A host name without an address is UpstreamUnreachable, without the name."""
    with pytest.raises(UpstreamUnreachable) as caught:
        await transport.send(call_to("http://gone.invalid/v1"))
    assert "invalid" not in shown(caught.value)


@pytest.mark.parametrize("base_url", ["http://", "http://[::1/v1", "http://a b/v1", "http://127.0.0.1:99999/v1"])
async def test_a_base_url_that_is_none(transport, base_url):
    """An address that cannot be used is the same trouble, not a crash."""
    with pytest.raises(UpstreamUnreachable):
        await transport.send(call_to(base_url))


async def test_a_connection_that_is_not_accepted_in_time(transport):
    """The connect time-out ends a connection that hangs."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        begun = time.monotonic()
        with pytest.raises(UpstreamUnreachable, match=r"within 0\.3 seconds"):
            await transport.send(call_to(f"http://127.0.0.1:{full.getsockname()[1]}/v1", connect=0.3))
        assert 0.25 < time.monotonic() - begun < 2.5
        for filler in fillers:
            filler.close()


async def test_tls_that_is_none(transport, upstream):
    """A server that speaks plain HTTP behind an https URL is UpstreamUnreachable."""
    upstream.script(behaviour.ok())
    with pytest.raises(UpstreamUnreachable):
        await transport.send(call_to(upstream.base_url.replace("http:", "https:")))


async def test_a_certificate_that_nobody_signed_is_refused(kind, tmp_path: Path):
    """TLS is verified: the system's trust store refuses a self-made certificate, a trust store that has it does not."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    certificate = tmp_path / "certificate.pem"
    made = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", str(tmp_path / "key.pem"), "-out", str(certificate)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await made.wait():
        pytest.skip("openssl made no certificate")
    offered = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    offered.load_cert_chain(certificate, tmp_path / "key.pem")
    requests = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\ndone")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=offered) as server:
        call = call_to(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1")
        strict, trusting = kind(SECRETS), kind(SECRETS, tls=ssl.create_default_context(cafile=str(certificate)))
        with pytest.raises(UpstreamUnreachable):
            await strict.send(call)
        assert not requests
        assert await fetch(trusting, call) == b"done"
        await strict.close()
        await trusting.close()


async def test_headers_that_do_not_come(transport, upstream):
    """The header time-out ends a call that is not answered, and its connection."""
    upstream.script(behaviour.hang_before_headers())
    begun = time.monotonic()
    with pytest.raises(UpstreamTimeout, match="within 1 seconds"):
        await transport.send(call_to(upstream.base_url, first_byte=1.0))
    assert 0.9 < time.monotonic() - begun < 3
    await upstream.wait_for(1)
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_a_request_that_is_not_read(transport):
    """The header time-out also ends a call whose body the upstream does not take."""
    left = asyncio.Event()

    async def deaf(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.pause_reading()
        await left.wait()
        writer.transport.abort()

    async with await asyncio.start_server(deaf, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        begun = time.monotonic()
        with pytest.raises(UpstreamTimeout):
            await transport.send(call_to(url, body=b"x" * 16 * 2**20, first_byte=0.3))
        assert time.monotonic() - begun < 2.5
        left.set()


async def test_headers_that_trickle(transport, upstream):
    """A header byte now and then does not buy more time."""
    upstream.script(behaviour.raw(*(bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nx: y"), delay=0.05, then="hang"))
    with pytest.raises(UpstreamTimeout):
        await transport.send(call_to(upstream.base_url, first_byte=0.4, idle=0.2))


async def test_a_body_that_stands_still(transport, upstream):
    """The idle time-out ends an answer that stops; what had come was handed on, and the connection is closed."""
    upstream.script(behaviour.hang_mid_stream(2))
    reply = await transport.send(call_to(upstream.base_url, idle=0.3))
    stream = reply.chunks()
    assert b"chat.completion.chunk" in await anext(stream)
    with pytest.raises(UpstreamTimeout, match=r"stopped sending for 0\.3"):
        await read_rest(stream)
    await reply.close()
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_a_body_that_stands_still_while_it_is_poured(transport, upstream):
    """The same for a sink."""
    upstream.script(behaviour.hang_mid_stream(2))
    reply = await transport.send(call_to(upstream.base_url, idle=0.3))
    got: list[bytes] = []
    with pytest.raises(UpstreamTimeout, match=r"stopped sending for 0\.3"):
        await reply.pour(lambda data: got.append(data) is None)
    await reply.close()
    assert b"chat.completion.chunk" in b"".join(got)
    await asyncio.wait_for(upstream.seen[0].gone.wait(), 1)


async def test_a_steady_stream_outlives_the_idle_time(transport, upstream):
    """Idle counts from chunk to chunk, not for the whole answer; a slow reader is not held against the upstream."""
    upstream.script(behaviour.stream(6, delay=0.1))
    reply = await transport.send(call_to(upstream.base_url, idle=0.3))
    body, first = b"", True
    async for chunk in reply.chunks():
        body += chunk
        if first:
            await asyncio.sleep(0.5)
        first = False
    await reply.close()
    assert body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize(
    "cut",
    [
        behaviour.reset_mid_stream(2),
        behaviour.sse_cut(2),
        behaviour.short_body(),
        behaviour.raw(b"HTTP/1.1 200 OK\r\n\r\n{", then="reset"),
        behaviour.raw(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\nx\r\n", then="hang"),
    ],
    ids=["reset", "closed", "short", "reset without a length", "bad chunk"],
)
async def test_a_body_that_ends_too_early(transport, upstream, cut):
    """An answer cut short is UpstreamBroken, never a silent success."""
    upstream.script(cut)
    with pytest.raises(UpstreamBroken) as caught:
        await fetch(transport, call_to(upstream.base_url, idle=2.0))
    assert str(upstream.port) not in shown(caught.value)
    with pytest.raises(UpstreamBroken):
        await (await transport.send(call_to(upstream.base_url, idle=2.0))).pour(lambda _data: True)


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 400) for n in range(500)) + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ],
    ids=["no HTTP", "huge header", "many headers", "upgrade"],
)
async def test_an_answer_that_is_not_proper_http(transport, upstream, answer):
    """Noise, oversized headers and protocol switches are UpstreamBroken."""
    upstream.script(behaviour.raw(answer, then="hang"))
    with pytest.raises(UpstreamBroken):
        await transport.send(call_to(upstream.base_url))
