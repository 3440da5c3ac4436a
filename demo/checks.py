"""What must be true after the demo: every request has its row, and header, row and sum agree to the last digit."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sdk import Answer

TIERS = ("easy", "medium", "hard", "needs_info")
PER_USD = Decimal(10) ** 12


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """One request's row as the database keeps it. `cost` is in USD, None where unknown; tokens None where unknown."""

    request_id: str
    tier: str | None
    upstream: str | None
    status: str
    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    cost: Decimal | None
    cost_source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """The configured price of an upstream, in USD per 1M tokens."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    def cost(self, row: LedgerRow) -> Decimal:
        """Return what the row's tokens cost in USD, worked out apart from the proxy's own sum."""
        cached = row.cached_tokens or 0
        fresh = ((row.input_tokens or 0) - cached) * self.input
        return (fresh + cached * (self.cached_input or self.input) + (row.output_tokens or 0) * self.output) / 10**6


def faults(
    answers: Sequence[Answer], rows: Mapping[str, LedgerRow], rates: Mapping[str, Rate], total: Decimal
) -> tuple[str, ...]:
    """Return one sentence for everything that is wrong; `total` is the sum that `tierwise costs` shows, in USD."""
    found = [f"{answer.row.id}: {fault}" for answer in answers for fault in _of_answer(answer)]
    for answer in answers:
        row = rows.get(answer.request_id)
        if row is None:
            found.append(f"{answer.row.id}: no ledger row for request {answer.request_id or '(without an id)'}")
        else:
            found += [f"{answer.row.id}: {fault}" for fault in _of_row(answer, row, rates)]
    seen = [answer.request_id for answer in answers]
    if len(set(seen)) != len(seen) or len(rows) != len(seen):
        found.append(f"{len(seen)} requests with {len(set(seen))} ids have {len(rows)} rows in the ledger")
    spent = sum((row.cost for row in rows.values() if row.cost is not None), Decimal(0))
    if spent != total:
        found.append(f"the rows sum to {spent} USD, the cost table says {total} USD")
    return tuple(found)


def _of_answer(answer: Answer) -> Iterator[str]:
    """Yield what is wrong with an answer by itself."""
    if answer.error is not None:
        yield answer.error
        return
    if answer.tier not in TIERS:
        yield f"x-router-tier is '{answer.tier}'"
    if not answer.text and not answer.tool_calls:
        yield "the answer is empty"
    if answer.finish is None:
        yield "the answer has no finish_reason"
    if answer.mode.stream and answer.chunks < 2:
        yield f"the stream came as {answer.chunks} chunk(s)"
    if not answer.mode.stream and answer.cost is None:
        yield "x-router-cost-usd is missing"
    if answer.mode.stream and not answer.mode.usage and answer.tokens is not None:
        yield "the stream carries usage that nobody asked for"


def _of_row(answer: Answer, row: LedgerRow, rates: Mapping[str, Rate]) -> Iterator[str]:
    """Yield where an answer and its ledger row disagree."""
    if row.status != "ok":
        yield f"the ledger says {row.status}"
    if (answer.tier, answer.upstream) != (row.tier, row.upstream):
        yield f"headers say {answer.tier} by {answer.upstream}, the ledger {row.tier} by {row.upstream}"
    if answer.cost is not None and answer.cost != row.cost:
        yield f"x-router-cost-usd is {answer.cost}, the ledger says {row.cost}"
    if answer.tokens is not None and answer.tokens != (row.input_tokens, row.output_tokens):
        yield f"the client saw {answer.tokens} tokens, the ledger {(row.input_tokens, row.output_tokens)}"
    if row.upstream is not None and row.cost != (worked_out := rates[row.upstream].cost(row)):
        yield f"the ledger's cost is {row.cost}, tokens times price {worked_out}"
