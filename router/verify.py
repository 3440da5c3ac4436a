"""An exchange whose whole answers are verified before they go out: read here, judged behind a port.

A broken answer is asked for once more, one tier up. Streams pass as they are: their bytes have gone out by the time
that they could be judged.
"""

import logging
from collections.abc import Set as AbstractSet
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from router.aside import WorkLost, is_large
from router.catalog.upstream import Upstream
from router.consider import view_of
from router.errors import RouterError
from router.exchange import Exchange
from router.ledger.account import paid_for
from router.policy.decision import Decision
from router.policy.escalation import Verdict, escalated
from router.policy.outcome import Ending
from router.policy.rules import Verify
from router.ports import Client, Ports, Receipt
from router.request import Request
from router.wire.openai_chat import ReplyReader
from router.wire.verifiable import Findings, examine

_log = logging.getLogger("tierwise.forward")

INVALID = "invalid"
"""The ending of an attempt whose answer is not what was asked for."""


async def verify(request: Request, decision: Decision, answer: bytes, ports: Ports) -> Verdict | None:
    """Return what verifying `answer`, a whole chat completion, came to: OK, FAILED or UNKNOWN.

    None where there is nothing to verify: the route does not, the client named the upstream, nothing was promised, or
    the answer are vectors.
    """
    judge, route = ports.judge, ports.rules.routes.get(decision.route or "")
    if judge is None or route is None or request.vectors is not None or not route.verify:
        return None
    try:
        found = await _examined(request, answer, route.verify, ports)
    except WorkLost as lost:
        _log.warning("request %s: %s: the answer is not verified", request.id, lost)
        return Verdict.UNKNOWN
    if not found.applies:
        return None
    fits = False if found.broken else await judge(found.checks, request.caller)
    if fits is None:
        return Verdict.UNKNOWN
    return Verdict.OK if fits else Verdict.FAILED


async def _examined(request: Request, answer: bytes, wanted: AbstractSet[Verify], ports: Ports) -> Findings:
    """Return what of `answer` is to be verified, found beside the loop where request or answer are large; WorkLost."""
    look = partial(examine, structure=Verify.JSON_SCHEMA in wanted, arguments=Verify.TOOL_ARGS in wanted)
    if request.large or is_large(answer):
        return await ports.aside.run(request.caller, look, request.body, answer)
    return look(request.body, answer)


def stronger(request: Request, decision: Decision, served: Upstream, ports: Ports) -> Decision | None:
    """Return who may answer in place of `served`, one tier up; None when there is nobody."""
    if decision.route is None:
        return None
    return escalated(request, decision, served, ports.rules.routes[decision.route], view_of(ports, ports.catalog))


class _Answer(NamedTuple):
    """A whole answer that was not given out yet, with what its receipt and its row say; `place` is its attempt's."""

    decision: Decision
    upstream: Upstream
    reader: ReplyReader | None
    tail: bytes
    dropped: tuple[str, ...]
    place: int


class VerifiedExchange(Exchange):
    """One request on its way, its whole answer verified where its route wants that."""

    __slots__ = ("_first", "_verdict")

    def __init__(self, request: Request, ports: Ports, arrived: float) -> None:
        """Take a request whose head arrived at `arrived` on the ports' clock."""
        super().__init__(request, ports, arrived)
        self._verdict: Verdict | None = None
        self._first: _Answer | None = None

    async def run(self, decision: Decision, client: Client) -> RouterError | None:
        """Try the ranked upstreams as an exchange does, then verify the answer; return the error when there is none."""
        error = await super().run(decision, client)
        if error is None and not self._request.stream:
            await self._verify(decision, client)
        return error

    async def _verify(self, decision: Decision, client: Client) -> None:
        """Verify the answer; a broken one gives way to one of the next tier up, where there is one."""
        self._verdict = await verify(self._request, decision, self._tail, self._ports)
        served = self._upstream
        if self._verdict is not Verdict.FAILED or served is None:
            return
        self._mark(ending=INVALID)
        better = stronger(self._request, decision, served, self._ports)
        if better is None:
            return
        place = len(self._attempts) - 1
        self._first = _Answer(decision, served, self._reader, self._tail, self._dropped, place)
        self._mark_paid()
        self._decision = better
        if await super().run(better, client) is not None:
            self.restore()
            return
        self._verdict = await verify(self._request, better, self._tail, self._ports)
        if self._verdict is Verdict.FAILED:
            self._mark(ending=INVALID)
        elif self._verdict is not Verdict.UNKNOWN:
            self._verdict = Verdict.ESCALATED

    def restore(self) -> bool:
        """Go back to the first answer, which was broken, where the second did not come; False when there is none.

        An answer that came and could not be judged in time is given out as it is.
        """
        if self._attempts and self._attempts[-1].ending == Ending.ANSWERED:
            self._verdict = Verdict.UNKNOWN
            return True
        first = self._first
        if first is None:
            return False
        self._decision, self._upstream, self._reader, self._tail, self._dropped, place = first
        kept = replace(self._attempts[place], paid=None)
        self._attempts = (*self._attempts[:place], kept, *self._attempts[place + 1 :])
        self._verdict = Verdict.FAILED
        return True

    def receipt(self) -> Receipt:
        """Return what the client is told beside the answer, the verdict among it."""
        receipt = super().receipt()
        receipt.verified = self._verdict
        return receipt

    def _mark(self, **changes: Any) -> None:
        """Change what is kept of the last attempt."""
        self._attempts = (*self._attempts[:-1], replace(self._attempts[-1], **changes))

    def _mark_paid(self) -> None:
        """Note what the last attempt cost, if it has an answer: it will not be the one that is given out."""
        usage = self._reader.consumed() if self._reader is not None else None
        if usage is not None and self._upstream is not None:
            self._mark(paid=paid_for(self._upstream, usage, self._ports.now()))
