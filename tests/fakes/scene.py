"""Everything that one forwarded request needs, with one journal of what happened in which order."""

import asyncio
import json
from collections.abc import Callable

from classifier.tier import Tier
from router.aside import Aside
from router.catalog.catalog import Catalog
from router.errors import LedgerUnavailable, UpstreamBroken
from router.forward import forward
from router.ledger.entry import LedgerEntry
from router.ledger.intent import Intent
from router.ledger.watch import WatchedLedger
from router.policy.rules import Limits, Route, Rules
from router.ports import Ports, Receipt
from router.shared_state.memory import MemoryState
from tests.fakes.completion import completion, stream_events, usage
from tests.fakes.reply import FakeSend
from tests.fakes.values import NOW, a_price, a_request, an_assessment, an_upstream

WHOLE = json.dumps(completion("Paris.", tokens=usage())).encode()
STREAM = stream_events(["Pa", "ris"], tokens=usage(12, 2))
SMALL = an_upstream("small")
LARGE = an_upstream("large", Tier.HARD, price=a_price("10", "20"))


class Client:
    """A client that notes what it gets, in the one journal that the ledger writes to as well."""

    def __init__(self, journal: list[str]) -> None:
        self.began = False
        self.left = False
        self.receipt: Receipt | None = None
        self.body = b""
        self.deaf = False
        self.full = False
        self.unspeakable: bytes | None = None
        self._journal = journal

    keeps = False

    async def keep(self, _data: bytes, _receipt: Receipt) -> None:
        self._journal.append("keep")

    async def prepare(self, _data: bytes, _receipt: Receipt, _aside: Aside, _caller: str) -> None:
        self._journal.append("prepare")

    def ready(self, data: bytes, _receipt: Callable[[], Receipt]) -> None:
        if data == self.unspeakable:
            raise UpstreamBroken("This cannot be told.")

    async def begin(self, receipt: Receipt) -> None:
        self.began = True
        self.receipt = receipt
        self._journal.append("begin")

    def push(self, data: bytes) -> bool:
        if self.full:
            return False
        self.body += data
        self._journal.append("write")
        return True

    def framed(self) -> None:
        return None

    async def write(self, data: bytes) -> None:
        self.body += data
        self._journal.append("write")

    async def end(self, data: bytes = b"") -> None:
        if self.deaf:
            await asyncio.Event().wait()
        self.body += data
        self._journal.append("end")


class Ledger:
    """A ledger that notes each record, or refuses."""

    def __init__(self, journal: list[str], error: LedgerUnavailable | None = None) -> None:
        self.entries: list[LedgerEntry] = []
        self.intents: list[Intent] = []
        self.delay = 0.0
        self.takes_intents = True
        self._journal = journal
        self._error = error

    @property
    def behind(self) -> bool:
        return False

    def intend(self, intent: Intent) -> None:
        if self._error is not None and not self.takes_intents:
            raise self._error
        self.intents.append(intent)
        self._journal.append("intend")

    async def record(self, entry: LedgerEntry) -> None:
        if self._error is not None:
            raise self._error
        await asyncio.sleep(self.delay)
        self.entries.append(entry)
        self._journal.append("record")

    async def close(self) -> None:
        """Nothing is open."""


class Scene:
    """Everything one forwarded request needs."""

    def __init__(self, *plays, error: LedgerUnavailable | None = None, **limits) -> None:
        self.journal: list[str] = []
        self.client = Client(self.journal)
        self.ledger = Ledger(self.journal, error)
        self.send = FakeSend(*plays)
        bounds = Limits(**limits)
        self.ports = Ports(
            catalog=Catalog(upstreams=(SMALL, LARGE), baseline=LARGE),
            rules=Rules(routes={"auto": Route(name="auto")}),
            limits=bounds,
            size=lambda _prompt, _cuts: an_assessment(),
            send=self.send,
            ledger=WatchedLedger(self.ledger, asyncio.get_running_loop().time),
            state=MemoryState(bounds),
            clock=asyncio.get_running_loop().time,
            now=lambda: NOW,
            new_id=lambda: "dec-1",
        )

    async def play(self, **request) -> None:
        await forward(a_request(**request), self.client, self.ports, self.ports.clock())
