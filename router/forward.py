"""The imperative shell: one request, top to bottom: assess, decide, attempt, answer, record.

`exchange` has the steps; here is what becomes of every way in which they can end. A row is written for each of them.
"""

import asyncio
from http import HTTPStatus

from router.errors import ClientError, RouterError, UpstreamTimeout
from router.exchange import Exchange
from router.ledger.entry import EntryStatus
from router.ports import Client, Ports, Refusal
from router.request import Request
from router.wire.openai_chat import error_event

CLIENT_CLOSED = 499
"""The status in the ledger when nobody was there to be answered (nginx's word for it)."""


async def forward(request: Request, client: Client, ports: Ports) -> None:
    """Serve `request` to `client`; raise Refusal when it could not be served and nothing was sent yet."""
    exchange = Exchange(request, ports)
    try:
        error = await _serve(exchange, client)
        if error is None:
            return
        if client.began:
            await exchange.close(EntryStatus.INTERRUPTED, HTTPStatus.OK, error)
            await client.end(error_event(error))
            return
        blame = EntryStatus.REJECTED if isinstance(error, ClientError) else EntryStatus.FAILED
        await exchange.close(blame, error.status, error)
        raise Refusal(error, exchange.receipt())
    except asyncio.CancelledError:
        await exchange.close(EntryStatus.CLIENT_CLOSED if client.left else EntryStatus.INTERRUPTED, CLIENT_CLOSED)
        raise
    finally:
        # Only an error that nobody foresaw comes here without a row.
        await exchange.close(EntryStatus.FAILED, HTTPStatus.INTERNAL_SERVER_ERROR, RouterError("an internal error"))


async def _serve(exchange: Exchange, client: Client) -> RouterError | None:
    """Decide and deliver within the deadline; return the error that the client must be told."""
    deadline = exchange.deadline
    try:
        exchange.require_ledger()
        decision = exchange.decide()
        async with asyncio.timeout(deadline):
            return await exchange.run(decision, client)
    except TimeoutError:
        return UpstreamTimeout(f"no answer within {deadline:g} s, over {exchange.tries} attempt(s)")
    except RouterError as raised:
        return raised
