"""What the shell is given: the values of one configuration, and the doors to everything that is not a value."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from classifier.assessment import Assessment
from classifier.prompt import Prompt
from classifier.thresholds import Thresholds
from router.aside import Aside
from router.catalog.catalog import Catalog
from router.catalog.upstream import Upstream
from router.errors import RouterError
from router.ledger.conversation import Conversations
from router.ledger.watch import WatchedLedger
from router.policy.decision import Decision
from router.policy.rules import Limits, Rules
from router.shared_state.state import SharedState
from router.telemetry.notices import Notices
from router.wire.call import Send


@dataclass(slots=True, kw_only=True)
class Receipt:
    """What the client is told about an answer, beside the answer.

    `cost` (USD) and `length` (bytes of the body) are there only where they are known before the body; `tries` counts
    the upstreams called so far; `dropped` names the members of the request that the upstream was not asked for;
    `verified` is a policy.escalation.Verdict, None where nothing was verified.
    """

    request_id: str
    decision_id: str
    decision: Decision | None
    upstream: Upstream | None
    tries: int
    overhead_ms: float
    cost: Decimal | None = None
    length: int | None = None
    stream: bool = False
    dropped: tuple[str, ...] = ()
    verified: str | None = None


class Refusal(Exception):
    """A RouterError with what the client is told beside it; raised only when nothing was sent yet."""

    def __init__(self, error: RouterError, receipt: Receipt) -> None:
        """Keep both."""
        super().__init__(error.message)
        self.error = error
        self.receipt = receipt


class Client(Protocol):
    """The client's side of the exchange. `left` says that it is gone: the serving task is then being cancelled."""

    began: bool
    left: bool

    @property
    def keeps(self) -> bool:
        """Whether the client's side wants to `keep` the answer."""

    async def keep(self, data: bytes, receipt: Receipt) -> None:
        """Keep the answer, of which `data` is the last part, before it is booked; LedgerUnavailable if that fails."""

    async def prepare(self, data: bytes, receipt: Receipt, aside: Aside, caller: str) -> None:
        """Do for a large `data` beside the loop, for `caller`, what `ready` would do on it; UpstreamBroken as there."""

    def ready(self, data: bytes, receipt: Callable[[], Receipt]) -> None:
        """Look at the last part of the body before it is booked; UpstreamBroken when it cannot be told to the client.

        `end` is called with the same `data` afterwards.
        """

    async def begin(self, receipt: Receipt) -> None:
        """Send the response's head."""

    def push(self, data: bytes) -> bool:
        """Send a part of the body if that can be done at once; False: nothing was sent, `write` it."""

    def framed(self) -> Callable[[bytes], bool] | None:
        """Return what does `push` for a chunk of HTTP/1.1 with its frame; None where such a one is of no use."""

    async def write(self, data: bytes) -> None:
        """Send a part of the body; waits while the client reads slower than we write."""

    async def end(self, data: bytes = b"") -> None:
        """Send the last part of the body."""


Judge = Callable[[Sequence[tuple[bytes, str]], str], Awaitable[bool | None]]
"""Says whether each text fits the JSON schema in front of it; None where that cannot be told. The caller, whom the
second argument names, waits behind its own answers and not behind all of another one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What requests are served with. `clock` is monotonic seconds, `now` the aware wall clock (UTC).

    `redact` takes every configured key and upstream address out of a text that a client will read. `judge` is None
    where no route verifies, `conversations` where no responses are kept.
    """

    catalog: Catalog
    rules: Rules
    limits: Limits
    size: Callable[[Prompt, Thresholds], Assessment | None]
    send: Send
    ledger: WatchedLedger
    state: SharedState
    clock: Callable[[], float]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    redact: Callable[[str], str] = str
    aside: Aside = field(default_factory=Aside)
    conversations: Conversations | None = None
    notices: Notices = field(default_factory=Notices)
    judge: Judge | None = None
