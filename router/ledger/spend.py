"""What was spent, grouped: sums of ledger rows to a table with shares and signed savings. Pure.

Unknown is never counted as 0: a row without a known cost is counted apart, and a saving is only taken over rows whose
cost and whose baseline cost are both known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

EXPLICIT = "(explicit)"
"""The tier group of requests that named their upstream: nothing was classified."""

EMBEDDINGS = "(embeddings)"
"""The tier group of embeddings that the router chose the upstream for: there is no prompt to classify."""

NOT_SENT = "(not sent)"
"""The group of requests that were refused before any upstream was called, so that they cost nothing."""

NOT_NAMED = "(none)"
"""The group of rows that have no model or provider although one was called."""

SIMULATED = "simulated"
"""The provider of the simulated upstreams that are served where there is no key, or `--simulate always` says so."""

_TIER_ORDER = ("easy", "medium", "hard", "needs_info", EMBEDDINGS, EXPLICIT)


class Grouping(StrEnum):
    """What one line of the table stands for."""

    TIER = "tier"
    MODEL = "model"
    PROVIDER = "provider"
    CALLER = "caller"
    DAY = "day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Sums over the ledger rows of one group.

    Token sums are over the rows that reported the bucket, None where none did. `cost` (USD) is over the `priced` rows,
    whose cost is known; `unpriced` rows called an upstream at an unknown cost; `unreached` rows failed because no
    upstream could be connected to, `refused` rows because those that were turned the request away with a 4xx, and
    `unsent` rows were sent to none: these cost nothing. `compared` rows have a known cost and a known baseline cost:
    `compared_cost` and `baseline_cost` (USD) are over these; `without_baseline` rows have a known cost and no baseline.
    `estimated` rows have token counts of our own. `simulated` says that only simulated upstreams were called.
    """

    group: str
    requests: int
    input: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    priced: int = 0
    unpriced: int = 0
    estimated: int = 0
    cost: Decimal = Decimal(0)
    compared: int = 0
    compared_cost: Decimal = Decimal(0)
    baseline_cost: Decimal = Decimal(0)
    unreached: int = 0
    refused: int = 0
    unsent: int = 0
    without_baseline: int = 0
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rated:
    """The answers of one model that were billed at the same `rates` (Price.rates), with their tokens.

    A count is None where no row has it. Answers that were broken and asked for again are not among them.
    """

    provider: str
    model: str
    rates: str
    requests: int
    input: int | None
    cached_input: int | None
    cache_write: int | None
    output: int | None
    simulated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table. Money is USD, None where it is unknown for every row; percentages are 0..100, or signed.

    `share` is the percentage of the table's cost. `saving` is baseline minus cost over the compared rows: negative
    where the baseline would have been cheaper; `saving_percent` is of the baseline.
    """

    sums: Sums
    cost: Decimal | None
    share: Decimal | None
    baseline: Decimal | None
    saving: Decimal | None
    saving_percent: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """The simulated requests of a selection, their cost (USD, None where unknown), and whether the table has them.

    `alone`: nothing else was sent.
    """

    requests: int
    cost: Decimal | None
    counted: bool
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendTable:
    """The lines in their order and their total. `since` (aware, None for all time) bounds the rows from below.

    `simulated` is None where no request is.
    """

    by: Grouping
    since: datetime | None
    lines: tuple[Line, ...]
    total: Line
    simulated: Simulated | None = None


def tabulate(
    by: Grouping, sums: Iterable[Sums], since: datetime | None = None, *, with_simulated: bool = False
) -> SpendTable:
    """Return the table of these groups: tiers by strength, days by date, others by cost, the dearest first.

    Simulated groups are left out beside real ones, for their money is none, unless they are asked for.
    """
    parts = tuple(sums)
    simulated = _simulated(parts, asked_for=with_simulated)
    if simulated is not None and not simulated.counted:
        parts = tuple(part for part in parts if not part.simulated)
    names = dict.fromkeys(part.group for part in parts)
    merged = [_add((part for part in parts if part.group == name), name) for name in names]
    groups = sorted(merged, key=lambda group: _order(by, group))
    total = _add(groups, "total")
    return SpendTable(
        by=by,
        since=since,
        lines=tuple(_line(group, total.cost) for group in groups),
        total=_line(total, total.cost),
        simulated=simulated,
    )


def _simulated(parts: tuple[Sums, ...], *, asked_for: bool) -> Simulated | None:
    """Return what is simulated among `parts`, None when nothing is; alone, or asked for, it is counted."""
    whole = _add((part for part in parts if part.simulated), SIMULATED)
    if not whole.requests:
        return None
    alone = all(part.simulated or part.requests == part.unsent for part in parts)
    cost = whole.cost if whole.priced else None
    return Simulated(requests=whole.requests, cost=cost, counted=alone or asked_for, alone=alone)


def _order(by: Grouping, sums: Sums) -> tuple[int, Decimal, str]:
    """Return what the groups are sorted by."""
    if by is Grouping.TIER:
        rank = _TIER_ORDER.index(sums.group) if sums.group in _TIER_ORDER else len(_TIER_ORDER)
        return rank, Decimal(0), sums.group
    if by is Grouping.DAY:
        return 0, Decimal(0), sums.group
    return int(sums.group == NOT_SENT), -sums.cost, sums.group


def _line(sums: Sums, whole: Decimal) -> Line:
    """Derive one line from its sums and the cost of the whole table."""
    saving = sums.baseline_cost - sums.compared_cost if sums.compared else None
    return Line(
        sums=sums,
        cost=sums.cost if sums.priced else None,
        share=sums.cost / whole * 100 if sums.priced and whole else None,
        baseline=sums.baseline_cost if sums.compared else None,
        saving=saving,
        saving_percent=saving / sums.baseline_cost * 100 if saving is not None and sums.baseline_cost else None,
    )


def _add(groups: Iterable[Sums], name: str) -> Sums:
    """Return the sums over all groups, as the group `name`."""
    groups = tuple(groups)
    return Sums(
        group=name,
        requests=sum(group.requests for group in groups),
        input=_sum(group.input for group in groups),
        cached_input=_sum(group.cached_input for group in groups),
        cache_write=_sum(group.cache_write for group in groups),
        output=_sum(group.output for group in groups),
        reasoning=_sum(group.reasoning for group in groups),
        priced=sum(group.priced for group in groups),
        unpriced=sum(group.unpriced for group in groups),
        estimated=sum(group.estimated for group in groups),
        cost=sum((group.cost for group in groups), Decimal(0)),
        compared=sum(group.compared for group in groups),
        compared_cost=sum((group.compared_cost for group in groups), Decimal(0)),
        baseline_cost=sum((group.baseline_cost for group in groups), Decimal(0)),
        unreached=sum(group.unreached for group in groups),
        refused=sum(group.refused for group in groups),
        unsent=sum(group.unsent for group in groups),
        without_baseline=sum(group.without_baseline for group in groups),
        simulated=bool(groups) and all(group.simulated for group in groups),
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    """Return the sum of what is known, None when nothing is."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
