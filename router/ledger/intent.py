"""What is kept of a call before it leaves, so that its request has a row even where this process dies. Pure."""

from datetime import datetime

import msgspec

from router.ledger.bill import known_sum
from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry
from router.usage import Usage

UNKNOWN = "unknown"
"""The ending of an attempt whose process died before it ended."""

LOST = "process_died"
"""The error code of a row that was made from an intent."""

_SHORT = 40

_json = msgspec.json.Encoder().encode


class Intent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One request whose `upstream` is about to be called; what was tried before is in `attempts`.

    Not a dataclass, for it is made and encoded with every call, which those take longer for. No prompt, no key, no
    address.
    `at` is aware; `input_tokens` is our estimate of the prompt.
    """

    decision_id: str
    request_id: str
    at: datetime
    caller: str
    model_asked: str
    stream: bool
    upstream: str
    provider: str
    model: str
    input_tokens: int
    route: str | None
    tier: str | None
    required_tier: str | None
    reason: str
    attempts: tuple[Attempt, ...] = ()

    def entry(self) -> LedgerEntry:
        """Return the row of a request of which no more is known: what the call cost is unknown, not 0.

        Earlier answers that were paid are in its cost, which is an estimate then.

        Its usage is our estimate of the prompt, which is the least that an upstream may have read.
        """
        unknown = Attempt(upstream=self.upstream, provider=self.provider, ending=UNKNOWN, ambiguous=True)
        attempts = (*self.attempts, unknown)
        paid = any(attempt.paid is not None for attempt in attempts)
        cost, source = known_sum(attempts) if paid else (None, CostSource.UNKNOWN)
        return LedgerEntry(
            request_id=self.request_id,
            decision_id=self.decision_id,
            at=self.at,
            caller=self.caller,
            model_asked=self.model_asked,
            status=EntryStatus.INTERRUPTED,
            http_status=500,
            route=self.route,
            stream=self.stream,
            tier=self.tier,
            required_tier=self.required_tier,
            reason=self.reason,
            upstream=self.upstream,
            provider=self.provider,
            model=self.model,
            usage=Usage(input=self.input_tokens, output=0, estimated=True),
            cost=cost,
            cost_source=source,
            error_code=LOST,
            attempts=attempts,
        )

    def shortened(self) -> "Intent":
        """Return it with its texts cut and without earlier attempts, for a place that is too small for it."""
        return msgspec.structs.replace(
            self,
            request_id=_plain(self.request_id),
            caller=_plain(self.caller),
            model_asked=_plain(self.model_asked),
            upstream=_plain(self.upstream),
            provider=_plain(self.provider),
            model=_plain(self.model),
            route=None if self.route is None else _plain(self.route),
            attempts=(),
        )


def _plain(text: str) -> str:
    return text[:_SHORT].encode("ascii", "replace").decode()


def encode(intent: Intent, room: int) -> bytes:
    """Return `intent` in at most `room` bytes; where it is longer, its texts are cut."""
    data = _json(intent)
    return data if len(data) <= room else _json(intent.shortened())


def decode(data: bytes) -> Intent | None:
    """Return the intent of what `encode` made; None for anything else: it was cut short, so its call never left."""
    try:
        return msgspec.json.decode(data, type=Intent)
    except msgspec.MsgspecError:
        return None
