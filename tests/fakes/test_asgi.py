"""The ASGI client hands out the body and keeps what comes back."""

from tests.fakes.asgi import call


async def echo(_scope, receive, send) -> None:
    """Send back the length of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-size", b"%d" % size)]})
    await send({"type": "http.response.body", "body": b"done"})


async def test_body_in_parts_and_answer() -> None:
    """Every part arrives, and the response is complete."""
    done = await call(echo, b"ab", b"cde")

    assert (done.status, done.headers, done.body, done.complete) == (200, {"x-size": "5"}, b"done", True)
