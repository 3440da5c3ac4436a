"""One request on its way: what has been decided, tried and read so far, and what becomes of it.

The order at the end is the promise of the ledger: an answer's row is committed before its last byte goes out. After the
first byte there is no fallback.
"""

import asyncio
import logging
from dataclasses import replace
from http import HTTPStatus

from router.aside import SMALL_BYTES
from router.catalog.upstream import Upstream
from router.consider import decided
from router.errors import LedgerUnavailable, RouterError, UpstreamError
from router.failure import attempt_of, outcome_of, read_failure
from router.judged import judged
from router.ledger.account import Course, account, intent
from router.ledger.entry import Attempt, EntryStatus
from router.policy.decision import Decision
from router.policy.estimate import is_conversation
from router.policy.fallback import attempts
from router.policy.outcome import Ending, Outcome
from router.ports import Client, Ports, Receipt
from router.request import Request
from router.wire.call import UpstreamReply
from router.wire.calls import build_call, reply_reader
from router.wire.openai_chat import ReplyReader

_log = logging.getLogger("tierwise.forward")

_ANSWERED = Outcome(ending=Ending.ANSWERED, status=HTTPStatus.OK)

HANG_UP_SECONDS = 0.5
"""How long the end of an upstream's body is waited for once its answer is complete."""


class Exchange:
    """One request on its way: what has been decided, tried and read so far."""

    __slots__ = (
        "_attempts",
        "_called_at",
        "_decision",
        "_dropped",
        "_first_byte",
        "_id",
        "_ports",
        "_reader",
        "_recorded",
        "_repeated",
        "_request",
        "_rest",
        "_started",
        "_tail",
        "_upstream",
        "_waited",
        "tries",
    )

    def __init__(self, request: Request, ports: Ports, arrived: float) -> None:
        """Take a request whose head arrived at `arrived` on the ports' clock."""
        self._ports = ports
        self._request = request
        self._id = ports.new_id()
        self._started = arrived
        self._waited = 0.0
        self._called_at: float | None = None
        self._first_byte: float | None = None
        self._dropped: tuple[str, ...] = ()
        self._decision: Decision | None = None
        self._attempts: tuple[Attempt, ...] = ()
        self._upstream: Upstream | None = None
        self._reader: ReplyReader | None = None
        self._tail = b""
        self._rest: UpstreamReply | None = None
        self._recorded = self._repeated = False
        self.tries = 0

    def require_ledger(self) -> None:
        """Refuse what could not be accounted (LedgerUnavailable), before it costs anything."""
        self._ports.ledger.require()

    def decide(self) -> Decision:
        """Rank the upstreams, after sizing the prompt where there is one."""
        self._decision = decided(self._request, self._ports)
        return self._decision

    async def run(self, decision: Decision, client: Client) -> RouterError | None:
        """Try the ranked upstreams until one has answered; return the error to tell when none did.

        The answer is all but delivered then: `deliver` is not bound by the deadline, for the answer is paid.
        """
        ports = self._ports
        error: RouterError | None = None
        left = ports.limits.max_attempts - self.tries
        turns = attempts(decision, left, ports.state, ports.clock, self._request.retried)
        try:
            candidate = next(turns)
            while True:
                candidate = turns.send(await self._attempt(candidate.upstream, client))
        except StopIteration as stop:
            error = stop.value
        finally:
            turns.close()
        return error

    def restore(self) -> bool:
        """Take an earlier answer where a later one did not come in time; False when there is none."""
        return False

    async def _attempt(self, upstream: Upstream, client: Client) -> Outcome:
        """Call one upstream and relay its answer; a failure before the first byte is an outcome, after it an error."""
        begun = self._ports.clock()
        self._upstream = upstream
        self._reader = None
        self._repeated = False
        self.tries += 1
        self._intend(upstream)
        try:
            outcome = await self._call(upstream, client)
        except RouterError as error:
            outcome = outcome_of(error)
            self._note(upstream, outcome, begun)
            if client.began:
                raise
            return outcome
        except asyncio.CancelledError:
            self._note(upstream, None, begun)
            raise
        self._note(upstream, outcome, begun)
        return outcome

    def _intend(self, upstream: Upstream) -> None:
        """Keep that `upstream` is about to be called: should the process die, the request has its row all the same."""
        ports = self._ports
        if self._decision is not None:
            ports.ledger.intend(intent(self._id, ports.now(), self._request, self._decision, upstream, self._attempts))

    async def _call(self, upstream: Upstream, client: Client) -> Outcome:
        """Send the request to `upstream` and read its answer, all but the last bytes of which go to the client."""
        ports, request = self._ports, self._request
        if not request.large:
            call = build_call(request, upstream, ports.limits)
        else:
            bare = replace(request, prompt=replace(request.prompt, turns=()))
            call = await ports.aside.run(request.caller, build_call, bare, upstream, ports.limits)
            call = replace(call, provider=upstream.provider)
        self._dropped = call.dropped
        self._called_at = ports.clock()
        reply = await ports.send(call)
        self._repeated = reply.repeated
        try:
            if reply.status != HTTPStatus.OK:
                return await read_failure(reply, ports.now())
            self._reader = reader = reply_reader(self._request, upstream, reply.headers, ports.limits)
            await self._relay(reply, reader, client)
            if reader.held >= SMALL_BYTES:
                self._reader = reader = await judged(reader, request, upstream, reply.headers, ports)
            self._tail = reader.finish()
            if len(self._tail) >= SMALL_BYTES:
                await client.prepare(self._tail, self.receipt(), ports.aside, request.caller)
            client.ready(self._tail, self.receipt)
            if reader.done:
                self._rest = reply
        finally:
            if self._rest is None:
                await reply.close()
        return _ANSWERED

    async def _relay(self, reply: UpstreamReply, reader: ReplyReader, client: Client) -> None:
        """Let the answer through the reader to the client, until it has ended or the reader needs no more of it."""
        held = b""

        def take(chunk: bytes) -> bool:
            nonlocal held
            data = reader.feed(chunk)
            if data and not (client.began and client.push(data)):
                held = data
                return False
            return not reader.done

        ended, relay = False, None
        while not (ended or reader.done):
            ended = await reply.pour(take, relay)
            if held:
                if not client.began:
                    self._hear()
                    await client.begin(self.receipt())
                    push = client.framed()
                    relay = None if push is None else reader.relaying(push)
                await client.write(held)
                held = b""

    def _hear(self) -> None:
        """Note that the answer has begun to come: whoever was to be seen whether it is back, is."""
        now = self._first_byte = self._ports.clock()
        if self._upstream is not None and self._called_at is not None:
            self._ports.state.answers(self._upstream.name, self._called_at, now)

    async def deliver(self, client: Client) -> None:
        """Commit the row, then let the last bytes go."""
        try:
            if client.keeps:
                await client.keep(self._tail, self.receipt())
            entry = account(self._course(), EntryStatus.OK, HTTPStatus.OK)
            await self._ports.ledger.record(entry)
        except LedgerUnavailable as lost:
            lost.again = False  # the answer was paid, and the next would be
            raise
        self._recorded = True
        if not client.began:
            receipt = self.receipt()
            receipt.cost, receipt.length = entry.cost, len(self._tail)
            await client.begin(receipt)
        await client.end(self._tail)
        if entry.usage is not None and entry.upstream is not None and self._decision is not None:
            self._ports.state.observe(
                entry.upstream,
                self._decision.tier,
                entry.usage,
                conversation=is_conversation(self._request.prompt),
            )

    async def hang_up(self) -> None:
        """Read what may follow [DONE], so that the connection can be used again, but do not wait for it long."""
        if self._rest is None:
            return
        reply, self._rest = self._rest, None
        try:
            async with asyncio.timeout(HANG_UP_SECONDS):
                await reply.pour(lambda _rest: True)
        except (TimeoutError, UpstreamError):
            pass
        finally:
            await reply.close()

    async def close(self, status: EntryStatus, http_status: int, error: RouterError | None = None) -> None:
        """Record an exchange that did not end well, unless it has its row. One that cannot be kept goes to the log."""
        if self._recorded:
            return
        self._recorded = True
        entry = account(self._course(), status, http_status, error)
        try:
            await self._ports.ledger.record(entry)
        except LedgerUnavailable as lost:
            what = entry if entry.attempts else f"request {entry.request_id}, which reached no upstream"
            _log.log(logging.DEBUG if lost.kept else logging.ERROR, "row not kept (%s): %s", lost.message, what)

    def receipt(self) -> Receipt:
        """Return what the client is told beside the answer."""
        return Receipt(
            request_id=self._request.id,
            decision_id=self._id,
            decision=self._decision,
            upstream=self._upstream,
            tries=self.tries,
            overhead_ms=self._overhead_ms(),
            stream=self._request.stream,
            dropped=self._dropped,
        )

    def _note(self, upstream: Upstream, outcome: Outcome | None, begun: float) -> None:
        """Keep how an attempt ended (None: nobody waited for it), and let the shared state learn of it."""
        now = self._ports.clock()
        self._waited += 0.0 if self._called_at is None else now - self._called_at
        self._called_at = None
        attempt = attempt_of(upstream, outcome, now - begun, repeated=self._repeated)
        self._attempts = (*self._attempts, attempt)
        if outcome is not None and outcome.ending is not Ending.ANSWERED:
            told = (self._request.id, upstream.name, outcome.ending, outcome.status)
            _log.warning("request %s: upstream %s: %s (status %s)", *told)
        if outcome is not None and outcome.counts:
            self._ports.state.note(upstream.name, outcome, begun, now)
            if outcome.lacks is not None or self._ports.notices.open:
                self._ports.notices.note(upstream.name, upstream.provider.name, outcome)
        else:
            self._ports.state.release(upstream.name)

    def _overhead_ms(self) -> float:
        """Return the milliseconds spent here so far: all but the wait for upstreams."""
        until = self._ports.clock() if self._called_at is None else self._called_at
        return (until - self._started - self._waited) * 1000

    def _course(self) -> Course:
        """Return what happened so far."""
        ports, now = self._ports, self._ports.clock()
        return Course(
            at=ports.now(),
            decision_id=self._id,
            request=self._request,
            decision=self._decision,
            upstream=self._upstream,
            baseline=ports.catalog.baseline if self._request.vectors is None else None,
            usage=self._reader.consumed() if self._reader is not None else None,
            attempts=self._attempts,
            latency_ms=(now - self._started) * 1000,
            first_byte_ms=None if self._first_byte is None else (self._first_byte - self._started) * 1000,
            overhead_ms=self._overhead_ms(),
        )
