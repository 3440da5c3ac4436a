"""Ports of one upstream that plays replies, with a ledger in memory: what a surface is served with."""

import asyncio
from typing import Any

from router.catalog.catalog import Catalog
from router.ledger.entry import LedgerEntry
from router.ledger.watch import WatchedLedger
from router.policy.rules import Limits, Route, Rules
from router.ports import Ports
from router.shared_state.memory import MemoryState
from tests.fakes.ledger import MemoryLedger
from tests.fakes.reply import FakeSend
from tests.fakes.values import NOW, an_assessment, an_upstream


def some_ports(*plays: Any) -> Ports:
    """Return ports of one upstream that plays these replies; every prompt is easy."""
    limits, loop = Limits(), asyncio.get_running_loop()
    return Ports(
        catalog=Catalog(upstreams=(an_upstream(),)),
        rules=Rules(routes={"auto": Route(name="auto")}),
        limits=limits,
        size=lambda _prompt, _cuts: an_assessment(),
        send=FakeSend(*plays),
        ledger=WatchedLedger(MemoryLedger(), loop.time),
        state=MemoryState(limits),
        clock=loop.time,
        now=lambda: NOW,
        new_id=lambda: "id-1",
    )


def kept(ports: Ports) -> tuple[LedgerEntry, ...]:
    """Return the rows that the ledger of such ports kept."""
    return ports.ledger._ledger.entries
