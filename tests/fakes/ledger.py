"""A ledger in memory, and entries to put into one."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from router.errors import LedgerUnavailable
from router.ledger.entry import Attempt, CostSource, EntryStatus, LedgerEntry, Paid
from router.ledger.intent import Intent
from router.usage import Usage

_numbers = itertools.count(1)


class MemoryLedger:
    """Keeps entries in a list; while `broken` is set, it keeps nothing and says why."""

    def __init__(self) -> None:
        self.broken: str | None = None
        self._by_id: dict[str, LedgerEntry] = {}
        self.intents: list[Intent] = []
        self._closed = False
        self.is_behind = False

    @property
    def entries(self) -> tuple[LedgerEntry, ...]:
        """What was recorded, in order."""
        return tuple(self._by_id.values())

    @property
    def behind(self) -> bool:
        """Whether a test says so."""
        return self.is_behind

    def intend(self, intent: Intent) -> None:
        """Keep what is about to be sent."""
        self.intents.append(intent)

    async def record(self, entry: LedgerEntry) -> None:
        """Keep `entry` unless its request id is known."""
        if self._closed:
            raise LedgerUnavailable("The ledger is closed.", fix="Start tierwise again.")
        if self.broken is not None:
            raise LedgerUnavailable(self.broken)
        self._by_id.setdefault(entry.decision_id, entry)

    async def close(self) -> None:
        """Refuse what comes from now on."""
        self._closed = True


def an_entry(**fields: Any) -> LedgerEntry:
    """Return an entry with new ids; `fields` replace the rest, which is an answered, priced request."""
    name = fields.get("request_id", f"req-{next(_numbers)}")
    whole: dict[str, Any] = {
        "request_id": name,
        "decision_id": f"decision of {name}",
        "at": datetime(2026, 11, 21, 12, 30, 15, 123456, tzinfo=UTC),
        "caller": "team-a",
        "model_asked": "auto",
        "status": EntryStatus.OK,
        "http_status": 200,
        "route": "auto",
        "stream": True,
        "tier": "easy",
        "required_tier": "easy",
        "reason": "classified",
        "probabilities": (0.8125, 0.1, 0.0875),
        "confidence": 0.93,
        "missing": 0.02,
        "artifact": "default-1",
        "upstream": "small",
        "provider": "house",
        "model": "small-wire",
        "usage": Usage(input=300, output=200, cached_input=100),
        "cost": Decimal("0.000123456789"),
        "cost_source": CostSource.COMPUTED,
        "price_as_of": date(2026, 10, 1),
        "baseline": "large",
        "baseline_cost": Decimal("0.004"),
        "latency_ms": 812.2,
        "first_byte_ms": 212.1,
        "overhead_ms": 0.31,
        "attempts": (Attempt(upstream="small", provider="house", ending="answered", status=200, latency_ms=811.9),),
    }
    return LedgerEntry(**(whole | fields))


def a_refusal(**fields: Any) -> LedgerEntry:
    """Return the entry of a request that was refused before any upstream was called."""
    number = next(_numbers)
    whole: dict[str, Any] = {
        "request_id": f"req-{number}",
        "decision_id": f"dec-{number}",
        "at": datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        "caller": "team-a",
        "model_asked": "no-such-model",
        "status": EntryStatus.REJECTED,
        "http_status": 404,
        "error_code": "model_not_found",
    }
    return LedgerEntry(**(whole | fields))


def an_intent(**fields: Any) -> Intent:
    """Return the intent of a call with new ids; `fields` replace the rest."""
    number = next(_numbers)
    whole: dict[str, Any] = {
        "decision_id": f"sent-{number}",
        "request_id": f"req-{number}",
        "at": datetime(2026, 11, 21, 12, 30, tzinfo=UTC),
        "caller": "team-a",
        "model_asked": "auto",
        "stream": True,
        "upstream": "large",
        "provider": "abroad",
        "model": "large-wire",
        "input_tokens": 300,
        "route": "auto",
        "tier": "easy",
        "required_tier": "easy",
        "reason": "classified",
    }
    return Intent(**(whole | fields))


def paid(cost: str) -> Attempt:
    """Return an attempt whose answer was no good and cost so many USD."""
    bill = Paid(input_tokens=10, output_tokens=20, cost=Decimal(cost), cost_source=CostSource.COMPUTED)
    return Attempt(upstream="small", provider="house", ending="invalid", status=200, paid=bill)
