"""The imperative shell: one request, top to bottom: assess, decide, attempt, answer, record.

`exchange` has the steps; here is what becomes of every way in which they can end. A row is written for each of them.
"""

import asyncio
from http import HTTPStatus

from router.errors import (
    ClientError,
    RouterError,
    Stopping,
    StreamFailed,
    StreamInterrupted,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
)
from router.exchange import Exchange
from router.ledger.entry import EntryStatus
from router.ports import Client, Ports, Refusal
from router.request import Request
from router.verify import VerifiedExchange
from router.wire.openai_chat import error_event

CLIENT_CLOSED = 499
"""The status in the ledger when nobody was there to be answered (nginx's word for it)."""


STOPPED = "the process ends"
"""What a task is cancelled with (`task.cancel(STOPPED)`) so that it tells its client why, and ends in good order."""

LAST_WORDS_SECONDS = 5.0
"""How long the event that ends a broken stream may take to be sent: a client that does not read is not waited for."""


class Deadline:
    """A time-out for the running task's block, with asyncio.timeout's meaning (TimeoutError) at half of its cost.

    Measured with uvloop on a busy machine: 4.0 against 9.1 us a request, most of it the timer.
    """

    __slots__ = ("_cancelling", "_passed", "_task", "_timer")

    def __init__(self, seconds: float) -> None:
        """Count from now; RuntimeError outside of a task."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task to cancel")
        self._task = task
        self._cancelling = task.cancelling()
        self._passed = False
        self._timer = asyncio.get_running_loop().call_later(seconds, self._pass)

    def _pass(self) -> None:
        self._passed = True
        self._task.cancel()

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        """Turn our own cancellation into TimeoutError; anybody else's stays what it is."""
        self._timer.cancel()
        if self._passed and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


async def forward(request: Request, client: Client, ports: Ports, arrived: float) -> None:
    """Serve `request`, which arrived at `arrived` on the ports' clock; raise Refusal when it could not be served."""
    exchange = (Exchange if ports.judge is None else VerifiedExchange)(request, ports, arrived)
    try:
        error = await _serve(exchange, client, ports.limits.deadline)
        if error is None:
            return
        error = _told(error, client, ports)
        if client.began:
            await exchange.close(EntryStatus.INTERRUPTED, HTTPStatus.OK, error)
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await client.end(error_event(error))
            return
        await exchange.close(_blame(error), error.status, error)
        raise Refusal(error, exchange.receipt())
    except TimeoutError:
        return  # it does not read: the server closes a connection whose response was not completed
    except asyncio.CancelledError:
        await exchange.close(EntryStatus.CLIENT_CLOSED if client.left else EntryStatus.INTERRUPTED, CLIENT_CLOSED)
        raise
    finally:
        await exchange.hang_up()
        # Only an error that nobody foresaw comes here without a row.
        await exchange.close(EntryStatus.FAILED, HTTPStatus.INTERNAL_SERVER_ERROR, RouterError("an internal error"))


async def _serve(exchange: Exchange, client: Client, deadline: float) -> RouterError | None:
    """Decide and deliver; return the error that the client must be told. The deadline ends with the upstreams' part."""
    try:
        exchange.require_ledger()
        decision = exchange.decide()
        try:
            with Deadline(deadline):
                error = await exchange.run(decision, client)
        except TimeoutError:
            if not exchange.restore():
                return UpstreamTimeout(f"no answer within {deadline:g} s, over {exchange.tries} attempt(s)")
            error = None
        if error is None:
            await exchange.deliver(client)
    except asyncio.CancelledError as cancelled:
        return stopping(cancelled)
    except RouterError as raised:
        return raised
    return error


def stopping(cancelled: asyncio.CancelledError) -> Stopping:
    """Return what a client is told whose task was cancelled with STOPPED; raise any other cancellation again."""
    task = asyncio.current_task()
    if cancelled.args != (STOPPED,) or task is None:
        raise cancelled
    task.uncancel()
    return Stopping(
        "This process ends; the request was not finished.",
        fix="Send it again in a second: whoever takes its place serves it.",
        retry_after=1,
    )


def _blame(error: RouterError) -> EntryStatus:
    """Return how a request ended of which the client got nothing but `error`."""
    if isinstance(error, Stopping):
        return EntryStatus.INTERRUPTED
    return EntryStatus.REJECTED if isinstance(error, ClientError) else EntryStatus.FAILED


def _told(error: RouterError, client: Client, ports: Ports) -> RouterError:
    """Return `error` as the client may hear it: without keys and addresses; an answer that began was interrupted."""
    if client.began and isinstance(error, UpstreamError) and not isinstance(error, StreamFailed):
        error = StreamInterrupted(error.message)
    error.message = ports.redact(error.message)
    error.param = None if error.param is None else ports.redact(error.param)
    if isinstance(error, UpstreamRejected):
        error.code = ports.redact(error.code)  # type: ignore[misc]  # the one error whose code is the far end's
    return error
